"""A workflow is built on the phone, rehearsed, activated; and what it did is explained where it happened."""

from __future__ import annotations

import re
from typing import Any

import pytest

from klientel.site.tests.looking import ID, Demo, scrolls_sideways, violations

pytestmark = pytest.mark.flow
PHONE = {"width": 390, "height": 844}


def sound(page: Any) -> None:
    page.wait_for_load_state("networkidle")
    assert violations(page) == [] and not scrolls_sideways(page)


def test_a_workflow_is_built_rehearsed_activated_and_explained(demo: Demo) -> None:
    page = demo.page("katrin", viewport=PHONE)
    page.goto("/workflows/presets")
    sound(page)
    page.click("form .primary")
    page.wait_for_url(re.compile(rf"/workflows/{ID}/flow/beginning$"))
    page.select_option("#f-on", "sales.lead")
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(r"/flow$"))
    at = page.url
    page.click(".flow-add > summary")
    page.click(".flow-add button[value='add 0 action']")
    page.wait_for_url(f"{at}/0")
    page.select_option("#f-doing", "work.task.create ")
    page.click("form .card .btn.sm")
    page.locator("[name=subject]").fill("Willkommen: {{title}}")
    page.locator("details > summary", has_text="Weitere Felder").click()
    page.select_option("[name='src:concerns']", "of:id")
    sound(page)
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(r"/flow#s-0$"))
    sound(page)
    page.goto(at.replace("/flow", "/rehearsal"))
    page.click("form .primary")
    page.locator("#rows-title").wait_for()
    assert "Willkommen:" in page.inner_text("main")
    sound(page)
    page.goto(at)
    page.click(".form-foot .primary")
    page.locator(".form-foot [value=pause]").wait_for()

    page.goto("/leads/new")
    page.fill("#f-name", "Gitterrost für den Wintergarten")
    page.click(".form-foot .primary, form .primary")
    page.wait_for_url(re.compile(rf"/leads/{ID}/$"))
    lead = page.url
    for _ in range(150):  # until the consumers had their turn
        if page.locator("text=Warum?").count():
            break
        page.wait_for_timeout(250)
        page.goto(lead)
    page.locator("text=Warum?").first.click()
    page.wait_for_url(re.compile(rf"/workflows/runs/{ID}$"))
    assert "Willkommen: Gitterrost für den Wintergarten" in page.inner_text("main")
    sound(page)
    page.goto(at)
    page.click(".form-foot [value=switch_off]")
    page.locator(".form-foot [value=pause]").wait_for(state="detached")
