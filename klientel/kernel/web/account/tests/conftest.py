"""Somebody with a login who is a member of a tenant, and the steps a person takes to sign in."""

from __future__ import annotations

import re
import time
from typing import Any
from uuid import UUID

import pytest
from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.identity import accounts
from klientel.kernel.identity.models import User
from klientel.kernel.tenancy import inside
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.web.account.joining import add_member

PASSWORD = "Korb voll Pflaumen 7"
EMAIL = "nele.janssen@example.org"


def make_tenant(name: str, slug: str) -> UUID:
    """A tenant without anybody in it."""
    return Tenant.objects.create(name=name, slug=slug).id


def make_membership(tenant: UUID, user: User) -> UUID:
    """A member of the tenant who signs in as ``user`` and may do everything."""
    with inside(tenant):
        role = run(system_actor(), "kernel.role.create", name="All", grants=[{"record": "*", "verb": "*"}]).record
    return add_member(tenant, user, roles=[role.id])


@pytest.fixture(autouse=True)
def clean_limits(db: None) -> None:
    """Rate limits of one test do not reach the next (the cache is a table, but be sure)."""
    cache.clear()


@pytest.fixture
def tenant(db: None) -> UUID:
    """Where one works."""
    return make_tenant("Muster GmbH", "muster-account")


@pytest.fixture
def elsewhere(db: None) -> UUID:
    """Another company."""
    return make_tenant("Anderswo AG", "anderswo-account")


@pytest.fixture
def user(db: None) -> User:
    """Someone with a login."""
    return accounts.create(EMAIL, name="Nele Janssen", password=PASSWORD)


@pytest.fixture
def member(tenant: UUID, user: User) -> UUID:
    """Their membership."""
    return make_membership(tenant, user)


def sign_in(client: Client, *, email: str = EMAIL, password: str = PASSWORD, **more: Any) -> HttpResponse:
    """Type address and password."""
    return client.post("/account/login", {"login": email, "password": password, **more})  # type: ignore[return-value]


def is_signed_in(client: Client) -> bool:
    """Whether this browser sees its own profile."""
    return bool(client.get("/account/profile").status_code == 200)


def confirm(client: Client, password: str = PASSWORD) -> HttpResponse:
    """Prove once more who one is."""
    return client.post("/account/confirm", {"password": password, "next": "/account/security"})  # type: ignore[return-value]


def code_of(secret: str, offset: int = 0) -> str:
    """What the authenticator app shows now (or ``offset`` periods away), not at the very end of its period."""
    left = app_settings.TOTP_PERIOD - time.time() % app_settings.TOTP_PERIOD
    time.sleep(left if left < 3 else 0)
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2] + offset))


def set_up_app(client: Client) -> tuple[str, list[str]]:
    """Switch the second factor on, as a person does; its seed and the recovery codes that are shown."""
    confirm(client)
    page = client.get("/account/security/app")
    secret = re.search(r'id="seed" value="([A-Z2-7]+)"', page.content.decode())
    assert secret is not None
    done = client.post("/account/security/app", {"code": code_of(secret[1], -1)})
    assert done.status_code == 302, done.content.decode()
    shown = client.get("/account/security/codes").content.decode()
    return secret[1], re.findall(r"<b>(\d{10})</b>", shown)
