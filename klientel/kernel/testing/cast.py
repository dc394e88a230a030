"""The cast of every test: anna may all, boris has narrow grants, cleo is another tenant, robot is a workflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from klientel.kernel.access import system_actor
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy import inside
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.kernel.testing.promising import kept_their_word

ALL: list[dict[str, Any]] = [{"record": "*", "verb": "*"}]
OWN = {"field": "owner", "op": "is", "value": {"me": True}}
NARROW: list[dict[str, Any]] = [
    {"record": "contacts.person", "verb": "view", "where": OWN, "hidden": ["birthday", "phones"]},
    {"record": "contacts.person", "verb": "create", "where": OWN},
    {"record": "contacts.person", "verb": "change", "where": OWN, "readonly": ["stage"]},
    {"record": "contacts.organisation", "verb": "view"},
]


@pytest.fixture
def tenant(db: None) -> Iterator[Tenant]:
    """The tenant that the test works in."""
    made = make_tenant("hansewerk")
    with inside(made.id):
        yield made
        kept_their_word()


@pytest.fixture
def anna(tenant: Tenant) -> Actor:
    """May do everything."""
    return make_member("Anna Alster", ALL)


@pytest.fixture
def boris(tenant: Tenant) -> Actor:
    """Sees and changes his own persons, without birthday and phones; sees organisations."""
    return make_member("Boris Bille", NARROW)


@pytest.fixture
def robot(tenant: Tenant) -> Actor:
    """A workflow."""
    return system_actor("Robot", kind="workflow", id=uuid4())


@pytest.fixture
def cleo(tenant: Tenant) -> Actor:
    """May do everything, in another tenant."""
    other = make_tenant("elbtal")
    with inside(other.id):
        return make_member("Cleo Clausen", ALL)
