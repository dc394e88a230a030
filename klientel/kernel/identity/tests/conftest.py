"""A tenant, another one, and a login: what identity needs, without anything above it."""

from __future__ import annotations

from uuid import UUID

import pytest

from klientel.kernel.identity import accounts
from klientel.kernel.identity.models import User
from klientel.kernel.tenancy.models import Tenant
from klientel.lib.ids import uuid7

PASSWORD = "Korb voll Pflaumen 7"


@pytest.fixture
def tenant(db: None) -> UUID:
    """Where things happen."""
    return Tenant.objects.create(name="Muster GmbH", slug="muster-identity").id


@pytest.fixture
def elsewhere(db: None) -> UUID:
    """Another company."""
    return Tenant.objects.create(name="Anderswo AG", slug="anderswo-identity").id


@pytest.fixture
def user(db: None) -> User:
    """Someone with a login."""
    return accounts.create("Nele.Janssen@Example.org", name="Nele Janssen", password=PASSWORD)


@pytest.fixture
def member_id() -> UUID:
    """The id of a membership (the table is above this storey)."""
    return uuid7()
