"""The board of deals in a browser: moved by keys, by the menu and by dragging; taken back; seen by others at once."""

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


def new_deal(page: Any, name: str) -> str:
    """A deal through the form, with the one thing done without which it goes no further; its id."""
    page.goto("/deals/new")
    page.fill("[name='name']", name)
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(rf"/deals/{ID}/$"))
    page.locator(".tickbox[aria-pressed=false]").first.click()
    page.locator(".tickbox[aria-pressed=true]").wait_for()
    return str(page.url.rstrip("/").rsplit("/", 1)[-1])


def in_column(page: Any, deal: str, n: int) -> Any:
    return page.locator(f".col:nth-of-type({n}) [data-card='{deal}']")


def test_a_card_moves_by_keys_menu_and_mouse_and_others_see_it(demo: Demo) -> None:
    page, other = demo.page("katrin"), demo.page("emma", locale="en-GB")
    deal = new_deal(page, "Brettspiel")
    for one in (page, other):
        one.goto("/deals/board")
        one.wait_for_load_state("load")
        in_column(one, deal, 1).wait_for()
    assert violations(page) == []
    assert page.evaluate("document.querySelectorAll('*').length") < 2500
    shot(page, "board-light")
    in_column(page, deal, 1).locator("a").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.locator(".toast", has_text="Brettspiel").wait_for()
    in_column(page, deal, 2).wait_for()
    in_column(other, deal, 2).wait_for()
    page.locator(".toast button", has_text="Rückgängig").last.click()
    page.locator(".toast", has_text="Rückgängig gemacht").wait_for()
    in_column(page, deal, 1).wait_for()
    in_column(page, deal, 1).hover()
    in_column(page, deal, 1).locator("[data-card-menu]").click()
    page.locator("#m-card [data-move]", has_text="Bedarf geklärt").click()
    in_column(page, deal, 2).wait_for()
    page.locator(".toast", has_text="Brettspiel").last.wait_for()
    page.wait_for_load_state("networkidle")
    start, goal = in_column(page, deal, 2).bounding_box(), page.locator(".col:nth-of-type(1) .cards").bounding_box()
    page.mouse.move(start["x"] + 40, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(start["x"] - 60, start["y"] + 60, steps=4)
    shot(page, "board-dragging")
    page.mouse.move(goal["x"] + 60, goal["y"] + 80, steps=6)
    page.mouse.up()
    in_column(page, deal, 1).wait_for()
    in_column(other, deal, 1).wait_for()


def test_a_stage_that_asks_for_more_sends_the_card_back_and_says_what(demo: Demo) -> None:
    page = demo.page("katrin")
    deal = new_deal(page, "Ohne Wert")
    page.goto("/deals/board")
    page.wait_for_load_state("networkidle")
    in_column(page, deal, 1).locator("a").focus()
    for _n in range(2):  # faster than the server answers
        page.keyboard.press("Shift+ArrowRight")
    page.locator(".toast.bad", has_text="brauchen die Angabe „Wert“").wait_for()
    in_column(page, deal, 2).wait_for()
    page.locator(".toast.bad a", has_text="Jetzt ausfüllen").click()
    page.wait_for_url(re.compile(rf"/deals/{deal}/edit"))
    page.locator(".errors", has_text="in dieser Phase").wait_for()
    shot(page, "board-asks")
    assert violations(page) == []
    page.locator("main").get_by_label("Wert").first.fill("12000")
    page.click(".form-foot .primary")
    page.wait_for_url("**/deals/board**")
    in_column(page, deal, 3).wait_for()
    page.faults[:] = [f for f in page.faults if "422" not in f]


def test_winning_from_the_phone_asks_for_the_reason(demo: Demo) -> None:
    page = demo.page("katrin", viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    deal = new_deal(page, "Handschlag")
    page.goto("/deals/board")
    page.wait_for_load_state("networkidle")
    assert not scrolls_sideways(page)
    assert violations(page) == []
    shot(page, "board-phone")
    in_column(page, deal, 1).locator("[data-card-menu]").click()
    page.locator("#m-card [data-move]", has_text="Bedarf geklärt").click()
    toast, bar = page.locator(".toast").last.bounding_box(), page.locator(".tabbar").bounding_box()
    assert toast["y"] + toast["height"] <= bar["y"]
    in_column(page, deal, 2).locator("[data-card-menu]").click()
    page.locator("#m-card [data-move]", has_text="Gewonnen").click()
    page.wait_for_url(re.compile(rf"/deals/{deal}/do/win"))
    page.locator("main [role=combobox]").first.fill("Bestes")
    page.locator("main [role=option][data-id]").first.click()
    page.click(".form-foot .primary")
    page.wait_for_url("**/deals/board**")
    page.locator("[data-card]", has_text="Handschlag").locator(".act.ok").wait_for()
    page.goto(f"/deals/{deal}/")
    page.locator(".stagepath [aria-current=step]", has_text="Gewonnen").wait_for()
    assert page.locator(".gaps", has_text="Entscheider").count() == 1
    assert not scrolls_sideways(page)
    assert violations(page) == []
