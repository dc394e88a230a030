"""Time that counts: minutes within the working hours of a place, without its days off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterator
from dataclasses import dataclass

MOST_DAYS = 3700  # beyond that nobody works any more
NOON = dt.time(12)


@dataclass(frozen=True)
class Hours:
    """When somebody works: weekdays (Monday is 0), from and until in local time of ``zone``, days off.

    ``short`` are days of each year, as month and day, on which work ends at noon. Without weekdays every minute of the
    calendar counts.
    """

    zone: dt.tzinfo
    weekdays: frozenset[int] = frozenset()
    opens: dt.time = dt.time(9)
    closes: dt.time = dt.time(17)
    off: Container[dt.date] = frozenset()
    short: frozenset[tuple[int, int]] = frozenset()

    def _windows(self, begin: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """The stretches of work from an instant on, in UTC: clocks that are put forward or back do not matter."""
        first = begin.astimezone(self.zone).date()
        for n in range(MOST_DAYS):
            day = first + dt.timedelta(days=n)
            if day.weekday() not in self.weekdays or day in self.off:
                continue
            end = min(self.closes, NOON) if (day.month, day.day) in self.short else self.closes
            opens, closes = (dt.datetime.combine(day, at, self.zone).astimezone(dt.UTC) for at in (self.opens, end))
            if closes > max(begin, opens):
                yield max(opens, begin), closes

    def after(self, begin: dt.datetime, minutes: int) -> dt.datetime:
        """The instant when so many minutes of work have passed since ``begin``."""
        left = dt.timedelta(minutes=minutes)
        if not self.weekdays or self.opens >= self.closes:
            return begin + left
        for opens, closes in self._windows(begin.astimezone(dt.UTC)):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        return begin + left

    def between(self, begin: dt.datetime, end: dt.datetime) -> int:
        """How many whole minutes of work lie between two instants."""
        if not self.weekdays or self.opens >= self.closes:
            return max(0, int((end - begin).total_seconds() // 60))
        total, last = dt.timedelta(), end.astimezone(dt.UTC)
        for opens, closes in self._windows(begin.astimezone(dt.UTC)):
            if opens >= last:
                break
            total += min(closes, last) - opens
        return int(total.total_seconds() // 60)
