"""Days, weeks and months as a calendar draws them: which days, where an instant stands, what stands beside what.

Weeks are those of ISO 8601: they begin on Monday. On the two days a year when the clocks change, every instant still
has a place of its own: an hour that comes twice is drawn twice, an hour that does not come is left open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DAY = dt.timedelta(days=1)
MINUTES = 24 * 60
SPANS = ("day", "week", "month", "agenda")
AGENDA_DAYS = 30


@dataclass(frozen=True)
class Period:
    """The days that are shown: from ``first`` to the day before ``after``; ``at`` is the day it was asked for."""

    span: str
    at: dt.date
    first: dt.date
    after: dt.date

    @property
    def days(self) -> list[dt.date]:
        """Every day of it."""
        return [self.first + DAY * n for n in range((self.after - self.first).days)]

    @property
    def weeks(self) -> list[list[dt.date]]:
        """Its days by weeks."""
        days = self.days
        return [days[n : n + 7] for n in range(0, len(days), 7)]

    def moved(self, steps: int) -> dt.date:
        """A day of the period so many steps later (earlier where negative); a month keeps to days that it has."""
        if self.span == "month":
            month = self.at.year * 12 + self.at.month - 1 + steps
            return dt.date(month // 12, month % 12 + 1, 1)
        return self.at + DAY * steps * {"day": 1, "week": 7, "agenda": AGENDA_DAYS}[self.span]


def period(span: str, at: dt.date) -> Period:
    """The day, week or month (in whole weeks) that ``at`` lies in; an agenda begins with it."""
    if span == "week":
        first = at - DAY * at.weekday()
        return Period(span, at, first, first + DAY * 7)
    if span == "month":
        begins = at.replace(day=1)
        last = (begins + DAY * 31).replace(day=1) - DAY
        return Period(span, at, begins - DAY * begins.weekday(), last + DAY * (7 - last.weekday()))
    return Period(span, at, at, at + DAY * (AGENDA_DAYS if span == "agenda" else 1))


def midnight(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """The first instant of a day in UTC (where midnight does not exist, the one after it)."""
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)


def days_on(instant: dt.datetime, days: int, zone: dt.tzinfo) -> dt.datetime:
    """The same time of the day so many days later in a zone, whatever the clocks do between, in UTC."""
    local = instant.astimezone(zone)
    return (local.replace(tzinfo=None) + DAY * days).replace(tzinfo=zone, fold=local.fold).astimezone(dt.UTC)


@dataclass(frozen=True)
class Axis:
    """The minutes of some days drawn side by side, from the top.

    ``again`` is where an hour comes twice on one of the days: the minute of the day it begins, and how many minutes.
    """

    zone: dt.tzinfo
    again: tuple[int, int] = (MINUTES, 0)

    @property
    def length(self) -> int:
        """How many minutes there are from top to bottom."""
        return MINUTES + self.again[1]

    def place(self, instant: dt.datetime) -> int:
        """How many minutes from the top an instant stands."""
        local = instant.astimezone(self.zone)
        minute, (begins, n) = local.hour * 60 + local.minute, self.again
        later = minute >= begins + n or (minute >= begins and local.fold == 1)
        return minute + n if later else minute

    def instant(self, day: dt.date, place: int) -> dt.datetime:
        """What stands there on that day, in UTC; an hour that the day does not have means the time after the change."""
        begins, n = self.again
        twice = begins + n <= place < begins + 2 * n
        minute = place - n if place >= begins + n else place
        day, minute = day + DAY * (minute // MINUTES), minute % MINUTES
        local = dt.datetime.combine(day, dt.time(minute // 60, minute % 60, fold=int(twice)), self.zone)
        return local.astimezone(dt.UTC)

    def open_at(self, day: dt.date) -> list[tuple[int, int]]:
        """The places on a day that no instant of it stands at: from, and how many minutes."""
        found, (begins, n) = [], self.again
        shift = _shift(day, self.zone)
        if n and (shift is None or shift[1] >= 0):
            found.append((begins + n, n))
        if shift is not None and shift[1] > 0:
            at = shift[0] - shift[1]
            found.append((at + n if at >= begins + n else at, shift[1]))
        return found

    def hours(self) -> list[tuple[int, str]]:
        """Where each hour begins, and how it is called."""
        begins, n = self.again
        once = [(h * 60 + (n if h * 60 >= begins + n else 0), f"{h:02}:00") for h in range(24)]
        twice = [(h * 60 + n, f"{h:02}:00") for h in range(24) if begins <= h * 60 < begins + n]
        return sorted(once + twice)


def axis(days: Iterable[dt.date], zone: dt.tzinfo) -> Axis:
    """The axis of these days; with a place for the hour that one of them has twice."""
    for day in days:
        shift = _shift(day, zone)
        if shift is not None and shift[1] < 0:
            return Axis(zone, (shift[0], -shift[1]))
    return Axis(zone)


def _shift(day: dt.date, zone: dt.tzinfo) -> tuple[int, int] | None:
    """When the clocks are changed on a day: the minute they are set to, and by how many minutes forward."""
    minute = dt.timedelta(minutes=1)  # clocks may be changed at midnight itself
    low, high = midnight(day, zone) - minute, midnight(day + DAY, zone) - minute
    before, after = low.astimezone(zone).utcoffset(), high.astimezone(zone).utcoffset()
    if before == after or before is None or after is None:
        return None
    while high - low > minute:
        middle = low + minute * ((high - low) // (2 * minute))
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    local = high.astimezone(zone)
    return local.hour * 60 + local.minute, (after - before) // minute


@dataclass(frozen=True)
class Lane:
    """Where one of several things at the same time stands: from ``n``, ``wide`` of ``of`` lanes."""

    n: int
    of: int
    wide: int


def lanes(spans: Sequence[tuple[int, int]]) -> list[Lane]:
    """Things that overlap stand side by side, each as wide as there is room: (begin, end) each, end not included."""
    made: list[Lane] = [Lane(0, 1, 1)] * len(spans)
    group: list[tuple[int, int]] = []  # index, lane
    ends: list[int] = []
    for at in sorted(range(len(spans)), key=lambda i: (spans[i][0], -spans[i][1])):
        begin, end = spans[at]
        if ends and begin >= max(ends):
            _close(made, group, spans, len(ends))
            group, ends = [], []
        lane = next((n for n, last in enumerate(ends) if last <= begin), len(ends))
        ends[lane : lane + 1] = [end]
        group.append((at, lane))
    _close(made, group, spans, len(ends))
    return made


def _close(made: list[Lane], group: list[tuple[int, int]], spans: Sequence[tuple[int, int]], of: int) -> None:
    for at, lane in group:
        begin, end = spans[at]
        right = [n for other, n in group if n > lane and spans[other][0] < end and spans[other][1] > begin]
        made[at] = Lane(lane, of, min(right, default=of) - lane)


def rows(spans: Sequence[tuple[int, int]]) -> list[int]:
    """The row of each bar that reaches from one day to another (both included), so that none covers another."""
    taken: list[set[int]] = []
    made = [0] * len(spans)
    for at in sorted(range(len(spans)), key=lambda i: (spans[i][0], spans[i][0] - spans[i][1])):
        days = set(range(spans[at][0], spans[at][1] + 1))
        row = next((n for n, full in enumerate(taken) if not days & full), len(taken))
        if row == len(taken):
            taken.append(set())
        taken[row] |= days
        made[at] = row
    return made
