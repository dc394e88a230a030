"""Merging by hand: two persons chosen in the list, looked at side by side, merged, found again, taken apart."""

from __future__ import annotations

import os

import pytest

from klientel.site.tests.looking import Demo, violations

pytestmark = pytest.mark.flow


def shot(page, name):
    """A picture for whoever wants to look, where a folder for it is named."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize(("who", "width"), [("katrin", 1280), ("emma", 390)])
def test_two_persons_become_one_and_come_apart(demo: Demo, who: str, width: int) -> None:
    page = demo.page(who, viewport={"width": width, "height": 860}, color_scheme="dark" if width < 400 else "light")
    page.goto("/persons/")
    titles = page.locator("tbody td.name a").all_inner_texts()[:2]
    ids = [box.get_attribute("value") for box in page.locator("tbody input[name=id]").all()[:2]]
    if width > 400:
        for box in page.locator("tbody input[name=id]").all()[:2]:
            box.check()
        page.locator(".bulk button[formaction$=merge]").click()
    else:
        page.goto(f"/persons/merge?id={ids[0]}&id={ids[1]}")
    page.locator("table.merge").wait_for()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, f"merge-{width}")
    page.locator("form[method=post] .form-foot button").click()
    page.wait_for_url("**/persons/*-*/")
    shot(page, f"merged-{width}")
    kept = page.url.rstrip("/").rpartition("/")[2]
    [lost] = [i for i in ids if i != kept]
    page.goto(f"/persons/{lost}/")
    assert kept in page.url
    page.goto(f"/persons/{kept}/unmerge")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, f"unmerge-{width}")
    page.locator(".form-foot button.primary").click()
    page.wait_for_url("**/persons/*-*/")
    page.goto(f"/persons/{lost}/")
    assert lost in page.url and page.locator("h1").first.inner_text() in titles
