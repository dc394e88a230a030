"""Fields of one's own making in a real browser: a formula, a rule that follows what is typed, and a company's tree."""

from __future__ import annotations

import re

import pytest

from klientel.site.tests.looking import ID, Demo, scrolls_sideways, until, violations

pytestmark = pytest.mark.flow


def test_a_formula_says_where_it_is_wrong_and_then_stands_in_the_list(demo: Demo) -> None:
    page = demo.page("katrin")
    page.goto("/fields/new?record_type=contacts.organisation")
    page.fill("[name=name]", "x_class")
    page.fill("[name=label_de]", "Klasse")
    page.select_option("[name=kind]", "formula")
    page.select_option("[name=privacy]", "public")
    page.fill("[name=formula]", 'wenn(employees > 100; "groß"; employees > )')
    page.click(".form-foot .primary")
    page.locator("#f-formula-error").wait_for()
    assert "Zeichen 43" in page.inner_text("#f-formula-error")
    assert page.input_value("[name=formula]").startswith("wenn(employees")
    page.faults.clear()
    page.fill("[name=formula]", 'wenn(employees > 100; "groß"; "klein")')
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(rf"/fields/{ID}/$"))
    page.goto("/organisations/?columns=employees,x_class&sort=-x_class")
    cells = set(page.locator("tbody td.w-text").all_inner_texts())
    assert cells <= {"groß", "klein"}
    assert cells
    assert violations(page) == []


def test_a_rule_follows_what_is_typed(demo: Demo) -> None:
    page = demo.page("katrin")
    page.goto("/settings/fields/organisations/customer_number")
    page.select_option("[name='required_when:0:what']", "field:employees")
    page.locator("[name='required_when:0:op']").wait_for()
    page.select_option("[name='required_when:0:op']", "over")
    page.fill("[name='required_when:0:v']", "5000")
    page.get_by_text("Anzahl der Mitarbeitenden über 5.000").first.wait_for()
    assert violations(page) == []
    page.click(".form-foot .primary")
    page.wait_for_url("**/settings/fields/organisations")
    page.goto("/organisations/new")
    page.fill("[name=employees]", "6000")
    until(page, "document.querySelector('[data-name=customer_number]').hasAttribute('data-needed')")
    page.fill("[name=employees]", "60")
    until(page, "!document.querySelector('[data-name=customer_number]').hasAttribute('data-needed')")


@pytest.mark.parametrize("options", [{}, {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}])
def test_the_tree_opens_branch_by_branch(demo: Demo, options: dict[str, object]) -> None:
    page = demo.page("katrin", **options)
    above = top = ""
    for name in ("Mutter", "Tochter", "Enkelin"):
        page.goto("/organisations/new" + (f"?parent={above}" if above else ""))
        page.fill("[name=name]", name)
        page.click(".form-foot .primary")
        page.wait_for_url(re.compile(rf"/organisations/{ID}/$"))
        above = page.url.rstrip("/").rpartition("/")[2]
        top = top or page.url
    page.goto(f"{top}tree")
    page.locator(".branch summary", has_text="Tochter").click()
    page.locator(".branch .branch", has_text="Enkelin").wait_for()
    assert violations(page) == []
    assert not scrolls_sideways(page)
