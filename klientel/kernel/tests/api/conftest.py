"""Programs that talk to the API as members of the cast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from klientel.kernel.api import guessing, rating
from klientel.kernel.identity import tokens
from klientel.kernel.identity.actor import Actor
from klientel.kernel.identity.models import User
from klientel.kernel.tenancy import inside
from klientel.lib.ids import uuid7

ROOT = "/api/v1"


class Program:
    """A caller with a token, outside any tenant, as every request begins."""

    def __init__(self, text: str) -> None:
        self.text, self.client = text, Client(raise_request_exception=True)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A request; the answer has ``.status_code``, ``.json()`` and headers."""
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        given = {"Authorization": f"Bearer {self.text}", "Accept-Language": "en"} | headers
        kind = given.pop("Content-Type", "application/json")
        with inside(None):
            return self.client.generic(method, f"{ROOT}{path}", raw, kind, headers=given)

    def get(self, path: str, **headers: str) -> Any:
        """GET."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST."""
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        """PATCH."""
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        """DELETE."""
        return self.send("DELETE", path, **headers)


def token_of(actor: Actor, *scopes: str, **given: Any) -> str:
    """A token of a member."""
    user = User.objects.create(email=f"{uuid7().hex}@example.org", name=actor.name)
    values = {"name": "Shop", "expires_at": timezone.now() + timedelta(days=30)} | given
    with inside(None):
        _token, text = tokens.create(
            tenant_id=actor.tenant, member_id=actor.member, user=user, scopes=scopes or ("write",), **values
        )
    return text


@pytest.fixture(autouse=True)
def fresh_allowances() -> Iterator[None]:
    """No test counts on what another took."""
    rating.forget()
    guessing.forget()
    yield
    rating.forget()


@pytest.fixture
def program() -> Callable[..., Program]:
    """A caller for an actor, with scopes."""
    return lambda actor, *scopes, **given: Program(token_of(actor, *scopes, **given))


@pytest.fixture
def anna_api(anna: Actor) -> Program:
    """May do everything."""
    return Program(token_of(anna))


@pytest.fixture
def boris_api(boris: Actor) -> Program:
    """Acts as Boris, whose grants are narrow."""
    return Program(token_of(boris))


@pytest.fixture
def cleo_api(cleo: Actor) -> Program:
    """May do everything, in another tenant."""
    return Program(token_of(cleo))
