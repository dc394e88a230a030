"""From an account to a mail in somebody's letter box: set up, tried, written from a template, handed over, settled."""

from __future__ import annotations

import re

import pytest

from klientel.site.tests.looking import ID, Demo, create_person, scrolls_sideways, until, violations

pytestmark = pytest.mark.flow


def test_an_account_is_set_up_a_mail_written_and_the_outbox_says_what_became_of_it(demo: Demo) -> None:
    page = demo.page("katrin")
    page.goto("/mail-accounts/new")
    for name, value in {"name": "Vertrieb", "address": "vertrieb@hansewerk.example", "host": "127.0.0.1"}.items():
        page.fill(f"[name={name}]", value)
    page.fill("[name=port]", "2525")
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(rf"/mail-accounts/{ID}/$"))
    page.get_by_role("button", name="Verbindung prüfen").click()
    page.get_by_text("darf von hier nicht erreicht werden").first.wait_for()
    page.goto("/mail-templates/new")
    page.fill("[name=name]", "Dank")
    page.fill("[name=subject]", "Danke für das Gespräch")
    page.fill("[name=text]", "{{greeting}},\n\nvielen Dank.\n\n{{sender}}")
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(rf"/mail-templates/{ID}/$"))
    at = create_person(page, first_name="Eva", last_name="Sommer", **{"emails-0-value": "eva.sommer@kunde.example"})
    who = re.search(ID, at)
    assert who is not None
    page.goto(f"/persons/{who[0]}/do/send_mail")
    page.select_option("[name=template]", label="Dank")
    page.get_by_role("button", name="Einsetzen").click()
    until(page, "document.querySelector('[name=text]')?.value.includes('vielen Dank')")
    assert page.input_value("[name=subject]") == "Danke für das Gespräch"
    assert violations(page) == []
    page.get_by_role("button", name="Senden").click()
    page.wait_for_url(re.compile(rf"/persons/{ID}/$"))
    page.goto("/outbox")
    page.get_by_role("link", name="Danke für das Gespräch").wait_for()
    looked_at = ("/outbox", f"/persons/{who[0]}/contact", f"/persons/{who[0]}/do/send_mail")
    for look in looked_at:
        page.goto(look)
        assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    for look in looked_at:
        page.goto(look)
        assert not scrolls_sideways(page), look
