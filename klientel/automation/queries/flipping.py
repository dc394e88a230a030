"""Workflows that undo each other: one sets a field, another sets it back, and neither knows of the other.

A chain of causes does not show it where each has a reason of its own (two independent rules, see
`docs/decisions/`): so what workflows did to a field of a record lately is looked at.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from itertools import pairwise
from typing import Any
from uuid import UUID

from klientel.kernel import events
from klientel.kernel.events import Event
from klientel.kernel.sql import Sql
from klientel.lib import clock
from klientel.lib.ids import uuid7_at

WINDOW = dt.timedelta(minutes=10)
MOST_FLIPS = 3


def flipping(some: list[Event]) -> dict[UUID, tuple[UUID, str]]:
    """Workflows that set a field to and fro, with the record and field, as far as these events are part of it."""
    touched = {e.record_id for e in some if e.actor.startswith("workflow:") and (e.changes or e.private)}
    if not touched:
        return {}
    first = uuid7_at(clock.now() - WINDOW)
    where = Sql(
        "e.record_id = ANY(%s) AND e.id >= %s AND e.id IN (SELECT a.event_id FROM kernel_about a"
        " WHERE a.tenant_id = e.tenant_id AND a.record_id = ANY(%s) AND a.at >= %s)",
        (list(touched), first, list(touched), clock.now() - WINDOW),
    )
    past: dict[tuple[UUID, str], list[tuple[Any, Any, UUID | None]]] = defaultdict(list)
    for event in events.read(where):
        who = UUID(event.actor.removeprefix("workflow:")) if event.actor.startswith("workflow:") else None
        for name, (old, new) in event.changes.items():
            past[event.record_id, name].append((old, new, who))
    found: dict[UUID, tuple[UUID, str]] = {}
    for (record, name), changes in past.items():
        if len(by := flippers(changes)) > 0:
            found |= dict.fromkeys(by, (record, name))
    return found


def flippers(changes: list[tuple[Any, Any, UUID | None]]) -> set[UUID]:
    """Of changes (old, new, workflow) of one field, in order: who took part where it came back three times or more."""
    back: list[UUID] = []
    others: list[UUID] = []
    for (before, _value, first), (_old, after, by) in pairwise(changes):
        if after == before and by is not None:
            back.append(by)
            others += [first] if first is not None else []
    return {*back, *others} if len(back) >= MOST_FLIPS else set()
