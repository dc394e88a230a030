"""What stands in a calendar: records of one or several types in some days, under the rights of who looks.

One statement for each type, by the index of its beginning, so that the cost is flat in the number of records.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from klientel.kernel.access import ActorScope, allowed
from klientel.kernel.access.reading import Row, select
from klientel.kernel.errors import Missing
from klientel.kernel.kinds import Date, zone
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.records.calendar import Calendar
from klientel.kernel.sql import both
from klientel.lib.calendars import DAY, Period, midnight

MOST = 500  # entries of one type; more are said to be more
PEOPLE = 40
#: the grant that lets somebody know when others are taken, and not by what
BUSY = "busy"


@dataclass
class Entry:
    """One thing in a calendar. ``first`` and ``last`` are its days; a thing of whole days has no instants."""

    rtype: RecordType
    row: Row
    start: dt.datetime | None
    end: dt.datetime | None
    first: dt.date
    last: dt.date
    who: tuple[UUID, ...] = ()
    over: bool = False
    busy: bool = False  # only that somebody is taken is known

    @property
    def whole_days(self) -> bool:
        """Whether it stands above the hours: it has none, or it goes on for a day or more."""
        return self.start is None or self.end is None or self.end - self.start >= DAY

    @property
    def key(self) -> str:
        """What pages call it by."""
        return f"{self.rtype.slug}/{self.row.id}"


def calendar_of(rtype: RecordType, scope: ActorScope) -> Calendar:
    """The calendar of a type; there is none where the field of its beginning is hidden."""
    if rtype.calendar is None or rtype.calendar.start not in scope.visible(rtype):
        raise Missing("no_calendar", _("There is no calendar of these records."))
    return rtype.calendar


def calendar_types(scope: ActorScope) -> list[RecordType]:
    """The types that have a calendar this actor may look at."""
    return scope.known("calendars", lambda: [t for t in all_types() if _shown(t, scope)])


def _shown(rtype: RecordType, scope: ActorScope) -> bool:
    return rtype.calendar is not None and scope.may(rtype, "view") and rtype.calendar.start in scope.visible(rtype)


def read(
    scope: ActorScope,
    rtype: RecordType,
    days: Period,
    *,
    where: Any = None,
    people: Iterable[UUID] = (),
    also: Iterable[str] = (),
    archived: bool = False,
    most: int = MOST,
) -> tuple[list[Entry], bool]:
    """The entries of one type in these days, and whether there are more of them; of these people only, where named.

    ``also`` are further fields of their rows; ``archived`` asks for those in the recycle bin."""
    calendar, seen = calendar_of(rtype, scope), scope.visible(rtype)
    wanted = (calendar.start, calendar.end, calendar.minutes, calendar.all_day, calendar.people, calendar.over)
    columns = [n for n in dict.fromkeys((*wanted, "owner", *also)) if n in seen]
    parts = [within(rtype, calendar, seen, days), *([where] if where else []), *_of(calendar, seen, people)]
    page = select(
        scope, rtype, columns=columns, where={"all": parts}, sort=calendar.start, limit=most, archived=archived
    )
    made = [entry(rtype, row, calendar) for row in page.rows]
    return [e for e in made if e.first < days.after and e.last >= days.first], page.after is not None


def within(rtype: RecordType, calendar: Calendar, seen: Any, days: Period) -> dict[str, Any]:
    """The condition of what stands in these days."""
    if isinstance(rtype.fields[calendar.start], Date):
        last = days.after - DAY
        return {"field": calendar.start, "op": "between", "value": [days.first.isoformat(), last.isoformat()]}
    first, after = (midnight(d, zone()).isoformat() for d in (days.first, days.after))
    if calendar.end not in seen:
        return {"field": calendar.start, "op": "between", "value": [_earlier(days, 1), after]}
    here = {"field": calendar.start, "op": "between", "value": [first, after]}
    long = {"field": calendar.start, "op": "between", "value": [_earlier(days, calendar.longest), after]}
    return {"all": [long, {"any": [here, {"field": calendar.end, "op": "after", "value": first}]}]}


def _earlier(days: Period, n: int) -> str:
    return midnight(days.first - DAY * n, zone()).isoformat()


def _of(calendar: Calendar, seen: Any, people: Iterable[UUID]) -> list[Any]:
    some = [str(p) for p in people]
    if not some:
        return []
    ways: list[Any] = [{"field": "owner", "op": "one_of", "value": some}] if "owner" in seen else []
    if calendar.people in seen:
        ways.append({"field": calendar.people, "op": "contains_one", "value": some})
    return [{"any": ways}]


def entry(rtype: RecordType, row: Row, calendar: Calendar) -> Entry:
    """A record as an entry of a calendar, in the active time zone."""
    value, here = row.values.get, zone()
    begins = row.values[calendar.start]
    who = dict.fromkeys(filter(None, (value("owner"), *(value(calendar.people) or ()))))
    over = bool(value(calendar.over))
    if not isinstance(begins, dt.datetime):
        return Entry(rtype, row, None, None, begins, begins, tuple(who), over)
    lasts = dt.timedelta(minutes=value(calendar.minutes) or calendar.usual)
    ends = max(value(calendar.end) or begins + lasts, begins)
    first = begins.astimezone(here).date()
    last = max(first, (ends - dt.timedelta(microseconds=1)).astimezone(here).date())
    if value(calendar.all_day):
        return Entry(rtype, row, None, None, first, last, tuple(who), over)
    return Entry(rtype, row, begins, ends, first, last, tuple(who), over)


def taken(scope: ActorScope, rtype: RecordType, days: Period, people: Iterable[UUID]) -> list[Entry]:
    """When people are taken by what the actor may not see, where a role lets them know (the grant ``busy``)."""
    calendar = rtype.calendar
    if calendar is None or not scope.grants(rtype, BUSY) or scope.extent(rtype) == "all":
        return []
    kinds = rtype.static
    names = [n for n in (calendar.start, calendar.end, calendar.minutes, calendar.all_day, "owner") if n]
    if isinstance(kinds[calendar.start], Date):
        return []
    free, some = allowed(scope, rtype, "view", "t"), list(people)
    inside = both([allowed(scope, rtype, BUSY, "t"), ~free])
    first, after = midnight(days.first, zone()), midnight(days.after, zone())
    end = f"coalesce(t.{calendar.end}, t.{calendar.start})" if calendar.end else f"t.{calendar.start}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id, {', '.join('t.' + n for n in names)} FROM {rtype.table} t WHERE t.tenant_id = %s"
            f" AND t.archived_at IS NULL AND t.{calendar.start} >= %s AND t.{calendar.start} < %s AND {end} >= %s"
            f" AND (%s OR t.owner = ANY(%s)) AND {inside.text} ORDER BY t.{calendar.start} LIMIT {MOST}",
            [scope.tenant, first - DAY * calendar.longest, after, first, not some, some, *inside.params],
        )
        rows = cursor.fetchall()
    made = []
    for row_id, *values in rows:
        one = entry(rtype, Row(row_id, 0, _("busy"), dict(zip(names, values, strict=True))), calendar)
        one.busy = True
        made.append(one)
    return [e for e in made if e.first < days.after and e.last >= days.first]


@dataclass(frozen=True)
class Colleague:
    """Somebody whose entries can be shown, with the number of their colour."""

    id: UUID
    name: str
    colour: int


def colleagues(scope: ActorScope) -> list[Colleague]:
    """Who works here: oneself first, then by name."""
    member = type_of("kernel.member")
    if not scope.may(member, "view"):
        return []
    active = {"field": "active", "op": "yes"}
    rows = select(scope, member, where=active, limit=PEOPLE).rows
    rows.sort(key=lambda r: r.id != scope.me)
    return [Colleague(r.id, r.title, n % 8 + 1) for n, r in enumerate(rows)]
