"""Members of the cast who sit at a browser."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from klientel.kernel.access import actor_of, system_actor
from klientel.kernel.actions import run
from klientel.kernel.identity import accounts
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL, NARROW
from klientel.kernel.web.account.joining import add_member

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def at_browser(tenant: Tenant, name: str, grants: list[dict[str, Any]], language: str = "en") -> tuple[Client, Actor]:
    """A signed-in browser of a new member with these grants, and the member as an actor."""
    user = accounts.create(f"{name.lower()}@example.org", name=name, password="Korb voll Pflaumen 7", language=language)
    with inside(tenant.pk), writing():
        role = run(system_actor(), "kernel.role.create", name=f"{name} may", grants=grants).record
        member = add_member(tenant.pk, user, roles=[role.id])
        actor = actor_of(member)
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    client = Client()
    client.cookies["session"] = session.session_key
    return client, actor


@pytest.fixture
def desk(tenant: Tenant) -> tuple[Client, Actor]:
    """Anna's browser: she may do everything."""
    return at_browser(tenant, "Anna", ALL)


@pytest.fixture
def client(desk: tuple[Client, Actor]) -> Client:
    """The browser of somebody who may do everything."""
    return desk[0]


@pytest.fixture
def actor(desk: tuple[Client, Actor]) -> Actor:
    """Who sits at it."""
    return desk[1]


@pytest.fixture
def narrow(tenant: Tenant) -> tuple[Client, Actor]:
    """Boris' browser: own persons only, without birthday and phones."""
    return at_browser(tenant, "Boris", NARROW)
