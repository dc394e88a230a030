"""What an undo would do, before it is done: how many records, what goes back in each, and what changed since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel import events
from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.events import Event
from klientel.kernel.history.judging import Verdict, judge
from klientel.kernel.history.undo import LAST, before, check_undoable, locked, may, undoable, undone
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import current

PAGE = 50
MOST_CONFLICTS = 200  # that are shown and decided one by one; of more one decides for all


@dataclass
class Share:
    """How many records of one type a change set made, changed, or put into the trash or out of it."""

    rtype: RecordType
    made: int = 0
    changed: int = 0


@dataclass
class Foreseen:
    """What would become of one event's record."""

    event: Event
    rtype: RecordType
    title: str
    verdict: (
        Verdict | None
    )  # none: there is no such record any more, it became part of another, or one may not see it or undo this
    may: bool = True


@dataclass
class Preview:
    """An undo that is only looked at."""

    change_set: UUID
    first: Event  # any event of the set: who, when, through what
    at: dt.datetime
    shares: list[Share]
    events: int
    undone: int  # events that are undone already
    conflicts: list[Foreseen] = field(default_factory=list)
    more_conflicts: bool = False
    rows: list[Foreseen] = field(default_factory=list)
    rest: UUID | None = None  # where the next page of rows begins

    @property
    def over(self) -> bool:
        """Whether all of it is undone already."""
        return self.undone >= self.events


def preview(scope: ActorScope, change_set: UUID, *, last: UUID = LAST, limit: int = PAGE) -> Preview:
    """In a reading transaction. Raises as :func:`klientel.kernel.history.undo.undo` does.

    What changed since is looked for among records that were touched after the change set; the first
    :data:`MOST_CONFLICTS` of them are told one by one.
    """
    check_undoable(change_set)
    first = before(change_set, LAST, 1)[0]
    shares, total = _shares(change_set)
    gone = _undone_count(change_set)
    touched = [i for s in shares for i in _touched(scope, s.rtype, change_set)]
    found = Preview(change_set, first, first.at, shares, total, gone, more_conflicts=len(touched) > MOST_CONFLICTS)
    suspects = _events_of(change_set, touched[:MOST_CONFLICTS])
    found.conflicts = [f for f in foresee(scope, suspects) if f.verdict is not None and not f.verdict.clear]
    some = before(change_set, last, limit + 1)
    found.rows = foresee(scope, some[:limit])
    found.rest = some[limit - 1].id if len(some) > limit else None
    return found


def _shares(change_set: UUID) -> tuple[list[Share], int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_type, coalesce((parameters->>'new')::boolean, false) AS made, count(DISTINCT record_id),"
            " count(*) FROM kernel_event WHERE tenant_id = %s AND change_set = %s GROUP BY 1, 2 ORDER BY 1",
            [current(), change_set],
        )
        rows = cursor.fetchall()
    shares: dict[str, Share] = {}
    for key, made, records, _events in rows:
        try:
            share = shares.setdefault(key, Share(type_of(key)))
        except Missing:
            continue
        if made:
            share.made += records
        else:
            share.changed += records
    return list(shares.values()), sum(r[3] for r in rows)


def _undone_count(change_set: UUID) -> int:
    """How many events of the set are undone now; those of undone undos do not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT u.undoes FROM kernel_event u JOIN kernel_event e ON e.id = u.undoes"
            " WHERE u.tenant_id = %s AND e.tenant_id = u.tenant_id AND e.change_set = %s",
            [current(), change_set],
        )
        ids = list({row[0] for row in cursor.fetchall()})
    return len(undone(ids))


def _touched(scope: ActorScope, rtype: RecordType, change_set: UUID) -> list[UUID]:
    """Records of the set that something else changed after it: one statement, no values read."""
    limit = allowed(scope, rtype, "view", "t")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.record_id FROM (SELECT record_id, max(at) AS at FROM kernel_event WHERE tenant_id = %s"
            " AND change_set = %s AND record_type = %s GROUP BY record_id) e"
            f" JOIN {rtype.table} t ON t.id = e.record_id AND t.tenant_id = %s AND t.changed_at > e.at"
            f" WHERE {limit.text} ORDER BY e.record_id LIMIT {MOST_CONFLICTS + 1}",
            [current(), change_set, rtype.key, current(), *limit.params],
        )
        return [row[0] for row in cursor.fetchall()]


def _events_of(change_set: UUID, ids: list[UUID]) -> list[Event]:
    if not ids:
        return []
    return events.read(Sql("e.change_set = %s AND e.record_id = ANY(%s)", (change_set, ids)), order="e.id DESC")


def foresee(scope: ActorScope, some: list[Event]) -> list[Foreseen]:
    """What undoing these events, newest first, would do; the records are changed in memory only."""
    gone = undone([e.id for e in some])
    records = locked(scope, [e for e in some if e.id not in gone], lock=False)
    return list(_foreseen(scope, [e for e in some if e.id not in gone], records))


def _foreseen(scope: ActorScope, some: list[Event], records: dict[UUID, Any]) -> Iterator[Foreseen]:
    for event in some:
        try:
            rtype = type_of(event.record_type)
        except Missing:
            continue
        record = records.get(event.record_id)
        if record is None or record.merged or not undoable(event):
            yield Foreseen(event, rtype, "", None)
            continue
        verdict = judge(scope, rtype, record, event)
        yield Foreseen(event, rtype, rtype.title_for(record, scope.visible(rtype)), verdict, may(record, event))
        for name, (_now, old) in verdict.back.items():
            try:
                rtype.put(record, name, rtype.fields[name].from_plain(old))
            except Refused:
                continue
