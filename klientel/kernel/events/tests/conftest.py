"""A consumer that writes down what it was given, and a loop to drive by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from klientel.kernel.events import consumers, consuming
from klientel.kernel.testing import make_tenant


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> dict[str, consumers.Consumer]:
    """The registry, emptied: a test sees its own consumers only."""
    registry: dict[str, consumers.Consumer] = {}
    monkeypatch.setattr(consumers, "_consumers", registry)
    monkeypatch.setattr(consumers, "_handlers", {})
    return registry


@pytest.fixture
def seen(only: Any) -> list[UUID]:
    """Ids of the events that the consumer ``notes`` was given."""
    found: list[UUID] = []

    @consumers.consumer("notes")
    def notes(events: list[Any]) -> None:
        found.extend(e.id for e in events)

    return found


@pytest.fixture
def loop() -> consuming.Loop:
    return consuming.Loop()


@pytest.fixture
def committed(transactional_db: None) -> Iterator[Any]:
    """A tenant in a database that other connections see."""
    yield make_tenant("hansewerk")
    connection.close()


def drain(loop: consuming.Loop, seconds: float = 120) -> None:
    """Rounds until no wake row is left."""
    end = time.monotonic() + seconds
    while waiting() and time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE kernel_wake SET due_at = now() WHERE queue <> 'parked' AND due_at > now()")
        for standing in loop._tenants.values():
            standing.rest = 0.0
        loop.once()
        time.sleep(0.005)


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kernel_wake WHERE queue <> 'parked'")
        return int(cursor.fetchone()[0])
