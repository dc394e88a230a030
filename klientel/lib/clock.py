"""What time it is, for everything that is stamped by it: records, events, ids.

It is the time of the machine. Who tells a history afterwards (the demo does, nobody else) turns it back while telling:
what is then written says that it happened at that time, and the database notes beside it when it was recorded.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass
class Hands:
    """A clock that was turned: what it was set to, when (``time.monotonic_ns``), and the last stamp of an id."""

    instant: dt.datetime
    set_at: int
    stamp: int = 0

    def now(self) -> dt.datetime:
        """What it shows: it runs on from what it was set to."""
        return self.instant + dt.timedelta(microseconds=(time.monotonic_ns() - self.set_at) // 1000)

    def nanoseconds(self) -> int:
        """What it shows, in nanoseconds since 1970."""
        return (self.now() - _EPOCH) // _MICROSECOND * 1000


_hands: ContextVar[Hands | None] = ContextVar("hands", default=None)


def now() -> dt.datetime:
    """The instant that is now, in UTC."""
    hands = turned()
    return hands.now() if hands else dt.datetime.now(dt.UTC)


def turned() -> Hands | None:
    """The turned clock, where a history is being told; none where the time is that of the machine."""
    return _hands.get()


@contextmanager
def turned_back(to: dt.datetime) -> Iterator[Callable[[dt.datetime], None]]:
    """Within: the clock shows ``to`` (aware) and runs on; the function given sets it on to a later instant.

    It never goes back within one telling, so that ids rise as time does. ValueError for what lies ahead of now.
    """
    hands = Hands(_past(to), time.monotonic_ns())

    def turn(to: dt.datetime) -> None:
        hands.instant, hands.set_at = max(_past(to), hands.now()), time.monotonic_ns()

    token = _hands.set(hands)
    try:
        yield turn
    finally:
        _hands.reset(token)


def _past(instant: dt.datetime) -> dt.datetime:
    if instant > dt.datetime.now(dt.UTC):
        raise ValueError("a clock can only be turned back")
    return instant.astimezone(dt.UTC)
