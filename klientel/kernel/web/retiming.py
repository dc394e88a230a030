"""An entry of a calendar put to another time: what that changes in its record, and what it then meets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import Row
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import zone
from klientel.kernel.records import RecordType
from klientel.kernel.records.calendar import Calendar
from klientel.kernel.web.calendar import Entry, entry, read
from klientel.lib.calendars import Axis, days_on, period

LEAST = dt.timedelta(minutes=5)
MET = 3


def changes(rtype: RecordType, calendar: Calendar, record: Any, sent: Mapping[str, str], axis: Axis) -> dict[str, Any]:
    """The fields that change: ``day`` is where it goes (ISO), ``place`` the minutes from the top it begins at then,
    ``until`` those it ends at; without either it goes to the same time of that day."""
    day, begins = _day(sent.get("day", "")), rtype.value(record, calendar.start)
    if begins is None:
        raise Refused("no_time", _("This has no time that could be moved."), calendar.start)
    if not isinstance(begins, dt.datetime):
        return {calendar.start: day}
    ends = rtype.value(record, calendar.end) if calendar.end else None
    if sent.get("until"):
        return _until(calendar, begins, axis.instant(day, _minutes(sent["until"])))
    if sent.get("place"):
        start = axis.instant(day, _minutes(sent["place"]))
        return {calendar.start: start} | ({calendar.end: start + (ends - begins)} if ends else {})
    here = zone()
    shift = (day - begins.astimezone(here).date()).days
    return {calendar.start: days_on(begins, shift, here)} | ({calendar.end: days_on(ends, shift, here)} if ends else {})


def _until(calendar: Calendar, begins: dt.datetime, ends: dt.datetime) -> dict[str, Any]:
    if ends - begins < LEAST:
        raise Refused("too_short", _("The end lies before the beginning."), calendar.end or None)
    if calendar.end:
        return {calendar.end: ends}
    if calendar.minutes:
        return {calendar.minutes: (ends - begins) // dt.timedelta(minutes=1)}
    raise Refused("no_end", _("This has no end that could be moved."))


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Refused("not_a_date", _("Please enter a date, such as 21.11.2026."), "day") from None


def _minutes(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 26 * 60:
        raise Refused("not_a_time", _("Please enter date and time, such as 21.11.2026 14:05."), "place")
    return int(text)


def as_entry(scope: ActorScope, rtype: RecordType, calendar: Calendar, record: Any) -> Entry:
    """A record as it stands in the calendar."""
    seen = scope.visible(rtype)
    fields = (calendar.start, calendar.end, calendar.minutes, calendar.all_day, calendar.people, calendar.over, "owner")
    values = {n: rtype.value(record, n) for n in fields if n in seen}
    return entry(rtype, Row(record.pk, record.version, rtype.title_for(record, seen), values), calendar)


def meets(scope: ActorScope, at: Entry) -> list[str]:
    """What else the people of an entry have at its time, as far as the actor sees it: things with an end only."""
    calendar = at.rtype.calendar
    if calendar is None or not calendar.end or at.start is None or at.end is None or not at.who:
        return []
    others, _more = read(scope, at.rtype, period("day", at.first), people=at.who)
    met = [
        e.row.title
        for e in others
        if e.row.id != at.row.id and e.start and e.end and e.start < at.end and e.end > at.start
    ]
    return met[:MET]
