"""One person's calendar as other programs subscribe to it (RFC 5545)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from uuid import UUID

from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from klientel.kernel.access import ActorScope
from klientel.kernel.kinds import today
from klientel.kernel.records import RecordType
from klientel.kernel.web.calendar import Entry, calendar_types, read
from klientel.lib.calendars import DAY, Period

BEFORE, AFTER = 30, 365  # days that a feed tells
MOST = 1000
#: only these take somebody's time; a task and the end of a deal stand in the calendar, and the day stays free
TAKES_TIME = ("work.meeting", "work.call")


def feed(scope: ActorScope, me: UUID, name: str, url: Callable[[RecordType, UUID], str], *, busy: bool) -> bytes:
    """The feed of one person: what they have, or only when they are busy. The same content is the same bytes."""
    made = Calendar()
    made.add("prodid", "-//Klientel//Calendar//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", name)
    made.add("x-published-ttl", "PT15M")
    for one, cancelled in _entries(scope, me, busy=busy):
        made.add_component(_event(one, url, busy=busy, cancelled=cancelled))
    return bytes(made.to_ical())


def _entries(scope: ActorScope, me: UUID, *, busy: bool) -> Iterator[tuple[Entry, bool]]:
    day = today()
    days = Period("feed", day, day - DAY * BEFORE, day + DAY * AFTER)
    for rtype in calendar_types(scope):
        if busy and rtype.key not in TAKES_TIME:
            continue
        for gone in (False, True):
            found, _more = read(scope, rtype, days, people=[me], also=("changed_at", "place"), archived=gone, most=MOST)
            yield from ((one, gone) for one in found)


def _event(one: Entry, url: Callable[[RecordType, UUID], str], *, busy: bool, cancelled: bool) -> Event:
    made = Event()
    made.add("uid", f"{one.row.id}@klientel")
    stamp = (one.row.values.get("changed_at") or dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).astimezone(dt.UTC)
    made.add("dtstamp", stamp)
    made.add("last-modified", stamp)
    made.add("sequence", one.row.version)
    if one.start is None or one.end is None:
        made.add("dtstart", one.first)
        made.add("dtend", one.last + DAY)
    else:
        made.add("dtstart", one.start.astimezone(dt.UTC))
        made.add("dtend", one.end.astimezone(dt.UTC))
    made.add("summary", _("busy") if busy else one.row.title)
    made.add("transp", "OPAQUE" if one.rtype.key in TAKES_TIME else "TRANSPARENT")
    made.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    if busy:
        made.add("class", "PRIVATE")
        return made
    if place := one.row.values.get("place"):
        made.add("location", place)
    made.add("categories", [str(one.rtype.label)])
    made.add("url", url(one.rtype, one.row.id))
    return made
