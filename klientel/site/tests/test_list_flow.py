"""Lists with the keyboard and with many rows: cells, selection, undo, saved views, the builder of conditions."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from klientel.site.tests.looking import ID, Demo, until, violations

pytestmark = pytest.mark.flow


def active(page: Any, script: str) -> Any:
    """Something of the element that has the focus."""
    return page.evaluate(f"(el => {script})(document.activeElement)")


def rows(page: Any, where: dict[str, Any], slug: str = "persons") -> list[str]:
    """The titles of the rows of a list with a condition."""
    page.goto(f"/{slug}/?where={quote(json.dumps(where))}")
    return [str(title) for title in page.locator("tbody td.name a").all_inner_texts()]


def test_the_list_with_the_keyboard(demo: Demo) -> None:
    page = demo.page("katrin")
    page.goto("/persons/?columns=position,stage,organisation")
    page.locator("[data-grid][role=grid]").wait_for()
    until(page, "document.querySelector('tbody tr').getAttribute('aria-selected') !== null")
    page.keyboard.press("j")
    assert active(page, "el.matches('tbody tr:first-child td.name')")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert active(page, "el.parentElement.rowIndex") == 2
    page.keyboard.press("x")
    assert page.locator("tr[aria-selected=true]").count() == 1
    assert page.locator(".bulk").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("tr[aria-selected=true]").count() == 0
    assert active(page, "el.parentElement.rowIndex") == 2

    page.keyboard.press(" ")
    page.locator("#peek[open] dl").wait_for()
    page.keyboard.press("Escape")
    page.locator("#peek[open]").wait_for(state="hidden")
    assert active(page, "el.matches('td')")

    page.keyboard.press("ArrowRight")
    assert active(page, "el.dataset.field") == "position"
    page.keyboard.press("Enter")
    field = page.locator("td.editing input[name=position]")
    field.fill("Leitung Tastatur")
    page.keyboard.press("Enter")
    page.get_by_text("Leitung Tastatur").wait_for()
    until(page, "document.activeElement.matches('td[data-field=position]')")
    assert active(page, "el.parentElement.rowIndex") == 3
    before = active(page, "el.innerText")
    page.keyboard.press("Enter")
    page.locator("td.editing input[name=position]").fill("verworfen")
    page.keyboard.press("Escape")
    until(page, "document.activeElement.matches('td[data-field=position]')")
    assert active(page, "el.innerText") == before

    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".menu:popover-open [role=option]").first.wait_for()
    until(page, "document.activeElement.matches('[role=option]')")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.locator(".toast").last.wait_for()
    until(page, "document.activeElement.matches('td[data-field=stage]')")

    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/persons/{ID}/"))


def test_keys_of_every_page(demo: Demo) -> None:
    page = demo.page("katrin")
    page.goto("/")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("?")
    page.locator("#shortcuts[open]").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("Einstell")
    page.locator("#palette [role=option][aria-selected=true]", has_text="Einstellungen").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.wait_for_url("**/persons/")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("n")
    page.wait_for_url("**/persons/new")
    page.wait_for_load_state("networkidle")
    page.fill("[name=last_name]", "Nummer-N")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(rf"/persons/{ID}/$"))


@pytest.mark.parametrize("verb", ["tag", "assign", "archive"])
def test_many_rows_at_once_and_back_again(demo: Demo, verb: str) -> None:
    page = demo.page("katrin")
    page.goto("/persons/?sort=-name&columns=owner,tags")
    until(page, "document.querySelector('tbody tr').getAttribute('aria-selected') !== null")
    told = page.locator("tbody tr:nth-child(-n+3)").all_inner_texts()
    page.locator("tbody .cb").nth(0).click()
    page.locator("tbody .cb").nth(2).click(modifiers=["Shift"])
    assert page.locator(".bulk [data-n]").inner_text() == "3"
    page.click(f".bulk [formaction$='/bulk/{verb}']")
    if verb != "archive":
        page.locator("main [role=combobox]").fill("VIP" if verb == "tag" else "Elif")
        page.locator("main [role=option][data-id]").first.click()
        page.click(".form-foot button")
    page.locator(".toast", has_text="3").wait_for()
    until(page, "document.querySelector('tbody tr')")
    changed = page.locator("tbody tr:nth-child(-n+3)").all_inner_texts()
    assert changed != told
    page.locator(".toast button", has_text="Rückgängig").click()
    page.locator(".toast", has_text="Rückgängig gemacht").wait_for()
    assert page.locator("tbody tr:nth-child(-n+3)").all_inner_texts() == told


def test_a_view_is_saved_shared_and_opened_by_its_address(demo: Demo) -> None:
    page = demo.page("katrin")
    where = {"field": "stage", "op": "is", "value": "lead"}
    titles = rows(page, where)
    page.click("[data-open='#save-view']")
    page.fill("#view-name", "Alle Leads")
    page.select_option("#view-shared", "all")
    page.click("#save-view .primary")
    page.wait_for_url("**/persons/?view=*")
    assert page.locator("nav.tabs [aria-current]").inner_text().startswith("Alle Leads")
    assert page.locator("tbody td.name a").all_inner_texts() == titles
    other = demo.page("jan")
    other.goto(urlsplit(page.url).path + "?" + urlsplit(page.url).query)
    assert other.locator("nav.tabs [aria-current]").inner_text().startswith("Alle Leads")
    assert set(other.locator("tbody td.name a").all_inner_texts()) <= set(titles)


def choose(page: Any, at: str, field: str, comparison: str) -> Any:
    """One line of the builder: its field and how it is compared; where its value goes."""
    page.select_option(f"[name='{at}:what']", f"field:{field}")
    page.locator(f"[name='{at}:op'] option[value='{comparison}']").wait_for(state="attached")
    if page.locator(f"[name='{at}:op']").input_value() != comparison:
        page.select_option(f"[name='{at}:op']", comparison)
    page.locator("#filter .builder:not([aria-busy])").wait_for()
    return page.locator(f"[name='{at}:v'], [name='{at}:n']").first


def test_the_builder_of_conditions(demo: Demo) -> None:
    page = demo.page("katrin")
    page.goto("/persons/")
    page.click("[data-open='#filter']")
    choose(page, "where:0", "stage", "is").select_option("customer")
    page.get_by_text("Phase: Kunde").first.wait_for()
    page.locator("#filter button[value='group where']").click()
    until(page, "document.activeElement.name === 'where:1:0:what'")
    choose(page, "where:1:0", "last_name", "is").fill("Barth")
    page.locator("#filter button[value='add where:1']").click()
    choose(page, "where:1:1", "organisation.x_abc", "one_of")
    page.check("[name='where:1:1:v'][value=a]")
    page.locator("#filter button[value='add where']").click()
    choose(page, "where:2", "changed_at", "within").fill("soon")
    page.click("#filter .dlg-foot .primary")
    refused = page.locator("[id='where:2:error']:not([hidden])")
    refused.wait_for()
    assert page.input_value("[name='where:1:0:v']") == "Barth"
    assert page.input_value("[name='where:2:n']") == "soon"
    assert violations(page) == []
    page.faults.clear()  # the refusal is a 422
    page.fill("[name='where:2:n']", "900")
    page.click("#filter .dlg-foot .primary")
    page.wait_for_url("**where=*")
    where = json.loads(parse_qs(urlsplit(page.url).query)["where"][0])
    assert where == {"all": [
        {"field": "stage", "op": "is", "value": "customer"},
        {"any": [
            {"field": "last_name", "op": "is", "value": "Barth"},
            {"field": "organisation.x_abc", "op": "one_of", "value": ["a"]},
        ]},
        {"field": "changed_at", "op": "within", "value": 900},
    ]}  # fmt: skip
    found = set(page.locator("tbody td.name a").all_inner_texts())
    customers = {"field": "stage", "op": "is", "value": "customer"}
    by_name = rows(page, {"all": [customers, {"field": "last_name", "op": "is", "value": "Barth"}]})
    by_firm = rows(page, {"all": [customers, {"field": "organisation.x_abc", "op": "is", "value": "a"}]})
    assert found == set(by_name) | set(by_firm)
    assert found


def test_a_choice_made_before_the_script_of_the_builder_is_there_counts(demo: Demo) -> None:
    page = demo.page("katrin")
    late: list[Any] = []
    page.route("**/builder*.js", lambda asked: late.append(asked))
    page.goto("/persons/")
    page.click("[data-open='#filter']")
    page.select_option("[name='where:0:what']", "field:stage")
    assert late
    for one in late:
        one.continue_()
    page.locator("[name='where:0:op'] option[value='is']").wait_for(state="attached")
