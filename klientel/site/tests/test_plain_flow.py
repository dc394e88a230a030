"""Without scripts: what people do every day goes by forms and links alone."""

from __future__ import annotations

import re

import pytest

from klientel.site.tests.looking import ID, Demo, sign_in

pytestmark = pytest.mark.flow


def test_a_day_without_scripts(demo: Demo) -> None:
    page = demo.new_page(demo.system.url, java_script_enabled=False)
    sign_in(page, demo.logins["katrin"])
    page.click("nav.side a[href='/persons/']")
    assert page.locator("tbody tr").count() == 50
    first = page.locator("tbody td.name a").first.inner_text()
    page.click("a[rel=next]")
    assert first not in page.locator("tbody td.name a").all_inner_texts()
    page.click("a[rel=prev]")
    assert page.locator("tbody td.name a").first.inner_text() == first

    page.locator(".bar a[href*='/conditions']").click()
    page.select_option("[name='where:0:what']", "field:stage")
    page.click("main button[value='draw where']")
    page.select_option("[name='where:0:op']", "is")
    page.select_option("[name='where:0:v']", "supplier")
    page.click("main .primary")
    assert page.locator(".chip", has_text="Lieferant").count() == 1
    assert set(page.locator("tbody td.w-choice").all_inner_texts()) == {"Lieferant"}

    page.goto("/persons/")
    page.click("a[data-new]")
    page.fill("[name=first_name]", "Ohne")
    page.fill("[name=last_name]", "Skript")
    page.fill("[name='emails-0-value']", "ohne@example.org")
    page.select_option("[name=organisation]", index=1)
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(rf"/persons/{ID}/$"))
    at = page.url
    page.click("header a[href$='/edit']")
    page.fill("[name=position]", "Handarbeit")
    page.click(".form-foot .primary")
    page.wait_for_url(at)
    assert page.get_by_text("Handarbeit").count() > 0
    assert page.get_by_text("ohne@example.org").count() > 0

    page.fill("#capture-notes textarea", "Notiz ohne Skripte")
    page.click("#capture-notes .primary")
    page.wait_for_url(at)
    assert page.locator("[data-timeline]", has_text="Notiz ohne Skripte").count() == 1

    page.click("header button[popovertarget=m-more]")
    with page.expect_navigation():
        page.click("#m-more form[action$='/do/archive'] button")
    page.goto("/trash/persons")
    with page.expect_navigation():
        page.locator("tr", has_text="Ohne Skript").locator("button").click()
    page.goto(at)
    assert page.locator(".alert.warn").count() == 0
    assert page.get_by_role("heading", name="Ohne Skript").count() == 1
