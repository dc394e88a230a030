"""Lists, records and search in a real browser: keyboard, editing in place, undo, without scripts, and axe."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_tenant
from klientel.kernel.web.tests.conftest import at_browser
from klientel.site.tests.looking import AXE, scrolls_sideways, violations

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PLACES = ["/", "/persons/", "/persons/new", "/tasks/", "/settings", "/settings/invitations", "/notifications", "/trash"]
PLACES += ["/search?q=hof", "/import", "/persons/conditions?field=stage", "/more", "/roles/"]
LOOKS = {"light": {"color_scheme": "light"}, "dark": {"color_scheme": "dark"}, "phone": PHONE}
READY = "html[data-ready]"  # the scripts have begun
Opened = Callable[..., Any]


@pytest.fixture
def desk_of_anna(db: None) -> tuple[Client, Actor]:
    """Anna's login in a tenant with a few persons."""
    tenant = make_tenant("hansewerk-flow")
    browser, actor = at_browser(tenant, "Anna", ALL, language="de")
    with inside(tenant.pk):
        firm = run(actor, "contacts.organisation.create", name="Bergmann Feinmechanik GmbH").record
        for n, name in enumerate(("Sabine Hofmann", "Anneliese Möller", "Tobias Lindqvist", "Meryem Aydın")):
            first, last = name.split()
            person = run(
                actor, "contacts.person.create", first_name=first, last_name=last, owner=actor.member,
                organisation=str(firm.pk), stage="lead", emails=[{"value": f"n{n}@example.org"}],
            ).record  # fmt: skip
        run(actor, "work.task.create", subject="Nachfassen", owner=actor.member, concerns=[str(person.pk)])
    return browser, actor


@pytest.fixture
def opened(desk_of_anna: tuple[Client, Actor], new_page: Callable[..., Any], live_server: Any) -> Opened:
    """A page of Anna's at an address of the running server."""

    def at(path: str, **options: Any) -> Any:
        page = new_page(live_server.url, **options)
        cookie = desk_of_anna[0].cookies["session"].value
        page.context.add_cookies([{"name": "session", "value": cookie, "url": live_server.url}])
        page.route("**/live", lambda route: route.fulfill(status=204))
        page.goto(path)
        if options.get("java_script_enabled", True):
            page.wait_for_selector(READY, state="attached")
        return page

    return at


def settle(page: Any) -> None:
    """The stream of live messages is another process: that it is not there is no fault of the page."""
    page.faults[:] = [f for f in page.faults if "live" not in str(f) and "ERR_FAILED" not in str(f)]


def test_a_cell_is_edited_by_keyboard_and_undone(opened: Opened) -> None:
    page = opened("/persons/")
    cell = page.locator("tbody tr:nth-child(2) td[data-field=position]")
    cell.click()
    page.wait_for_selector("td.editing input.inp")
    page.keyboard.type("Einkauf")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast button")
    assert cell.inner_text() == "Einkauf"
    assert page.evaluate("document.activeElement.parentElement.rowIndex") == 3
    page.click(".toast button")
    page.wait_for_selector("tbody tr:nth-child(2) td[data-field=position]:not(:has-text('Einkauf'))")
    settle(page)


def test_a_selection_goes_to_the_trash_and_comes_back(opened: Opened) -> None:
    page = opened("/persons/")
    page.locator("tbody td.name").first.focus()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("tr[aria-selected=true]").count() == 2
    page.click(".bulk .bad")
    page.wait_for_selector(".toast button")
    assert page.locator("tbody tr").count() == 2
    page.click(".toast button")
    page.wait_for_selector("tbody tr:nth-child(4)")
    settle(page)


def test_the_palette_finds_whatever_way_it_is_written(opened: Opened) -> None:
    page = opened("/")
    page.keyboard.press("Control+k")
    for typed in ("Moeller", "moller", "Möller"):
        page.fill("#palette input", typed)
        page.wait_for_selector("#palette [data-found] [role=option]:has-text('Anneliese Möller')")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/persons/"))
    assert page.locator("h1").first.inner_text() == "Anneliese Möller"
    settle(page)


def test_a_call_and_a_follow_up_are_written_down(opened: Opened) -> None:
    page = opened("/persons/")
    page.click("tbody td.name a")
    page.wait_for_selector(f"{READY} #tab-calls")
    page.click("#tab-calls")
    page.fill("#capture-calls [name=subject]", "Rückruf")
    page.click("#capture-calls .primary")
    page.wait_for_selector(".ev:has-text('Rückruf')")
    page.wait_for_selector(READY, state="attached")
    page.click("#tab-tasks")
    page.fill("#capture-tasks [name=subject]", "Angebot senden")
    page.click("#capture-tasks .primary")
    page.wait_for_selector(".upnext:has-text('Angebot senden')")
    settle(page)


def test_a_list_works_without_scripts(opened: Opened) -> None:
    page = opened("/persons/new", java_script_enabled=False)
    page.fill("#f-last_name", "Ohne Skript")
    with page.expect_navigation():
        page.click("main .form-foot .primary")
    assert page.locator("h1").first.inner_text() == "Ohne Skript"
    page.goto("/persons/?sort=-created_at")
    page.locator("tbody .cb").first.check()
    with page.expect_navigation():
        page.click(".bulk .bad")
    assert page.locator("tbody tr").count() == 4
    with page.expect_navigation():
        page.click(".flashes form button")
    assert page.locator(".flashes .alert").count() == 1
    settle(page)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (make setup-dev)")
@pytest.mark.parametrize("look", LOOKS)
def test_no_page_shuts_anybody_out(opened: Opened, look: str) -> None:
    page = opened("/persons/", **LOOKS[look])
    record = page.locator("tbody td.name a").first.get_attribute("href")
    for path in [record, f"{record}edit", *PLACES]:
        page.goto(path)
        assert violations(page) == [], path
        assert not scrolls_sideways(page), path
    settle(page)
