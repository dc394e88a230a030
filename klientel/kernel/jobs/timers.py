"""Timers: columns that say when something is due. Never jobs in the far future.

``@timer("work.task.reminder", on="work.task", field="remind_at")`` over ``def remind(now) -> bool``: called inside the
tenant, in a transaction, when an instant has come that somebody set in the field; it does what is due and says whether
there is more. It must find by itself what is due, and must not do it twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from klientel.kernel.events import Event, consumer, on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.tenancy import current

QUEUE = "timers"
Due = Callable[[dt.datetime], bool]


@dataclass(frozen=True)
class Timer:
    """What is done when the instants in one field have come."""

    name: str
    on: str
    field: str
    due: Due


_timers: dict[str, Timer] = {}


def timer(name: str, *, on: str, field: str) -> Callable[[Due], Due]:
    """Declare a timer over a public date-time field of a record type."""

    def declare(fn: Due) -> Due:
        if name in _timers:
            raise RuntimeError(f"Two timers are called {name}")
        _timers[name] = Timer(name, on, field, fn)
        return fn

    return declare


@consumer("timers", recent=dt.timedelta(days=1))
def note_instants(events: list[Event]) -> None:
    """Where an instant was set, or a record came back from the trash: a wake row for then."""
    wanted: set[dt.datetime | None] = set()
    for one in _timers.values():
        for event in events:
            if event.record_type != one.on:
                continue
            if "archived_at" in event.changes:
                wanted.add(None)
            if instant := event.changes.get(one.field, [None, None])[1]:
                wanted.add(dt.datetime.fromisoformat(instant))
    for due_at in wanted:
        wake(current(), QUEUE, due_at)


@on_wake(QUEUE)
def fire() -> None:
    """Do what is due in the current tenant."""
    now = dt.datetime.now(dt.UTC)
    more = [one.due(now) for one in _timers.values()]  # every one of them, whatever the first says
    if any(more):
        wake(current(), QUEUE)
