"""A quote is written in a real browser: products fill in, sums follow, keys move, and what is wrong is said at once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from klientel.site.tests.looking import ID, Demo, scrolls_sideways, until, violations

pytestmark = pytest.mark.flow


def a_product(page: Any, name: str, price: str) -> None:
    page.goto("/products/new")
    page.fill("[name=name]", name)
    page.fill("[name=unit]", "Stück")
    page.fill("[name=price-amount]", price)
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(rf"/products/{ID}/$"))


def a_quote(page: Any, name: str) -> str:
    page.goto("/quotes/new")
    page.fill("[name=name]", name)
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(rf"/quotes/{ID}/$"))
    return str(page.url)


def cell(row: int, part: str) -> str:
    return f".ql:nth-child({row}) [data-part={part}]"


def test_a_quote_is_written_with_products_keys_and_live_sums(demo: Demo) -> None:
    page = demo.page("katrin")
    a_product(page, "Spindelpresse", "1200")
    at = a_quote(page, "Presse für Halle 3")
    page.goto(f"{at}lines")
    page.wait_for_load_state("networkidle")
    page.locator(".ql:nth-child(1) .ql-product [role=combobox]").fill("Spindel")
    page.get_by_role("option", name="Spindelpresse").click()
    until(page, "document.querySelector('.ql [data-part=price]').value === '1.200,00'")
    assert page.input_value(cell(1, "name")) == "Spindelpresse"
    page.fill(cell(1, "quantity"), "2,5")
    until(page, "document.querySelector('.sum-gross dd').textContent.includes('3.570,00')")
    page.focus(cell(1, "name"))
    page.keyboard.press("Enter")
    page.keyboard.type("Schulung")
    page.fill(cell(2, "quantity"), "1")
    page.fill(cell(2, "price"), "400")
    page.select_option(cell(2, "role"), "optional")
    until(page, "document.querySelector('.ql:nth-child(2) [data-net]').textContent.includes('400,00')")
    assert "3.570,00" in page.inner_text(".sum-gross")
    page.fill(cell(1, "discount"), "101")
    page.get_by_text("Ein Rabatt von 101 % ist mehr als der ganze Preis.").first.wait_for()
    assert violations(page) == []
    page.fill(cell(1, "discount"), "10")
    until(page, "document.querySelector('.sum-gross dd')?.textContent.includes('3.213,00')")
    page.focus(cell(2, "name"))
    page.keyboard.press("Alt+ArrowUp")
    assert page.input_value(cell(1, "name")) == "Schulung"
    page.keyboard.press("Control+Enter")
    page.wait_for_url(at)
    assert "3.213,00" in page.inner_text(".sum-gross")
    assert [text.split("\n")[0] for text in page.locator(".quote-told tbody td:first-child").all_inner_texts()] == [
        "Schulung", "Spindelpresse",
    ]  # fmt: skip
    assert violations(page) == []


@pytest.mark.parametrize("options", [{}, {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}])
def test_the_page_of_lines_works_without_scripts_and_on_the_phone(demo: Demo, options: dict[str, Any]) -> None:
    page = demo.page("katrin", **options, java_script_enabled=False)
    at = a_quote(page, "Ohne Skripte")
    page.goto(f"{at}lines")
    page.fill(cell(1, "name"), "Wartung")
    page.fill(cell(1, "quantity"), "-1")
    page.fill(cell(1, "price"), "99,90")
    page.click("[name=save]")
    page.get_by_text("Eine Menge kann nicht negativ sein.").first.wait_for()
    page.faults.clear()
    page.fill(cell(1, "quantity"), "3")
    page.fill(cell(2, "name"), "Anfahrt")
    page.click("noscript [name=calc]")
    page.locator(".sum-gross", has_text="356,64").wait_for()
    with page.expect_navigation():
        page.click("[aria-label='Anfahrt: nach oben']")
    assert page.input_value(cell(1, "name")) == "Anfahrt"
    page.click("[name=save]")
    page.wait_for_url(at)
    with_scripts = demo.page("katrin", **options)
    with_scripts.goto(f"{at}lines")
    with_scripts.wait_for_load_state("networkidle")
    assert violations(with_scripts) == []
    assert not scrolls_sideways(with_scripts)
    with_scripts.goto(at)
    assert not scrolls_sideways(with_scripts)


def test_a_yes_by_phone_is_noted_on_the_phone_with_keys_only_and_a_double_click_notes_it_once(demo: Demo) -> None:
    page = demo.page("emma", viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto("/quotes/")
    page.get_by_role("link", name=re.compile("Verschieberegale Kühlhaus")).click()
    page.wait_for_url(re.compile(rf"/quotes/{ID}/$"))
    at = page.url
    page.goto(f"{at}do/accept")
    page.wait_for_load_state("networkidle")
    assert violations(page) == [] and not scrolls_sideways(page)
    before = page.inner_text(".sum-gross dd")
    page.locator("[name=option]").first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Add up with what is chosen").focus()
    page.keyboard.press("Enter")
    page.locator(".sum-gross dd").filter(has_not_text=before.strip()).wait_for()
    after = page.inner_text(".sum-gross dd")
    page.wait_for_load_state("networkidle")
    page.select_option("[name=how]", "phone")
    page.fill("[name=said_on]", "")
    page.get_by_role("button", name="Note the acceptance").dblclick()
    page.wait_for_url(at)
    assert page.get_by_text("Accepted.", exact=True).count() == 1
    assert after in page.inner_text("main") and before != after
    page.goto(f"{at}do/accept")
    assert "Nothing is to be noted here" in page.inner_text("main")
