"""The work list of duplicates in a browser: searched by the worker, walked through by keys, told apart, undone."""

from __future__ import annotations

import os
import re

import pytest

from klientel.site.tests.looking import Demo, create_person, scrolls_sideways, violations

pytestmark = pytest.mark.flow


def shot(page, name):
    """A picture for whoever wants to look, where a folder for it is named."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_the_worker_finds_twins_and_people_decide(demo: Demo) -> None:
    page = demo.page("katrin")
    for first in ("Zita", "Zitta"):
        create_person(page, first_name=first, last_name="Doppelhofer")
    page.goto("/duplicates/persons")
    with page.expect_navigation():
        page.get_by_role("button", name="Alles durchsuchen").click()
    group = page.locator("[data-twin-group]", has_text="Zitta Doppelhofer")
    group.wait_for(timeout=40_000)  # the page follows the search and shows its result by itself
    page.wait_for_load_state("networkidle")
    assert violations(page) == []
    shot(page, "duplicates-light")
    page.keyboard.press("j")
    page.locator("[data-twin-group]:focus").wait_for()
    group.focus()
    page.keyboard.press("d")
    page.locator(".toast, .alert", has_text="nicht dasselbe").first.wait_for()
    assert page.locator("[data-twin-group]", has_text="Zitta Doppelhofer").count() == 0
    page.get_by_role("button", name=re.compile("Rückgängig")).first.click()
    page.locator(".toast", has_text="Rückgängig gemacht").wait_for()
    for _n in range(80):
        page.wait_for_timeout(500)
        page.goto("/duplicates/persons")
        if group.count():
            break
    group.wait_for()
    phone = demo.page("emma", locale="en-GB", viewport={"width": 390, "height": 844}, color_scheme="dark")
    phone.goto("/duplicates/persons")
    assert not scrolls_sideways(phone)
    assert violations(phone) == []
    shot(phone, "duplicates-phone")
    page.goto("/duplicates/persons")
    group.get_by_role("button", name="Zusammenführen").click()
    page.wait_for_url("**/persons/merge**")
    page.locator("table.merge").wait_for()
