"""By keyboard alone: where the focus goes, that it is seen and never lost, and that what the help promises is so."""

from __future__ import annotations

import re
from typing import Any

import pytest

from klientel.site.tests.looking import ID, Demo, create_person, first_of, until

pytestmark = pytest.mark.flow

#: what hides the middle of the element that has the focus
HIDING = """() => { const el = document.activeElement, r = el.getBoundingClientRect();
  const on = document.elementFromPoint(r.left + r.width / 2, r.top + Math.min(r.height / 2, 20));
  if (r.bottom < 1 || r.top > innerHeight) return "out of sight: " + el.outerHTML.slice(0, 80);
  return !on || on === el || el.contains(on) || on.contains(el) || [...(el.labels || [])].some((l) => l.contains(on))
    || on.closest(".file") ? "" : el.outerHTML.slice(0, 80) + " under " + on.className; }"""


def opened(page: Any, at: str) -> None:
    """A page whose scripts are ready."""
    page.goto(at)
    page.wait_for_load_state("networkidle")
    until(page, "document.documentElement.dataset.ready === '1'")


def tab_to(page: Any, selector: str, most: int = 150) -> None:
    """With the Tab key alone to the first element of a kind."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches({selector!r})"):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_a_list_is_one_tab_stop_and_its_links_are_reached_from_their_cells(demo: Demo) -> None:
    page = demo.page("katrin")
    opened(page, "/persons/?columns=organisation,stage,emails")
    tab_to(page, "tbody td")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.matches('tr:nth-child(2) td[data-field=organisation]')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('tr:nth-child(2) td[data-field=organisation] a')")
    assert page.evaluate(HIDING) == ""
    page.keyboard.press("Tab")
    assert not page.evaluate("Boolean(document.activeElement.closest('tbody'))"), "Tab leaves the list"


def test_no_field_of_a_form_hides_under_its_foot(demo: Demo) -> None:
    page = demo.page("katrin", viewport={"width": 1280, "height": 600})
    for at in ("/persons/new", "/mails/new"):
        opened(page, at)
        hidden = []
        for _ in range(45):
            page.keyboard.press("Tab")
            if page.evaluate("Boolean(document.activeElement.closest('main'))"):
                hidden.append(page.evaluate(HIDING))
        assert len(hidden) > 8
        assert not any(hidden), "\n".join(one for one in hidden if one)


def test_the_focus_stays_where_something_was_done(demo: Demo) -> None:
    page = demo.page("katrin")
    opened(page, "/persons/")
    page.focus("[popovertarget=m-sort]")
    page.keyboard.press("Enter")
    until(page, "document.activeElement.matches('#m-sort [role=menuitem]')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("sort=-title"))
    until(page, "document.activeElement.getAttribute('popovertarget') === 'm-sort'")

    opened(page, "/persons/new")
    assert page.evaluate("document.activeElement.name") == "salutation", "a form begins at its first field"
    page.select_option("[name=salutation]", index=1)
    page.fill("[name=last_name]", "Fokus")
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(rf"/persons/{ID}/$"))
    at = page.url
    opened(page, at)
    page.focus("[data-field=salutation] .pen")
    page.keyboard.press("Enter")
    until(page, "document.activeElement.matches('.menu:popover-open [role=option]')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    until(page, "document.activeElement.matches('[data-field=salutation] .pen')")

    opened(page, f"{at}do/tag")
    assert page.evaluate("document.activeElement.matches('main form :is(input, select)')")


def test_z_takes_back_what_was_just_done(demo: Demo) -> None:
    page = demo.page("katrin")
    at = create_person(page, first_name="Tasten", last_name="Zurück")
    opened(page, at)
    page.click("header button[popovertarget=m-more]")
    with page.expect_navigation():
        page.click("#m-more form[action$='/do/archive'] button")
    page.locator(".toast button").wait_for()
    page.wait_for_load_state("networkidle")
    until(page, "document.documentElement.dataset.ready === '1'")
    with page.expect_navigation():
        page.keyboard.press("z")
    assert page.request.get(at).ok
    page.goto(at)
    assert page.locator(".alert.warn", has_text="Papierkorb").count() == 0


def test_every_place_of_the_help_is_reached_by_its_keys(demo: Demo) -> None:
    page = demo.page("katrin")
    opened(page, "/search?q=x")
    page.focus("main")
    page.keyboard.press("?")
    page.locator("#shortcuts kbd").first.wait_for()
    told = page.locator("#shortcuts dl > div").evaluate_all(
        "all => all.map(one => [...one.querySelectorAll('kbd')].map(key => key.textContent))"
    )
    places = [keys[1] for keys in told if keys[0] == "G"]
    page.keyboard.press("Escape")
    assert len(places) >= 5
    assert len(set(places)) == len(places)
    goes = page.locator("nav.side [data-go]").evaluate_all("all => all.map(one => one.dataset.go.toUpperCase())")
    assert sorted(goes) == sorted(places)
    page.focus("main")
    page.keyboard.press("g")
    with page.expect_navigation(url="**/persons/"):
        page.keyboard.press("k")


def test_steps_are_added_and_given_up_by_keyboard(demo: Demo) -> None:
    page = demo.page("katrin")
    opened(page, first_of(page, "workflows") + "flow")
    page.locator(".flow-add summary").first.focus()
    page.keyboard.press("Enter")
    page.locator("details.flow-add[open]").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert page.locator("details.flow-add[open]").count() == 0
    assert page.evaluate("document.activeElement.matches('.flow-add summary')")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert re.search(ID, page.url)
