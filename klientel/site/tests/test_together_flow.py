"""Several people at once: conflicts, live messages, duplicates, double clicks."""

from __future__ import annotations

import re
from typing import Any

import pytest

from klientel.site.tests.looking import ID, Demo, create_person

pytestmark = pytest.mark.flow


def test_two_browsers_change_the_same_record_and_nothing_is_lost(demo: Demo) -> None:
    one, two = demo.page("katrin"), demo.page("emma", locale="en-GB")
    at = create_person(one, last_name="Konflikt", first_name="Kai")
    one.goto(f"{at}edit")
    two.goto(f"{at}edit")
    one.fill("[name=position]", "Einkauf")
    one.fill("[name=first_name]", "Kaja")
    one.click(".form-foot .primary")
    one.wait_for_url(at)
    two.fill("[name=position]", "Purchasing")
    two.click(".form-foot .primary")
    row = two.locator(".diff3 tr", has_text="Einkauf")
    row.wait_for()
    assert "Purchasing" in row.inner_text()
    assert two.input_value("[name=position]") == "Purchasing"
    assert two.input_value("[name=first_name]") == "Kaja"
    two.faults[:] = [f for f in two.faults if "409" not in f]
    row.locator("[value=mine]").press("ArrowLeft")
    assert row.locator("[value=theirs]").is_checked()
    row.locator("[value=theirs]").press("ArrowRight")
    two.click(".form-foot .primary")
    two.wait_for_url(at)
    two.get_by_text("Purchasing").first.wait_for()
    history = two.locator("[data-timeline]").inner_text()
    assert "Einkauf" in history
    assert "Kaja" in history


def test_two_browsers_change_different_fields_and_both_stay(demo: Demo) -> None:
    one, two = demo.page("katrin"), demo.page("emma", locale="en-GB")
    at = create_person(one, last_name="Eintracht", first_name="Ella")
    two.goto(f"{at}edit")
    one.goto(f"{at}edit")
    one.fill("[name=position]", "Einkauf")
    one.click(".form-foot .primary")
    one.wait_for_url(at)
    two.fill("[name=first_name]", "Elsa")
    two.click(".form-foot .primary")
    two.wait_for_url(at)
    two.locator(".toast", has_text="changed meanwhile").wait_for()
    assert "Einkauf" in two.locator("[data-facts]").inner_text()
    assert "Elsa" in two.locator("[data-facts]").inner_text()


def test_a_conflict_in_place_keeps_what_was_typed(demo: Demo) -> None:
    one, two = demo.page("katrin"), demo.page("emma", locale="en-GB")
    at = create_person(one, last_name="Zelle", first_name="Zoe")
    two.goto(at)
    two.locator("[data-field=first_name] .val").click()
    one.goto(f"{at}edit")
    one.fill("[name=first_name]", "Zora")
    one.click(".form-foot .primary")
    one.wait_for_url(at)
    field = two.locator("[data-field=first_name] input[name=first_name]")
    field.fill("Zita")
    field.press("Enter")
    two.locator(".toast.bad").wait_for()
    assert field.input_value() == "Zita"
    two.faults[:] = [f for f in two.faults if "409" not in f]
    assert "Zora" in two.locator(".toast.bad").inner_text()
    field.press("Enter")
    two.locator("[data-field=first_name] .shown", has_text="Zita").wait_for()


def test_a_task_given_to_a_colleague_arrives_while_he_looks(demo: Demo) -> None:
    his = demo.page("jan")
    with his.expect_event("requestfinished", lambda asked: "/static/" not in asked.url and asked.method == "GET"):
        his.goto("/persons/")
    his.wait_for_load_state("load")
    his.wait_for_timeout(1000)
    hers = demo.page("katrin")
    hers.goto("/tasks/new")
    hers.fill("[name=subject]", "Rückruf Lagerhaus")
    owner = hers.locator(".field[data-name=owner] [role=combobox]")
    owner.fill("Jan")
    hers.locator(".field[data-name=owner] [role=option]", has_text="Jan Köster").click()
    hers.click(".form-foot .primary")
    hers.wait_for_url(re.compile(rf"/tasks/{ID}/$"))
    his.locator(".toast", has_text="Rückruf Lagerhaus").wait_for(timeout=15_000)
    assert his.locator("#bell .dot").is_visible()
    his.goto("/notifications")
    his.locator("main a", has_text="Rückruf Lagerhaus").first.click()
    his.wait_for_url(re.compile(rf"/tasks/{ID}/$"))


def test_a_likely_duplicate_is_named_while_typing(demo: Demo) -> None:
    page = demo.page("katrin")
    create_person(page, last_name="Zwillinger", first_name="Zacharias", **{"emails-0-value": "zz@beispiel.example"})
    page.goto("/persons/new")
    page.locator("[name=first_name]").press_sequentially("Zacharias")
    page.locator("[name=last_name]").press_sequentially("Zwilinger")
    page.locator("[name=emails-0-value]").press_sequentially("zz@beispiel.example")
    page.locator("[data-similar-box] a", has_text="Zacharias Zwillinger").wait_for()


def test_a_double_click_creates_one(demo: Demo) -> None:
    page = demo.page("katrin")
    page.goto("/persons/new")
    page.fill("[name=last_name]", "Doppelklick")
    page.locator(".form-foot .primary").dblclick()
    page.wait_for_url(re.compile(rf"/persons/{ID}/$"))
    assert count_of(page, "Doppelklick") == 1


def count_of(page: Any, name: str) -> int:
    """How many persons of that last name there are."""
    page.goto('/persons/?where={"field":"last_name","op":"is","value":"' + name + '"}')
    return int(page.locator("tbody td.name a").count())
