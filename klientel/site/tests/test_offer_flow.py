"""A quote is mailed, and the customer accepts it on a phone by the link of the mail that really arrived."""

from __future__ import annotations

import re
from typing import Any

import pytest

from klientel.channels.jobs.sending import deliver
from klientel.channels.tests.conftest import sink
from klientel.kernel.actions import run
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_tenant
from klientel.kernel.web.tests.conftest import at_browser
from klientel.portal.tests.conftest import LINES, link_in, parts
from klientel.site.tests.looking import scrolls_sideways, until, violations

__all__ = ["sink"]
pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


def test_from_the_mail_to_the_acceptance_on_a_phone_to_the_task(sink: Any, new_page: Any, live_server: Any) -> None:
    tenant = make_tenant("hansewerk")
    browser, anna = at_browser(tenant, "Anna", ALL, "de")
    with inside(tenant.pk), writing():
        account = run(anna, "channels.account.create", name="V", address="v@hansewerk.de", host="127.0.0.1",
                      port=sink.port, security="none").record  # fmt: skip
        eva = run(anna, "contacts.person.create", first_name="Eva", last_name="Sommer", salutation="ms",
                  emails=[{"value": "eva@beispiel.de", "purpose": "work", "state": "ok"}]).record  # fmt: skip
        quote = run(anna, "sales.quote.create", name="Presse", positions=LINES, person=eva.id, owner=anna.member).record
    desk = new_page(live_server.url)
    desk.context.add_cookies([{"name": "session", "value": browser.cookies["session"].value, "url": live_server.url}])
    desk.goto(f"/quotes/{quote.id}/do/mail")
    desk.click(".form-foot .primary")
    desk.wait_for_url(re.compile(rf"/quotes/{quote.id}/$"))
    desk.locator(".rec-l .tag.info").first.wait_for()
    with working_in(tenant.pk):
        deliver(account=account.id)
    [(_sender, _to, message)] = sink.mails
    sink.mails.clear()
    assert parts(message)["application/pdf"].startswith(b"%PDF")
    phone = new_page(live_server.url, **PHONE)
    phone.goto(link_in(message))
    assert violations(phone) == [] and not scrolls_sideways(phone)
    phone.get_by_label("Training").check()
    phone.locator(".sum-gross", has_text="1.785,00").wait_for()
    phone.get_by_label("Other press").check()
    phone.locator(".sum-gross", has_text="2.975,00").wait_for()
    phone.fill("[name=name]", "Eva Sommer")
    phone.locator("[data-canvas]").scroll_into_view_if_needed()
    box = phone.locator("[data-canvas]").bounding_box()
    phone.mouse.move(box["x"] + 30, box["y"] + 60)
    phone.mouse.down()
    phone.mouse.move(box["x"] + 200, box["y"] + 30, steps=5)
    phone.mouse.up()
    phone.get_by_role("button", name="Zahlungspflichtig annehmen").click()
    phone.locator("[name=agree][aria-invalid]:focus").wait_for()
    until(
        phone,
        "document.querySelector('[data-canvas]').getContext('2d').getImageData(0, 0, 900, 260).data.some(Boolean)",
    )
    phone.locator(".sum-gross", has_text="2.975,00").wait_for()
    phone.faults.clear()
    phone.press("[name=name]", "Enter")
    assert phone.evaluate("document.activeElement.name") == "accept"
    phone.check("[name=agree]")
    phone.get_by_role("button", name="Zahlungspflichtig annehmen").dblclick()
    phone.get_by_text("Angenommen am").wait_for()
    assert violations(phone) == [] and not scrolls_sideways(phone)
    with working_in(tenant.pk):
        deliver(account=account.id)
    assert sorted(to for _sender, to, _message in sink.mails) == [["anna@example.org"], ["eva@beispiel.de"]]
    desk.goto("/tasks/")
    assert desk.get_by_role("link", name=f"Angebot {quote.number} wurde angenommen").count() == 1
    desk.faults[:] = [
        one for one in desk.faults if "ERR_CONNECTION_REFUSED" not in one
    ]  # there is no live process here
