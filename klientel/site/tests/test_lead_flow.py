"""A lead from the fair, on the phone: captured, assigned by the rules, explained, converted."""

from __future__ import annotations

import re
from typing import Any

import pytest

from klientel.site.tests.looking import ID, Demo, scrolls_sideways, violations

pytestmark = pytest.mark.flow
PHONE = {"width": 390, "height": 844}


def fill(page: Any, **values: str) -> None:
    for name, value in values.items():
        page.fill(f"#cap-{name}", value)


def test_a_lead_of_the_fair_is_assigned_explained_and_becomes_a_deal(demo: Demo) -> None:
    page = demo.page("katrin", viewport=PHONE)
    page.goto("/leads/capture?source=Messe")
    page.wait_for_load_state("networkidle")
    assert violations(page) == [] and not scrolls_sideways(page)
    fill(page, first_name="Wiebke", last_name="Harmsen", company="Harmsen Hafenlogistik", email="w@harmsen.example")
    fill(page, interest="Kragarmregal für Rohre", message="Bitte noch diese Woche anrufen")
    page.context.set_offline(True)  # the hall has no network
    page.click(".form-foot .primary")
    page.locator(".toast").first.wait_for()
    assert page.input_value("#cap-interest") == "Kragarmregal für Rohre"
    page.context.set_offline(False)  # it is sent again by itself
    page.wait_for_url(re.compile(rf"/leads/{ID}/$"))
    page.faults = [one for one in page.faults if "DISCONNECTED" not in one]
    at = page.url
    for _ in range(40):  # until the consumers had their turn
        if page.locator("#given-title").count():
            break
        page.wait_for_timeout(250)
        page.goto(at)
    assert "Nach der Regel" in page.inner_text("section[aria-labelledby=given-title]")
    assert violations(page) == [] and not scrolls_sideways(page)
    page.goto(f"{at}do/convert")
    page.click(".form-foot .primary, form .primary")
    page.wait_for_url(at)
    assert "umgewandelt" in page.inner_text("main")
