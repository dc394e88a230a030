"""The calendar in a browser: a meeting made at a place that keys chose, dragged, drawn longer, moved by keys."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from klientel.site.tests.looking import ID, Demo, scrolls_sideways, violations

pytestmark = pytest.mark.flow


def shot(page: Any, name: str) -> None:
    """A picture for whoever wants to look, where a folder for it is named."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png")


def entry(page: Any, title: str) -> Any:
    return page.locator(".hours .ce[data-entry]", has_text=title)


def test_a_meeting_is_made_moved_and_drawn_longer(demo: Demo) -> None:
    page = demo.page("katrin")
    page.goto("/calendar?span=week&at=2026-12-09&who=")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("ArrowDown")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("n")
    page.wait_for_url("**/meetings/new**")
    page.fill("[name='subject']", "Auftakt Lagerhalle")
    assert page.input_value("[name='begins']").startswith("2026-12-08T10:00")
    page.click(".form-foot .primary")
    page.wait_for_url("**/calendar**")
    page.wait_for_load_state("networkidle")
    made = entry(page, "Auftakt")
    made.wait_for()
    assert violations(page) == []
    shot(page, "calendar-week")
    box = made.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 30 + box["width"] + 6, box["y"] + 60, steps=5)
    shot(page, "calendar-dragging")
    page.mouse.move(box["x"] + 30 + box["width"] + 6, box["y"] + 8 + 96, steps=5)
    page.mouse.up()
    page.locator(".toast", has_text="Auftakt").wait_for()
    page.locator(".hours[data-day='2026-12-09'] .ce", has_text="12:00–13:00").wait_for()
    made = entry(page, "Auftakt")
    made.focus()
    page.keyboard.press("Shift+Alt+ArrowDown")
    page.locator(".hours[data-day='2026-12-09'] .ce", has_text="12:00–13:15").wait_for()
    entry(page, "Auftakt").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.locator(".hours[data-day='2026-12-08'] .ce", has_text="12:00–13:15").wait_for()
    page.locator(".toast button", has_text="Rückgängig").last.click()
    page.locator(".hours[data-day='2026-12-09'] .ce", has_text="12:00–13:15").wait_for()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("t")
    page.wait_for_url(re.compile("calendar"))
    page.locator(".cal-day.today").wait_for()


def test_the_calendar_is_readable_on_a_phone_in_the_dark_and_as_a_month(demo: Demo) -> None:
    page = demo.page("katrin", viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto("/calendar?span=week&who=")
    page.locator(".agenda section").first.wait_for()
    assert not scrolls_sideways(page)
    assert violations(page) == []
    shot(page, "calendar-phone")
    wide = demo.page("katrin", color_scheme="dark")
    wide.goto("/meetings/calendar?span=month")
    wide.locator(".cal-month .ce").first.wait_for()
    assert violations(wide) == []
    shot(wide, "calendar-month")
    wide.goto("/calendar?span=day&at=2026-10-25")
    shot(wide, "calendar-autumn")
    assert wide.locator(".scale span").count() == 25
    assert re.search(ID, wide.locator(".brand, body").first.inner_html())


def test_a_call_is_logged_in_two_clicks_or_keys_from_a_deal_and_from_the_day(demo: Demo) -> None:
    page = demo.page("jan")
    page.goto("/day")
    page.wait_for_load_state("networkidle")
    assert violations(page) == []
    shot(page, "day")
    page.locator("[data-call]").first.click()
    page.locator("#call [name=result]").first.wait_for()
    assert violations(page) == []
    shot(page, "call")
    page.keyboard.press("Escape")
    page.goto("/deals/board")
    page.locator(".deal a.t").first.click()
    page.wait_for_url(re.compile(rf"/deals/{ID}/"))
    page.wait_for_load_state("networkidle")
    page.keyboard.press("c")
    page.locator("#call [name=result]").first.wait_for()
    page.keyboard.press("3")
    page.locator(".toast", has_text="Anruf notiert").wait_for()
    page.locator("body", has_text="Anruf: nicht erreicht").wait_for()
    small = demo.page("jan", viewport={"width": 390, "height": 844}, color_scheme="dark")
    small.goto("/day")
    assert not scrolls_sideways(small)
    shot(small, "day-phone")
