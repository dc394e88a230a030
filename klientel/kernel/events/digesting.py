"""One turn of a tenant's consumers: events read, effects made, cursors moved, in one transaction.

An event that a consumer cannot digest is found by halving its batch, parked and reported. It never stops anything.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from uuid import UUID

from django.db import connection, transaction
from psycopg import errors

from klientel.kernel import writing
from klientel.kernel.events import cursors
from klientel.kernel.events.consumers import Consumer, Place, get
from klientel.kernel.events.event import Event, read
from klientel.kernel.events.models import Parked
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import current, quarantine

log = logging.getLogger("klientel.consumers")

BATCH = 500
PARKED = "parked"  # the queue whose wake rows stand for parked events, so that they can be counted over all tenants
TRANSIENT = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)


@dataclass(frozen=True)
class Turn:
    """What one turn left: events taken, whether more are ready, wait for a commit, or others hold cursors."""

    events: int = 0
    more: bool = False
    waiting: bool = False
    busy: bool = False


class Transient(Exception):
    """The database asks for another try; nothing is wrong with the events."""


class _Failed(Exception):
    """A consumer failed where nothing can be undone for it alone."""


#: what was read after a place, for the groups of consumers that stand there too: events never change
Seen = dict[Place, tuple[list[Event], Place, bool, bool]]


def turn(wanted: list[Consumer], *, patient: bool = True, seen: Seen | None = None) -> Turn:
    """Hand the current tenant's next events to these consumers; without patience no failure counts as passing.

    They are trusted first: a savepoint for each would cost more than most of them do. Where one fails, the whole
    transaction is undone and everything is done once more, each consumer in a savepoint of its own.
    """
    seen = {} if seen is None else seen
    try:
        return _turn(wanted, _trusting, seen)
    except _Failed:
        return _turn(wanted, partial(digest, patient=patient), seen)


def _turn(wanted: list[Consumer], hand: Callable[[Consumer, list[Event]], None], seen: Seen) -> Turn:
    with transaction.atomic():
        if any(c.outward for c in wanted) and quarantine.active():
            wanted = [c for c in wanted if not c.outward]
        places = cursors.lock(wanted)
        ready = sorted((c for c in wanted if c.name in places), key=lambda c: places[c.name], reverse=True)
        done = [_cohort(place, list(some), hand, seen) for place, some in groupby(ready, key=lambda c: places[c.name])]
    return Turn(
        sum(t.events for t in done), any(t.more for t in done), any(t.waiting for t in done), len(ready) < len(wanted)
    )


def _cohort(place: Place, some: list[Consumer], hand: Callable[[Consumer, list[Event]], None], seen: Seen) -> Turn:
    """Consumers that stand at the same place read the same events."""
    if place not in seen:
        seen[place] = cursors.following(place, BATCH)
    events, place, more, waiting = seen[place]
    if events:
        for one in some:
            hand(one, events)
        cursors.move([c.name for c in some], place)
    return Turn(len(events), more, waiting)


def _trusting(one: Consumer, events: list[Event]) -> None:
    try:
        one.fn(events)
    except Exception as error:
        raise (Transient if _lost() else _Failed) from error


def digest(one: Consumer, events: list[Event], *, patient: bool = True) -> None:
    """Hand events to a consumer; where it fails, park the one at fault."""
    try:
        with transaction.atomic():
            one.fn(events)
    except Exception as error:
        if _lost() or (patient and isinstance(error.__cause__, TRANSIENT)):
            raise Transient from error
        if len(events) == 1:
            _park(one, events[0], error)
            return
        middle = len(events) // 2
        for part in (events[:middle], events[middle:]):
            digest(one, part, patient=patient)


def _lost() -> bool:
    return connection.connection is None or connection.connection.closed


def _park(one: Consumer, event: Event, error: Exception) -> None:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    reason = f"{type(error).__name__} in {frame.name}, line {frame.lineno}"  # its text could name a person
    log.error("event parked", exc_info=error, extra={"consumer": one.name, "tenant": str(current())})
    with writing.door(), connection.cursor() as cursor:
        Parked(consumer=one.name, event_id=event.id, reason=reason[:300]).save(force_insert=True)
        cursor.execute("INSERT INTO kernel_wake (tenant_id, queue, due_at) VALUES (%s, %s, now())", [current(), PARKED])


def retry(parked_id: UUID) -> bool:
    """Hand a parked event to its consumer once more; whether it is digested now."""
    with transaction.atomic():
        parked = Parked.objects.select_for_update().get(pk=parked_id)
        events = read(Sql("e.id = %s", (parked.event_id,)))
        try:
            with transaction.atomic():
                get(parked.consumer).fn(events)
        except Exception as error:
            log.warning("parked event still fails", exc_info=error, extra={"consumer": parked.consumer})
            return False
        _unpark(parked)
        return True


def drop(parked_id: UUID) -> None:
    """Give a parked event up: its consumer never sees it."""
    with transaction.atomic():
        _unpark(Parked.objects.select_for_update().get(pk=parked_id))


def _unpark(parked: Parked) -> None:
    with writing.door(), connection.cursor() as cursor:
        parked.delete()
        cursor.execute(
            "DELETE FROM kernel_wake WHERE id ="
            " (SELECT id FROM kernel_wake WHERE tenant_id = %s AND queue = %s LIMIT 1)",
            [current(), PARKED],
        )
