"""A website at an origin of its own: nothing before a yes, a form in a frame, the visits of whoever sent it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from klientel.channels.jobs import visits as jobs
from klientel.channels.models import Hit, Response, Visit
from klientel.channels.queries import tickets
from klientel.channels.tests.test_forms import ASKED
from klientel.kernel.actions import run
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.tenancy import inside, reading, writing
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_tenant
from klientel.kernel.web.tests.conftest import at_browser
from klientel.site.tests.looking import scrolls_sideways, until, violations

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36"
NOT_A_MACHINE = "Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})"
PAGES = {
    "/": '<h1>Hansewerk</h1><p><button data-klientel-event="price calculator">Calculate</button></p>'
    '<p><a href="/contact">Contact</a> <a href="#" data-klientel-ask>Privacy settings</a></p>',
    "/contact": '<h1>Contact</h1><script src="FORM/form.js" data-title="Contact form"></script>',
    "/plain": '<h1>Contact</h1><iframe src="FORM/frame" title="Contact form" width="100%" height="640"></iframe>',
    "/own": '<h1>Contact</h1><form method="post" action="FORM"><input name="person.last_name" value="Post">'
    '<input name="person.emails" value="olga@beispiel.de"><button>Send</button></form>',
}


@pytest.fixture
def website() -> Iterator[Any]:
    """Serves a few pages, each with the snippet, at an origin of its own, under a policy without inline scripts.

    Where a form is put in a frame the snippet comes last, as it may where it is loaded beside the page.
    """
    said: dict[str, str] = {}

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = PAGES.get(self.path)
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", f"default-src 'none'; script-src {said['crm']};"
                             f" connect-src {said['crm']}; frame-src {said['crm']}")  # fmt: skip
            self.end_headers()
            head = f'<script src="{said["script"]}" async></script>' if said["script"] else ""
            head, foot = ("", head.replace("async", "")) if "form.js" in (found or "") else (head, "")
            whole = f'<!doctype html><html lang="de"><head><meta charset="utf-8"><title>Hansewerk</title>{head}</head>'
            whole += f"<body><main>{found or ''}</main>{foot}</body></html>"
            self.wfile.write(whole.replace("FORM", said["form"]).encode())

        def log_message(self, *_args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", said
    server.shutdown()


def test_nothing_before_a_yes_and_all_of_it_with_whoever_sends_the_form(
    new_page: Any, live_server: Any, website: Any, settings: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(tickets, "QUICKEST", 0)
    settings.KLIENTEL_ADDRESS = crm = live_server.url
    at, said = website
    tenant = make_tenant("hansewerk")
    browser, anna = at_browser(tenant, "Anna", ALL, "de")
    with inside(tenant.pk), writing():
        purpose = run(anna, "channels.purpose.create", name="Website").record
        site = run(anna, "channels.site.create", name="hansewerk.example", origins=at, purpose=purpose.id).record
        form = run(
            anna, "channels.form.create", name="Kontakt", heading="Kontakt", language="de", path="kontakt",
            parts=ASKED, sites=at, thanks="Wir melden uns.",
        ).record  # fmt: skip
        run(anna, "channels.form.publish", form.id)
    said |= {"crm": crm, "script": f"{crm}/track/v1/hansewerk/{site.key}.js", "form": f"{crm}/page/hansewerk/kontakt"}

    visitor = new_page(at, user_agent=AGENT)
    visitor.add_init_script(NOT_A_MACHINE)
    sent: list[str] = []
    visitor.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    visitor.goto("/")
    visitor.get_by_role("button", name="Nein, ich lehne ab").wait_for()
    assert violations(visitor) == [] and not scrolls_sideways(visitor)
    visitor.get_by_role("button", name="Calculate").click()
    visitor.get_by_role("link", name="Privacy").click()
    assert visitor.evaluate("localStorage.length + document.cookie.length") == 0 and sent == []
    visitor.get_by_role("button", name="Nein, ich lehne ab").click()
    visitor.reload()
    visitor.wait_for_load_state("networkidle")
    assert visitor.evaluate("localStorage.klientel") == "no" and sent == []
    assert visitor.get_by_role("button", name="Ja, ich stimme zu").count() == 0

    visitor.get_by_role("link", name="Privacy").click()
    with visitor.expect_response(lambda got: "/track/v1/" in got.url and got.request.method == "POST") as told:
        visitor.get_by_role("button", name="Ja, ich stimme zu").click()
        visitor.get_by_role("button", name="Calculate").click()
    assert told.value.status == 204
    visitor.goto("/contact")
    frame = visitor.frame_locator("iframe")
    frame.get_by_role("button", name="Senden").click()
    frame.locator("#q-person-last_name-error").wait_for()
    until(visitor, "document.querySelector('iframe').offsetHeight > 384")  # higher than it began: it said so
    height = visitor.locator("iframe").evaluate("e => e.offsetHeight")
    frame.get_by_label("Nachname").fill("Sommer")
    frame.get_by_label("E-Mail").fill("eva@beispiel.de")
    frame.get_by_role("button", name="Senden").click()
    frame.get_by_text("Wir melden uns.").wait_for()
    until(visitor, f"document.querySelector('iframe').offsetHeight < {height}")
    assert visitor.context.cookies() == []

    plain = new_page(at, java_script_enabled=False)
    plain.goto("/plain")
    frame = plain.frame_locator("iframe")
    frame.get_by_label("Nachname").fill("Gut")
    frame.get_by_label("E-Mail").fill("ida@beispiel.de")
    frame.get_by_role("button", name="Senden").click()
    frame.get_by_text("Wir melden uns.").wait_for()
    plain.goto("/own")  # a form of the website's own, that posts to us
    plain.get_by_role("button", name="Send").click()
    plain.get_by_text("Wir melden uns.").wait_for()
    assert plain.url.startswith(crm) and plain.context.cookies() == []

    with working_in(tenant.pk), writing():
        jobs.take_over()
    with inside(tenant.pk), reading():
        eva = Response.objects.order_by("id").first()
        assert eva is not None and Response.objects.count() == 3 and Hit.objects.count() == 0
        seen = [(one.what, one.name, one.person == eva.person) for one in Visit.objects.order_by("at", "id")]
    assert ("event", "price calculator", True) in seen and ("page", "Hansewerk", True) in seen
    desk = new_page(crm)
    desk.context.add_cookies([{"name": "session", "value": browser.cookies["session"].value, "url": crm}])
    desk.goto(f"/persons/{eva.person}/")
    desk.locator(".rec-m").get_by_text("price calculator").first.wait_for()
    desk.goto(f"/websites/{site.id}/")
    desk.get_by_role("heading", name="Meistgesehene Seiten").wait_for()
    assert violations(desk) == []
    for page in (desk, visitor, plain):
        expected = ("ERR_CONNECTION_REFUSED", "422", "favicon", "404")  # no live process; a field left empty; no icon
        page.faults[:] = [one for one in page.faults if not any(re.search(text, one) for text in expected)]
