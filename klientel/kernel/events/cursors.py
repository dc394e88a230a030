"""How far each consumer has read a tenant's events, and what comes next.

Ids are given before commit, so a younger id may become visible first. The order is that of transactions
(epoch, xid, id), and only what lies below the oldest transaction still running is handed out: nothing can
appear there any more.

The planner takes a comparison of rows for one of their first columns. As all events are of one epoch, it expects none
after any place, and would sort a whole backlog again for every batch. So reading in order forbids it to sort: it walks
along the index, and a batch costs the same whatever lies behind it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection

from klientel.kernel.events.consumers import Consumer, Place
from klientel.kernel.events.event import Event, from_row
from klientel.kernel.sql import loaded
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7, uuid7_at

_LOCK = """
SELECT consumer, epoch, xid, coalesce(event_id, '00000000-0000-0000-0000-000000000000') FROM kernel_cursor
WHERE tenant_id = %s AND consumer = ANY(%s) ORDER BY consumer FOR UPDATE SKIP LOCKED
"""
_BEGIN = """
INSERT INTO kernel_cursor (id, tenant_id, consumer, epoch, xid, event_id, moved_at)
VALUES (%s, %s, %s, %s, %s, %s, now()) ON CONFLICT DO NOTHING RETURNING 1
"""
_MOVE = """
UPDATE kernel_cursor SET epoch = %s, xid = %s, event_id = %s, moved_at = now()
WHERE tenant_id = %s AND consumer = ANY(%s)
"""
_LAST_BEFORE = """
SELECT epoch, xid::text::bigint, id FROM kernel_event WHERE tenant_id = %s AND id < %s
ORDER BY epoch DESC, xid DESC, id DESC LIMIT 1
"""
_NEXT = """
SELECT e.id, e.at, e.kind, e.actor, e.actor_name, e.record_type, e.record_id, e.cause, e.change_set, e.undoes,
    e.parameters, e.changes, e.fields, e.epoch, e.xid::text::bigint,
    e.xid < h.xid OR e.epoch < i.epoch
FROM kernel_event e, kernel_installation i, ({horizon}) h
WHERE e.tenant_id = %s AND (e.epoch, e.xid, e.id) > (%s, %s::xid8, %s::uuid)
ORDER BY e.epoch, e.xid, e.id LIMIT %s
"""
_HORIZON = "SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid"
_HORIZON_HERE = """
SELECT least(min(x) FILTER (WHERE x::text <> ALL(%s)), pg_snapshot_xmax(pg_current_snapshot()),
    pg_current_xact_id()) AS xid
FROM pg_snapshot_xip(pg_current_snapshot()) x
"""
_ELSEWHERE = """
SELECT l.transactionid::text::bigint FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND a.datname <> current_database()
"""
_OLDEST = """
SELECT e.recorded_at FROM kernel_event e
WHERE e.tenant_id = %s AND (e.epoch, e.xid, e.id) > (%s, %s::xid8, %s::uuid)
ORDER BY e.epoch, e.xid, e.id LIMIT 1
"""


def _in_order(cursor: Any, statement: str, params: list[Any]) -> list[tuple[Any, ...]]:
    """Rows that are read along an index, in the open transaction, instead of sorting what is found; on one way."""
    cursor.execute(f"SET LOCAL enable_sort = off; {statement}; SET LOCAL enable_sort = on", params)
    cursor.nextset()
    return list(cursor.fetchall())


def lock(wanted: list[Consumer]) -> dict[str, Place]:
    """Take the cursors that no other process holds, until the transaction ends; a new consumer gets one."""
    names = [c.name for c in wanted]
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [current(), names])
        found = {row[0]: Place(row[1], row[2], row[3]) for row in cursor.fetchall()}
        for one in wanted:
            if one.name not in found:
                place = _start(one)
                cursor.execute(_BEGIN, [uuid7(), current(), one.name, place.epoch, place.xid, place.event_id])
                if cursor.fetchone() is not None:
                    found[one.name] = place
    return found


def _start(one: Consumer) -> Place:
    if one.recent is None:
        return Place()
    with connection.cursor() as cursor:
        rows = _in_order(cursor, _LAST_BEFORE, [current(), uuid7_at(dt.datetime.now(dt.UTC) - one.recent)])
    return Place(*rows[0]) if rows else Place()


def move(names: list[str], place: Place) -> None:
    """Everything up to ``place`` took effect."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [place.epoch, place.xid, place.event_id, current(), names])


def following(place: Place, limit: int) -> tuple[list[Event], Place, bool, bool]:
    """The events after ``place``, the place of the last, whether there are more, and whether some wait for a commit.

    Those that wait are visible already, but a transaction that began earlier still runs and may yet add before them.
    Transactions of other databases of the same server add nothing here; they are passed over where they matter.
    """
    with connection.cursor() as cursor:
        rows = _rows(cursor, place, limit, None)
        if rows and not rows[-1][-1]:
            rows = _rows(cursor, place, limit, _elsewhere(cursor))
    settled = [row for row in rows if row[-1]]
    if settled:
        place = Place(settled[-1][13], settled[-1][14], settled[-1][0])
    waiting = len(settled) < len(rows)
    return [_event(row) for row in settled], place, len(rows) == limit and not waiting, waiting


def _rows(cursor: Any, place: Place, limit: int, elsewhere: list[str] | None) -> list[tuple[Any, ...]]:
    """``elsewhere`` was found by an earlier statement than this one, so it cannot hide who has just committed."""
    statement = _NEXT.format(horizon=_HORIZON if elsewhere is None else _HORIZON_HERE)
    before = [] if elsewhere is None else [elsewhere]
    return _in_order(cursor, statement, [*before, current(), place.epoch, str(place.xid), place.event_id, limit])


def _elsewhere(cursor: Any) -> list[str]:
    """Transactions that run in other databases of this server: whatever becomes of them, they write nothing here."""
    cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    high = int(cursor.fetchone()[0])
    cursor.execute(_ELSEWHERE)
    return [str(_whole(row[0], high)) for row in cursor.fetchall()]


def _whole(short: int, high: int) -> int:
    """A transaction's number with the turns of the 32-bit counter that pg_locks leaves out."""
    turn = 1 << 32
    found = high - high % turn + short
    return found - turn if found > high + turn // 2 else found


def _event(row: tuple[Any, ...]) -> Event:
    """Personal values are not read here, only named."""
    event = from_row(row, loaded(row[11]) or {})
    event.private = frozenset(row[12]).difference(event.changes)
    return event


def oldest_unread(names: list[str]) -> dt.datetime | None:
    """When the first event was recorded, in the current tenant, that not all of these consumers have read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT epoch, xid, coalesce(event_id, '00000000-0000-0000-0000-000000000000') FROM kernel_cursor"
            " WHERE tenant_id = %s AND consumer = ANY(%s)",
            [current(), names],
        )
        places = [Place(*row) for row in cursor.fetchall()]
        first = min(places) if len(places) == len(names) else Place()
    with connection.cursor() as cursor:
        rows = _in_order(cursor, _OLDEST, [current(), first.epoch, str(first.xid), first.event_id])
    return rows[0][0] if rows else None
