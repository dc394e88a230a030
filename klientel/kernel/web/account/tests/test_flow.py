"""Sign-in and account in a real browser: the whole story of a second factor, without scripts, and axe on every page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from klientel.kernel.identity import invitations
from klientel.kernel.identity.models import User
from klientel.kernel.web.account.tests.conftest import EMAIL, PASSWORD, code_of, make_membership
from klientel.site.tests.looking import AXE, scrolls_sideways, violations

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 320, "height": 640}, "has_touch": True},
}
OPEN = [
    "login",
    "password/reset",
    "password/reset/sent",
    "password/reset/done",
    "password/reset/0-x",
    "email/confirm/x",
    "signup",
    "inactive",
]
OWN = ["profile", "email", "security", "security/app", "sessions", "tokens", "tenant", "password/change", "logout"]


def sign_in(page: Any) -> None:
    page.goto("/account/login")
    page.fill("#id_login", EMAIL)
    page.fill("#id_password", PASSWORD)
    with page.expect_navigation():
        page.click("main .primary")


def confirm(page: Any) -> None:
    """The password once more, where it is asked."""
    if "/account/confirm" in page.url:
        page.fill("#id_password", PASSWORD)
        with page.expect_navigation():
            page.click("main .primary")


def check(page: Any) -> None:
    """No violation of WCAG 2.2 AA, and nothing to scroll sideways."""
    assert violations(page) == [], page.url
    assert not scrolls_sideways(page), page.url


def forgive(page: Any) -> None:
    """A refused form is no fault here, nor is the live stream, which is a process of its own."""
    page.faults[:] = [f for f in page.faults if "422" not in f and "REFUSED" not in f and "/live" not in f]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (make setup-dev)")
@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_accessible(
    look: str, new_page: Callable[..., Any], live_server: Any, tenant: UUID, member: UUID
) -> None:
    page = new_page(live_server.url, **LOOKS[look])
    for place in OPEN:
        page.goto(f"/account/{place}")
        check(page)
    _invitation, text = invitations.create(tenant_id=tenant, email="neu@example.org", invited_by="x")
    page.goto(invitations.path(text))
    page.fill("#id_name", "Neu")
    page.fill("#id_password", "123")
    page.fill("#id_again", "124")
    with page.expect_navigation():
        page.click("main .primary")
    check(page)
    sign_in(page)
    for place in OWN:
        page.goto(f"/account/{place}")
        check(page)
        confirm(page)
        check(page)
    page.goto("/account/tokens")
    page.fill("#id_name", "Formular")
    with page.expect_navigation():
        page.click("main form.card .primary")
    assert page.input_value("#secret").startswith("kt_")
    check(page)
    forgive(page)


def test_a_second_factor_from_set_up_to_recovery_without_scripts(
    new_page: Callable[..., Any], live_server: Any, tenant: UUID, user: User
) -> None:
    make_membership(tenant, user)
    page = new_page(live_server.url, java_script_enabled=False)
    sign_in(page)
    page.goto("/account/security")
    with page.expect_navigation():
        page.click("text=Einrichten" if page.locator("text=Einrichten").count() else "text=Set up")
    confirm(page)
    assert page.locator("img[src$='qr.svg']").bounding_box()["width"] > 100
    seed = page.input_value("#seed")
    page.fill("#id_code", code_of(seed, -1))
    with page.expect_navigation():
        page.click("main .primary")
    codes = re.findall(r"\b\d{10}\b", page.inner_text("main"))
    assert len(codes) == 10
    other = new_page(live_server.url, java_script_enabled=False)
    sign_in(other)
    assert other.url.endswith("/account/login/code")
    other.fill("#id_code", codes[0])
    with other.expect_navigation():
        other.click("main .primary")
    other.goto("/account/sessions")
    assert other.locator("main li").count() == 2
    with other.expect_navigation():
        other.click("main .danger")
    page.goto("/account/profile")
    assert "/account/login" in page.url
    for each in (page, other):
        forgive(each)
