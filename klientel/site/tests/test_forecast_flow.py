"""The forecast in a real browser: a bar of the chart leads to the list behind it, and the pages are in order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from klientel.site.tests.looking import Demo, scrolls_sideways, violations

pytestmark = pytest.mark.flow


def test_numbers_of_the_forecast_lead_to_their_lists(demo: Demo) -> None:
    page: Any = demo.page("katrin")
    page.goto("/insights/forecast/")
    page.get_by_role("heading", name="Was sich seitdem geändert hat").wait_for()
    assert violations(page) == []
    sums = page.locator("table.numbers").first.locator("tfoot a").first
    sums.click()
    page.wait_for_url(re.compile(r"/deals/\?where="))
    page.get_by_role("heading", level=1).wait_for()
    page.goto("/insights/sales/")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("heading", name="Trichter").wait_for()
    assert violations(page) == []
    assert not scrolls_sideways(page)
