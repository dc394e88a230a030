"""Who reacts to events. A consumer is a function that takes some events, in the transaction that moves its cursor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from klientel.kernel.events.event import Event

Reaction = Callable[[list[Event]], None]
Handler = Callable[[], None]


@dataclass(frozen=True)
class Consumer:
    """One reaction to events, with a cursor of its own in every tenant."""

    name: str
    fn: Reaction
    group: str  # the consumers of one group share a transaction; a slow one belongs in a group of its own
    recent: dt.timedelta | None  # a new one begins this far back, not with the tenant's first event
    outward: bool  # reaches outside: stands still while the tenant is in quarantine


_consumers: dict[str, Consumer] = {}
_handlers: dict[str, Handler] = {}


def consumer(
    name: str, *, group: str = "quick", recent: dt.timedelta | None = None, outward: bool = False
) -> Callable[[Reaction], Reaction]:
    """Declare a consumer: ``@consumer("scoring") def score(events): …``, called inside the tenant.

    It is handed public values only; who needs personal ones reads them. What it writes is undone with the cursor,
    so every effect happens once. An event that it cannot digest is parked.
    """

    def declare(fn: Reaction) -> Reaction:
        if name in _consumers:
            raise RuntimeError(f"Two consumers are called {name}")
        _consumers[name] = Consumer(name, fn, group, recent, outward)
        return fn

    return declare


def on_wake(queue: str) -> Callable[[Handler], Handler]:
    """Declare what is done in a tenant when a wake row of this queue is due, in the transaction that deletes it."""

    def declare(fn: Handler) -> Handler:
        if queue in _handlers:
            raise RuntimeError(f"Two handlers serve the queue {queue}")
        _handlers[queue] = fn
        return fn

    return declare


def consumers() -> list[Consumer]:
    """Every consumer, in a steady order."""
    return [_consumers[name] for name in sorted(_consumers)]


def get(name: str) -> Consumer:
    """The consumer of this name."""
    return _consumers[name]


def handlers() -> dict[str, Handler]:
    """What is done for each queue of wake rows, beside the events."""
    return dict(_handlers)


NOWHERE = UUID(int=0)


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A place in the order in which events took effect."""

    epoch: int = 0
    xid: int = 0
    event_id: UUID = NOWHERE
