"""The history of one record: each event that changed it, through what and why; narrowed by field, person and kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from klientel.kernel import events
from klientel.kernel.events import Event
from klientel.kernel.history.models import ChangeRun
from klientel.kernel.sql import Sql, both
from klientel.kernel.tenancy import current

PAGE = 30
DEEP = 8  # causes that are followed


@dataclass
class Past:
    """A page of a record's history."""

    events: list[Event]
    rest: str  # where the next page begins; empty at the end
    causes: dict[UUID, Event] = field(default_factory=dict)  # causes of these, and theirs
    runs: dict[UUID, str] = field(default_factory=dict)  # change sets of bulk edits and undos: "bulk" "undo"


def of_record(
    record_id: UUID,
    *,
    field_name: str = "",
    actor: str = "",
    kinds: Iterable[str] = (),
    before: tuple[dt.datetime, UUID] | None = None,
    limit: int = PAGE,
) -> Past:
    """Newest first; three statements. ``field_name`` must be one that the reader may see."""
    parts = [Sql("a.tenant_id = e.tenant_id AND a.record_id = %s AND e.record_id = a.record_id", (record_id,))]
    if field_name:
        parts.append(Sql("%s = ANY(e.fields)", (field_name,)))
    if actor:
        parts.append(Sql("e.actor = %s", (actor,)))
    if chosen := list(kinds):
        parts.append(Sql("e.kind = ANY(%s)", (chosen,)))
    if before:
        parts.append(Sql("(a.at, a.event_id) < (%s, %s)", before))
    join = "JOIN kernel_about a ON a.event_id = e.id"
    some = events.read(both(parts), order="a.at DESC, a.event_id DESC", limit=limit + 1, join=join)
    shown = some[:limit]
    rest = f"{shown[-1].at.isoformat()},{shown[-1].id}" if len(some) > limit else ""
    return Past(shown, rest, _causes(shown), _runs(shown))


def _causes(some: list[Event]) -> dict[UUID, Event]:
    """What led to these events, and what led to that: one statement."""
    first = [e.cause for e in some if e.cause]
    if not first:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE up AS (SELECT id, cause, 1 AS n FROM kernel_event WHERE tenant_id = %s AND id = ANY(%s)"
            f" UNION SELECT e.id, e.cause, u.n + 1 FROM up u JOIN kernel_event e ON e.id = u.cause WHERE u.n < {DEEP})"
            " SELECT DISTINCT id FROM up",
            [current(), first],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return {e.id: e for e in events.read(Sql("e.id = ANY(%s)", (ids,)))} if ids else {}


def _runs(some: list[Event]) -> dict[UUID, str]:
    sets = list({e.change_set for e in some})
    return dict(ChangeRun.objects.filter(change_set__in=sets).values_list("change_set", "kind")) if sets else {}


def actors_of(record_id: UUID) -> list[tuple[str, str]]:
    """Who ever changed a record: references and names."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT e.actor, e.actor_name FROM kernel_about a JOIN kernel_event e ON e.id = a.event_id"
            " AND e.record_id = a.record_id WHERE a.tenant_id = %s AND a.record_id = %s ORDER BY 2, 1 LIMIT 50",
            [current(), record_id],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]


def one(record_id: UUID, event_id: UUID) -> Event | None:
    """One event of a record."""
    found = events.read(Sql("e.id = %s AND e.record_id = %s", (event_id, record_id)))
    return found[0] if found else None
