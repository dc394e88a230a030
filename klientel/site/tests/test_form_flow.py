"""A visitor without scripts fills in a form, confirms by the link of the mail; a rep sees the lead and the proof."""

from __future__ import annotations

import re
from typing import Any

import pytest

from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Consent, Response
from klientel.channels.queries import tickets
from klientel.channels.tests.conftest import sink
from klientel.channels.tests.test_forms import ASKED
from klientel.kernel.actions import run
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.tenancy import inside, reading, writing
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_tenant
from klientel.kernel.web.tests.conftest import at_browser
from klientel.portal.tests.conftest import parts
from klientel.site.tests.looking import scrolls_sideways, violations

__all__ = ["sink"]
pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


def test_from_the_form_to_the_lead_and_the_proof(sink: Any, new_page: Any, live_server: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(tickets, "QUICKEST", 0)
    tenant = make_tenant("hansewerk")
    browser, anna = at_browser(tenant, "Anna", ALL, "de")
    with inside(tenant.pk), writing():
        account = run(anna, "channels.account.create", name="V", address="v@hansewerk.de", host="127.0.0.1",
                      port=sink.port, security="none").record  # fmt: skip
        purpose = run(anna, "channels.purpose.create", name="Newsletter").record
        run(anna, "channels.wording.create", name="Newsletter", purpose=purpose.id, channel="mail", language="de",
            text="Ja, schicken Sie mir den Newsletter.")  # fmt: skip
        form = run(
            anna, "channels.form.create", name="Leitfaden", heading="Leitfaden Lagertechnik", language="de",
            parts=ASKED, owner=anna.member,
        ).record  # fmt: skip
    desk = new_page(live_server.url)
    desk.context.add_cookies([{"name": "session", "value": browser.cookies["session"].value, "url": live_server.url}])
    desk.goto(f"/forms/{form.id}/build")
    desk.wait_for_load_state("networkidle")
    desk.get_by_role("button", name="Einwilligung").click()
    desk.locator("[name$=-wording]").select_option(label="Newsletter (de)")
    desk.locator("[data-preview]").get_by_text("Ja, schicken Sie mir den Newsletter.").wait_for()
    assert violations(desk) == []
    desk.locator(".form-foot .primary").click()
    desk.wait_for_url(re.compile(rf"/forms/{form.id}/$"))
    desk.get_by_role("button", name="Veröffentlichen").click()
    desk.locator('a[href$="/page/hansewerk/leitfaden"]').first.wait_for()
    phone = new_page(live_server.url, java_script_enabled=False, **PHONE)
    phone.goto("/page/hansewerk/leitfaden?utm_source=messe")
    phone.get_by_label("Vorname").fill("Eva")
    phone.get_by_label("E-Mail").fill("eva@beispiel.de")
    phone.get_by_label("Ja, schicken Sie mir den Newsletter.").check()
    phone.get_by_role("button", name="Senden").click()
    phone.locator("#q-person-last_name-error").wait_for()
    assert phone.get_by_label("Vorname").input_value() == "Eva"
    phone.get_by_label("Nachname").fill("Sommer")
    phone.get_by_role("button", name="Senden").click()
    phone.get_by_role("heading", name="Vielen Dank").wait_for()
    with working_in(tenant.pk):
        deliver(account=account.id)
    [(_sender, _to, message)] = sink.mails
    link = re.search(r"https?://[^/]+(/confirm/\S+)", parts(message)["text/plain"].decode())[1]
    reader = new_page(live_server.url, **PHONE)
    for page in ("/page/hansewerk/leitfaden", link):
        reader.goto(page)
        assert violations(reader) == [] and not scrolls_sideways(reader)
    reader.get_by_role("button", name="Ja, ich bestätige").click()
    reader.get_by_role("heading", name="Vielen Dank, das ist bestätigt").wait_for()
    assert reader.context.cookies() == [] and phone.context.cookies() == []
    with inside(tenant.pk), reading():
        response, consent = Response.objects.get(), Consent.objects.get()
    desk.goto(f"/leads/{response.lead}/")
    desk.locator(".rec-l").get_by_role("link", name="Eva Sommer").first.wait_for()
    desk.goto(f"/form-responses/{response.pk}/")
    desk.get_by_text("Ja, schicken Sie mir den Newsletter.").first.wait_for()
    assert violations(desk) == []
    desk.goto(f"/consents/{consent.pk}/")
    proof = desk.get_by_role("link", name="Als PDF drucken").get_attribute("href")
    assert consent.state == "given" and desk.request.get(proof).body().startswith(b"%PDF")
    expected = ("ERR_CONNECTION_REFUSED", "422")  # there is no live process here; a field was left empty
    for page in (desk, phone):
        page.faults[:] = [one for one in page.faults if not any(text in one for text in expected)]
