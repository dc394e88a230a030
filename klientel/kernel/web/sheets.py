"""A sheet of a calendar: its days and weeks, and where each entry stands on them. The style sheet knows the places.

A place is three digits (a, b, c) that count five minutes from the top, so that no page carries styles of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from klientel.kernel.kinds import zone
from klientel.kernel.web import speech
from klientel.kernel.web.calendar import Entry
from klientel.lib.calendars import DAY, Axis, Period, axis, lanes, midnight, rows

STEP = 5  # minutes of one place
LEAST = 25  # minutes that a thing is drawn at least
LANES = 8  # things side by side that still have a place of their own
BARS = 4  # rows of a week in a month; what has no room is counted


@dataclass(frozen=True)
class Drawn:
    """An entry at its place: the classes that put it there, its time in words, and the day it stands on."""

    entry: Entry
    css: str
    time: str
    day: dt.date
    place: int = 0
    minutes: int = 0


@dataclass
class Day:
    """One day of a sheet."""

    date: dt.date
    url: str
    festive: str = ""
    inside: bool = True  # of the month that is shown
    open: list[str] = field(default_factory=list)  # hours that it does not have
    now: str = ""
    timed: list[Drawn] = field(default_factory=list)
    listed: list[Drawn] = field(default_factory=list)  # all of its entries, for the agenda
    more: int = 0

    @property
    def today(self) -> bool:
        """Whether it is this day."""
        return self.date == timezone.localdate()

    @property
    def short(self) -> str:
        """The name of the day of the week."""
        return date_format(self.date, "D").rstrip(".")

    @property
    def said(self) -> str:
        """The day in words."""
        return date_format(self.date, "l, j. F Y") if speech.language() == "de" else date_format(self.date, "l, j F Y")


@dataclass
class Week:
    """Days side by side, with the bars that reach over them."""

    days: list[Day]
    url: str
    bars: list[Drawn] = field(default_factory=list)
    height: int = 0

    @property
    def number(self) -> str:
        """The number of the week (ISO 8601)."""
        return _("Week %(n)d") % {"n": self.days[0].date.isocalendar().week}


@dataclass
class Sheet:
    """What is drawn."""

    period: Period
    weeks: list[Week]
    axis: Axis
    hours: list[tuple[str, str]]

    @property
    def days(self) -> list[Day]:
        """All its days."""
        return list(chain.from_iterable(w.days for w in self.weeks))

    @property
    def title(self) -> str:
        """Which days these are, in words."""
        first, last, span = self.period.first, self.period.after - DAY, self.period.span
        if span == "month":
            return date_format(self.period.at, "F Y")
        if span == "day":
            return self.days[0].said
        day = "j. F" if speech.language() == "de" else "j F"
        year = f"{date_format(last, day)} {last.year}"
        if first.month == last.month and span == "week":
            return f"{date_format(first, 'j.' if speech.language() == 'de' else 'j')}–{year}"
        return f"{date_format(first, day)} – {year}"


def digits(letter: str, minutes: int) -> str:
    """The classes of a place, or of a height."""
    n = minutes // STEP
    return f"{letter}a{n // 100} {letter}b{n // 10 % 10} {letter}c{n % 10}"


def sheet(
    period: Period, entries: list[Entry], url: Callable[[str, dt.date], str], festive: dict[dt.date, str]
) -> Sheet:
    """The sheet of a period; ``url`` gives the address of another one."""
    here = axis(period.days, zone()) if period.span in ("day", "week") else Axis(zone())
    weeks = [_week(period, days, here, url, festive) for days in _rows(period)]
    made = Sheet(period, weeks, here, [(digits("t", at), label) for at, label in here.hours()])
    for week in made.weeks:
        _fill(week, period, here, entries)
    return made


def _rows(period: Period) -> list[list[dt.date]]:
    return period.weeks if period.span in ("week", "month") else [period.days]


def _week(
    period: Period, days: list[dt.date], here: Axis, url: Callable[[str, dt.date], str], festive: dict[dt.date, str]
) -> Week:
    made = []
    for date in days:
        inside = period.span != "month" or date.month == period.at.month
        hidden = [f"{digits('t', at)} {digits('h', n)}" for at, n in here.open_at(date)]
        made.append(Day(date, url("day", date), festive.get(date, ""), inside, hidden))
        if made[-1].today:
            made[-1].now = digits("t", here.place(timezone.now()))
    return Week(made, url("week", days[0]))


def _fill(week: Week, period: Period, here: Axis, entries: list[Entry]) -> None:
    first, last = week.days[0].date, week.days[-1].date
    mine = [e for e in entries if e.first <= last and e.last >= first]
    for day in week.days:
        of_day = [e for e in mine if e.first <= day.date <= e.last]
        of_day.sort(key=lambda e: (e.start is not None, e.start or midnight(e.first, zone()), e.row.title))
        day.listed = [Drawn(e, "", said(e, day.date), day.date) for e in of_day]
        if period.span in ("day", "week"):
            day.timed = _timed([e for e in of_day if not e.whole_days], day.date, here)
    if period.span == "agenda":
        return
    bars = mine if period.span == "month" else [e for e in mine if e.whole_days]
    bars.sort(key=lambda e: (e.first - e.last, e.start is not None, e.start or midnight(e.first, zone()), e.row.title))
    spans = [(max(0, (e.first - first).days), min((e.last - first).days, len(week.days) - 1)) for e in bars]
    for one, (left, right), row in zip(bars, spans, rows(spans), strict=True):
        if period.span == "month" and row >= BARS:
            for n in range(left, right + 1):
                week.days[n].more += 1
            continue
        week.height = max(week.height, row + 1)
        ends = " from" * (one.first < first) + " on" * (one.last > last)
        css = f"d{left + 1} s{right - left + 1} r{min(row, 30) + 1}{ends}{'' if one.whole_days else ' dot'}"
        week.bars.append(Drawn(one, css, said(one, week.days[left].date), week.days[left].date))


def _timed(entries: list[Entry], day: dt.date, here: Axis) -> list[Drawn]:
    begin, after = midnight(day, here.zone), midnight(day + DAY, here.zone)
    spans = []
    for one in entries:
        assert one.start is not None
        assert one.end is not None
        top = 0 if one.start <= begin else here.place(one.start)
        end = here.length if one.end >= after else here.place(one.end)
        spans.append((min(top, here.length - LEAST), end))
    seen = [(top, max(end, top + LEAST)) for top, end in spans]
    made = []
    for one, (top, end), (_top, bottom), lane in zip(entries, spans, seen, lanes(seen), strict=True):
        n = min(lane.n, LANES - 1)
        wide = max(1, min(lane.wide, LANES - n))
        css = f"{digits('t', top)} {digits('h', bottom - top)} i{n} n{min(lane.of, LANES)} w{wide}"
        short = " short" if bottom - top < 45 else ""
        made.append(Drawn(one, css + short, said(one, day), day, top, max(end - top, STEP)))
    return made


def said(entry: Entry, day: dt.date) -> str:
    """When an entry is on a day, in words: its hours, as far as they lie on that day; nothing for whole days."""
    if entry.start is None or entry.end is None:
        return ""
    begins, ends = speech.clock(entry.start), speech.clock(entry.end)
    if entry.first < day:
        return pgettext("time of day", "until %(time)s") % {"time": ends} if entry.last == day else ""
    if entry.last > day:
        return pgettext("time of day", "from %(time)s") % {"time": begins}
    return f"{begins}–{ends}" if ends != begins else begins


def spoken(entry: Entry) -> str:
    """When an entry is, in words."""
    day = date_format(entry.first, "D j. M" if speech.language() == "de" else "D j M")
    time = said(entry, entry.first)
    return f"{day}, {time}" if time else day
