"""Keeps the stays of deals in their stages, from the events of deals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db import connection

from klientel.kernel.events import Event, consumer
from klientel.kernel.tenancy import current

Move = tuple[UUID, UUID | None, UUID | None, dt.datetime]  # deal, from, to, when

#: nobody changes these deals until their stays are written: the sums of stays hang on both
_HOLD = "SELECT FROM sales_deal WHERE tenant_id = %s AND id = ANY(%s) ORDER BY id FOR SHARE"
_LEFT = """
UPDATE sales_stay s SET left_at = m.at,
  seconds = s.seconds + greatest(0, extract(epoch FROM m.at - s.entered_at))::bigint
FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS m (deal, stage, at)
WHERE s.tenant_id = %s AND s.deal = m.deal AND s.stage = m.stage AND s.left_at IS NULL
"""
_ENTERED = """
INSERT INTO sales_stay (id, tenant_id, deal, stage, entered_at, seconds, passed)
SELECT uuidv7(), %s, m.deal, m.stage, m.at, 0, false
FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS m (deal, stage, at)
ON CONFLICT (tenant_id, deal, stage) DO UPDATE SET entered_at = EXCLUDED.entered_at, left_at = NULL, passed = false
"""
_PASSED = """
INSERT INTO sales_stay (id, tenant_id, deal, stage, entered_at, left_at, seconds, passed)
SELECT uuidv7(), %s, m.deal, before.id, m.at, m.at, 0, true
FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS m (deal, stage, at)
JOIN sales_stage here ON here.tenant_id = %s AND here.id = m.stage AND here.outcome <> 'lost'
JOIN sales_stage before ON before.tenant_id = %s AND before.pipeline = here.pipeline AND before.outcome = 'open'
  AND before.position < here.position AND before.archived_at IS NULL
ON CONFLICT (tenant_id, deal, stage) DO NOTHING
"""


@consumer("sales.stays", group="sales.stays")
def keep_stays(events: list[Event]) -> None:
    """Close the stay that a deal left and begin the one it entered; four statements for any number of deals."""
    every = list(_moves(events))
    if every:
        with connection.cursor() as cursor:
            cursor.execute(_HOLD, [current(), [deal for deal, *_rest in every]])
    for moves in rounds(every):
        _leave([m for m in moves if m[1] is not None])
        _enter([m for m in moves if m[2] is not None])


def _moves(events: list[Event]) -> Iterator[Move]:
    for event in events:
        if event.record_type == "sales.deal" and "stage" in event.changes:
            old, new = event.changes["stage"]
            yield event.record_id, old and UUID(old), new and UUID(new), event.at


def rounds(moves: Iterable[Move]) -> Iterator[list[Move]]:
    """The first moves of all deals, then their second ones, and so on: in each no deal stands twice."""
    waiting: dict[UUID, list[Move]] = {}
    for move in moves:
        waiting.setdefault(move[0], []).append(move)
    place = 0
    while found := [some[place] for some in waiting.values() if place < len(some)]:
        yield found
        place += 1


def _leave(moves: list[Move]) -> None:
    if moves:
        with connection.cursor() as cursor:
            cursor.execute(_LEFT, [*_columns(moves, 1), current()])


def _enter(moves: list[Move]) -> None:
    if moves:
        with connection.cursor() as cursor:
            cursor.execute(_PASSED, [current(), *_columns(moves, 2), current(), current()])
            cursor.execute(_ENTERED, [current(), *_columns(moves, 2)])


def _columns(moves: list[Move], stage: int) -> tuple[list[object], list[object], list[object]]:
    return [m[0] for m in moves], [m[stage] for m in moves], [m[3] for m in moves]
