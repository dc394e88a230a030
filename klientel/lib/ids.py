"""Primary keys: UUID version 7, sortable by the instant they were made (RFC 9562, section 5.7)."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from klientel.lib import clock

_lock = threading.Lock()
_last = 0
_stock: list[int] = []
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VARIANT = 0b10 << 62
_RANDOM_MASK = (1 << 62) - 1


def read_id(text: str) -> UUID | None:
    """The id that a text holds; none where it holds something else or nothing."""
    try:
        return UUID(text)
    except ValueError:
        return None


def uuid7() -> UUID:
    """A new id: strictly rising within a process, whatever the clock does, and safe across threads.

    48 bits of milliseconds, 12 bits of the fraction of the millisecond (RFC 9562, section 6.2, method 3),
    62 bits from the operating system's random source. Where the clock was turned back (`lib.clock`), ids are of the
    time it shows, and rise in what is told under it.
    """
    global _last
    hands = clock.turned()
    milliseconds, nanoseconds = divmod(hands.nanoseconds() if hands else time.time_ns(), 1_000_000)
    stamp = milliseconds << 12 | nanoseconds * 4096 // 1_000_000
    with _lock:
        if hands:
            hands.stamp = stamp = max(stamp, hands.stamp + 1)
        else:
            _last = stamp = max(stamp, _last + 1)
        random = _random()
    return _put_together(stamp, random & _RANDOM_MASK)


def uuid7s(n: int) -> list[str]:
    """The ids of ``n`` rows that nobody knows before they are written, as hexadecimal digits: of one instant, each one
    more than the one before. Ten times as fast as one by one, or as the database where that opens a file for each."""
    first = uuid7().int & ~(1 << 61)  # so that counting on never leaves the random bits
    return [f"{one:032x}" for one in range(first, first + n)]


def secrets(n: int) -> list[str]:
    """``n`` ids of which none tells anything about another one, as hexadecimal digits: 128 random bits each."""
    digits = os.urandom(16 * n).hex()
    return [digits[start : start + 32] for start in range(0, 32 * n, 32)]


def _random() -> int:
    """64 bits from the operating system, fetched by the page; under the lock."""
    global _stock
    if not _stock:
        page = os.urandom(2048)
        _stock = [int.from_bytes(page[start : start + 8], "big") for start in range(0, len(page), 8)]
    return _stock.pop()


def _forget() -> None:
    global _stock
    _stock = []


os.register_at_fork(after_in_child=_forget)  # two processes never share random bits


def uuid7_at(instant: datetime) -> UUID:
    """The lowest id that an instant (aware) can have: `id >= uuid7_at(t)` means made at t or later, to the
    millisecond.
    """
    if instant.tzinfo is None:
        raise ValueError("uuid7_at needs an aware datetime")
    milliseconds = (instant - _EPOCH) // timedelta(milliseconds=1)
    if not 0 <= milliseconds < 1 << 48:
        raise ValueError("the instant lies outside what a UUIDv7 can say")
    return _put_together(milliseconds << 12, 0)


def time_of(value: UUID) -> datetime:
    """The instant (UTC, millisecond precision) at which a UUIDv7 was made; ValueError for any other version."""
    if value.version != 7:
        raise ValueError(f"{value} is not a UUID of version 7")
    return _EPOCH + timedelta(milliseconds=value.int >> 80)


def _put_together(stamp: int, random: int) -> UUID:
    return UUID(int=(stamp >> 12) << 80 | 7 << 76 | (stamp & 0xFFF) << 64 | _VARIANT | random)
