"""Undo, the time machine and all changes of a record, as people meet them: clicks, keys, no scripts, axe."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from klientel.site.tests.looking import ID, Demo, create_person, scrolls_sideways, sign_in, violations

pytestmark = pytest.mark.flow
SHOTS = os.environ.get("HISTORY_SHOTS", "")
LOOKS = {"desk": (1440, 900, "light"), "phone": (390, 844, "dark")}


def look(page: Any, name: str) -> None:
    """axe and the width of the page that is open, on desk and phone."""
    for how, (width, height, scheme) in LOOKS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_timeout(300)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{how}.png")
        assert violations(page) == [], (name, how)
        assert not scrolls_sideways(page), (name, how)
    page.set_viewport_size({"width": 1440, "height": 900})


def change(page: Any, at: str, **values: str) -> None:
    page.goto(f"{at}edit")
    for name, value in values.items():
        page.fill(f"[name={name}]", value)
    page.click(".form-foot .primary")
    page.wait_for_url(at)


def test_a_wrong_edit_is_looked_at_put_back_and_undone_again(demo: Demo) -> None:
    page = demo.page("katrin")
    at = create_person(page, last_name="Zeitreise", first_name="Zoe", position="Lager")
    change(page, at, position="Einkauf", first_name="Zora")
    change(page, at, position="Vertrieb")
    with page.expect_navigation():
        page.click("header a[href$='/history']")
    assert page.locator("article.card").count() == 3
    look(page, "history")
    page.locator("article.card").nth(1).get_by_role("link", name="Rückgängig machen …").press("Enter")
    page.get_by_role("heading", name="Seitdem geändert").wait_for()
    look(page, "undo")
    page.check("[name=choice][value=keep]")
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile("/history"))
    page.goto(at)
    facts = page.locator("[data-facts]").inner_text()
    assert "Zoe" in facts and "Vertrieb" in facts
    page.goto(f"{at}history?field=first_name")
    with page.expect_navigation(url=re.compile("field=first_name")):
        page.locator("article.card").first.get_by_role("button").press("Enter")
    page.goto(at)
    assert "Zora" in page.locator("[data-facts]").inner_text()


def test_a_list_and_a_record_are_looked_at_as_they_were(demo: Demo) -> None:
    page = demo.page("katrin")
    at = create_person(page, last_name="Damals", first_name="Dora", position="Lager")
    page.goto(f"{at}history")
    made = page.locator("article.card time").first.get_attribute("datetime")
    change(page, at, position="Einkauf")
    where = '{"field":"last_name","op":"is","value":"Damals"}'
    page.goto(f"/persons/?where={where}&columns=position&as_of={made.replace('+', '%2B')}")
    assert "Lager" in page.locator("tbody").inner_text() and "Einkauf" not in page.locator("tbody").inner_text()
    look(page, "past-list")
    with page.expect_navigation():
        page.click("tbody a")
    assert page.locator("[data-field]").count() == 0 and "Lager" in page.locator("main").inner_text()
    look(page, "past-record")
    page.go_back()
    with page.expect_navigation():
        page.get_by_role("link", name="Was sich seitdem geändert hat").click()
    assert page.locator("del", has_text="Lager").count() == 1 and page.locator("ins", has_text="Einkauf").count() == 1
    look(page, "since")
    page.goto(f"/persons/?where={where}")
    page.click("[popovertarget=m-past]")
    page.fill("#m-past [name=as_of]", "2020-01-01T12:00")
    look(page, "control")
    page.locator("#m-past .primary").press("Enter")
    page.get_by_text("Damals passte nichts").wait_for()


def test_all_of_it_goes_without_scripts(demo: Demo) -> None:
    page = demo.new_page(demo.system.url, java_script_enabled=False)
    sign_in(page, demo.logins["katrin"])
    at = create_person(page, last_name="Ohneskript", first_name="Olga", position="Lager")
    change(page, at, position="Einkauf")
    page.goto(f"{at}history")
    with page.expect_navigation(url=re.compile("/history")):
        page.locator("article.card form button").first.click()
    page.locator("article.card").first.get_by_role("link", name="Rückgängig machen …").click()
    with page.expect_navigation():
        page.click(".form-foot .primary")
    page.goto(at)
    assert page.locator("[data-facts]", has_text="Einkauf").count() == 1
    assert re.search(ID, at)
