"""Events: what happened. Written once, in the transaction that did it, never edited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.plans import Lasting
from klientel.kernel.sql import Sql, inserting, loaded
from klientel.kernel.statements import Question, Writes, at_once
from klientel.kernel.tenancy import current
from klientel.lib import clock
from klientel.lib.ids import secrets, uuid7, uuid7s

#: tables that belong to tenants and are not Django models
TABLES = ("kernel_event", "kernel_event_private")


@dataclass(slots=True)
class Event:
    """One thing that happened to one record. ``changes`` is ``{field: [old, new]}`` in plain JSON values."""

    kind: str
    record_type: str
    record_id: UUID
    actor: str
    actor_name: str
    change_set: UUID
    changes: dict[str, list[Any]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    cause: UUID | None = None
    undoes: UUID | None = None
    at: dt.datetime = field(default_factory=clock.now)
    id: UUID = field(default_factory=uuid7)
    about: list[UUID] = field(default_factory=list)
    private: frozenset[str] = frozenset()  # which of the changes are personal values
    was: dict[str, list[str]] = field(default_factory=dict)  # what the record was called before: for lists of the past

    @property
    def muted(self) -> bool:
        """Whether automation shall not react to it: an import was asked to be quiet."""
        return bool(self.parameters.get("muted"))


_COLUMNS = ("id", "at", "kind", "actor", "actor_name", "record_type", "record_id", "cause", "change_set", "undoes")

_FILLED = ("tenant_id", "parameters", "changes", "fields")
_PRIVATE = ("event_id", "tenant_id", "record_id", "changes", "was")
_ABOUT = ("tenant_id", "record_id", "at", "event_id", "kind")

_TYPES = dict.fromkeys(("kind", "actor", "actor_name", "record_type"), "text") | {"fields": "text[]"}
_TYPES |= dict.fromkeys(("changes", "parameters", "was"), "jsonb") | {"at": "timestamp with time zone"}
_TYPES |= dict.fromkeys(("id", "event_id", "tenant_id", "record_id", "cause", "change_set", "undoes", "salt"), "uuid")


def storing(events: list[Event]) -> Iterator[Sql]:
    """What stores events, their personal values apart, on which records they stand, and that there are some."""
    if not events:
        return
    tenant, own = current(), attrgetter(*_COLUMNS)
    rows, private, about = [], [], []
    for e in events:
        public = {k: v for k, v in e.changes.items() if k not in e.private} if e.private else e.changes
        rows.append((*own(e), tenant, e.parameters, public, list(e.changes)))
        if len(public) < len(e.changes) or e.was:
            kept = {k: v for k, v in e.changes.items() if k in e.private}
            private.append((e.id, tenant, e.record_id, kept, e.was or None))
        about.append((tenant, e.record_id, e.at, e.id, e.kind))
        about += [(tenant, i, e.at, e.id, e.kind) for i in dict.fromkeys(e.about) if i != e.record_id]
    epoch = "(SELECT epoch FROM kernel_installation)"
    yield inserting("kernel_event", (*_COLUMNS, *_FILLED), rows, _TYPES, epoch=epoch)
    if private:
        yield inserting("kernel_event_private", _PRIVATE, private, _TYPES, salt=secrets)
    yield inserting("kernel_about", _ABOUT, about, _TYPES, id=uuid7s)
    yield Sql("INSERT INTO kernel_wake (tenant_id, queue, due_at) VALUES (%s, 'events', now())", (tenant,))


def write(events: list[Event]) -> None:
    """Store events, in the open transaction."""
    Writes(storing(events)).send()


_READ = (
    "e.id, e.at, e.kind, e.actor, e.actor_name, e.record_type, e.record_id, e.cause, e.change_set, e.undoes,"
    " e.parameters, e.changes, p.changes"
)


def read(where: Sql, *, order: str = "e.id", limit: int | None = None, join: str = "") -> list[Event]:
    """Events of the current tenant, personal values joined in; ``where`` over the alias ``e``."""
    text = (
        f"SELECT {_READ} FROM kernel_event e LEFT JOIN kernel_event_private p ON p.event_id = e.id {join}"
        f" WHERE e.tenant_id = %s AND {where.text} ORDER BY {order}" + (f" LIMIT {int(limit)}" if limit else "")
    )
    with connection.cursor() as cursor:
        cursor.execute(text, [current(), *where.params])
        return [_event(row) for row in cursor.fetchall()]


def from_row(row: tuple[Any, ...], changes: dict[str, list[Any]]) -> Event:
    """An event from its first eleven columns, in the order of the table's reading, and its changes."""
    kind, actor, actor_name, record_type, record_id, cause, change_set, undoes = row[2:10]
    return Event(
        id=row[0],
        at=row[1],
        kind=kind,
        actor=actor,
        actor_name=actor_name,
        record_type=record_type,
        record_id=record_id,
        cause=cause,
        change_set=change_set,
        undoes=undoes,
        parameters=loaded(row[10]) or {},
        changes=changes,
    )


def _event(row: tuple[Any, ...]) -> Event:
    private = loaded(row[12]) or {}
    event = from_row(row, (loaded(row[11]) or {}) | private)
    event.private = frozenset(private)
    return event


def standing_on(
    record_id: UUID, *, before: tuple[dt.datetime, UUID] | None = None, limit: int = 50, kinds: Iterable[str] = ()
) -> Question[list[Event]]:
    """What stands on one record's timeline, newest first; ``before`` continues after the last one seen.

    What stands on records that were merged into it stands here too; ``about`` of each event says where it stands.
    """
    parts = ["a.tenant_id = %s AND a.record_id = mine.record_id"]
    params: list[Any] = [current()]
    if before:
        parts.append("(a.at, a.event_id) < (%s, %s)")
        params += list(before)
    if chosen := list(kinds):
        parts.append("EXISTS (SELECT 1 FROM kernel_event k WHERE k.id = a.event_id AND k.kind = ANY(%s))")
        params.append(chosen)
    text = (
        f"SELECT {_READ}, a.stands_at FROM (SELECT event_id, at, array_agg(record_id) AS stands_at FROM ("
        " SELECT %s::uuid AS record_id UNION ALL SELECT old_id FROM kernel_alias WHERE tenant_id = %s AND root = %s"
        f") mine CROSS JOIN LATERAL (SELECT event_id, at FROM kernel_about a WHERE {' AND '.join(parts)}"
        f" ORDER BY at DESC, event_id DESC LIMIT {int(limit)}) a"
        f" GROUP BY event_id, at ORDER BY at DESC, event_id DESC LIMIT {int(limit)}) a"
        " JOIN kernel_event e ON e.id = a.event_id"
        " LEFT JOIN kernel_event_private p ON p.event_id = e.id ORDER BY a.at DESC, a.event_id DESC"
    )
    return Question(
        Lasting(text, (record_id, current(), record_id, *params)), lambda rows: [_standing(row) for row in rows]
    )


timeline = at_once(standing_on)


def _standing(row: tuple[Any, ...]) -> Event:
    event = _event(row)
    event.about = row[13]
    return event
