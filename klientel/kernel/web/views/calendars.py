"""Calendars: that of one list, that of all one's work, and an entry put to another time."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import get
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.kinds import zone
from klientel.kernel.records import RecordType
from klientel.kernel.web import calendar, retiming, shell, speech
from klientel.kernel.web.addresses import place, urlencoded
from klientel.kernel.web.answers import act, back, page, version_of, wants_json
from klientel.kernel.web.calendar import Colleague, Entry
from klientel.kernel.web.listing import State, chips, state_of
from klientel.kernel.web.sheets import Sheet, sheet, spoken
from klientel.kernel.web.views.lists import seen_type
from klientel.lib.calendars import SPANS, Period, axis, period
from klientel.lib.festive import festive

NOBODY = UUID(int=0)


@page
def record_calendar(request: Any, slug: str) -> HttpResponse:
    """The records of a list in the days they belong to."""
    rtype, scope = seen_type(request, slug), request.scope
    shell.shell_of(request).list_of = rtype.key
    calendar.calendar_of(rtype, scope)
    views = [v for v in shell.shell_of(request).beside[0] if v.values["record_type"] == rtype.key]
    state = state_of(scope, rtype, request.GET, views).looked_at("calendar", request.GET)
    return _drawn(request, [rtype], [rtype], state)


@page
def work_calendar(request: Any) -> HttpResponse:
    """All that has a day: tasks, calls, meetings, deals that are expected to close; one's own, or that of others."""
    types = calendar.calendar_types(request.scope)
    if not types:
        raise Forbidden("forbidden", _("You may not see these records."))
    asked = request.GET.getlist("kind")
    return _drawn(request, types, [t for t in types if t.slug in asked] or types, None)


def _drawn(request: Any, types: list[RecordType], chosen: list[RecordType], state: State | None) -> HttpResponse:
    scope, days = request.scope, _period(request, chosen)
    people = calendar.colleagues(scope)
    who = _who(request, people, state)
    entries, more, broken = _entries(scope, chosen, days, state, who)
    query = _query(request, state)
    url = _addresses(state, query)
    home = request.tenant.country
    made = sheet(days, entries, url, festive(home, days.days, speech.language()))
    context = {
        "types": types, "chosen": chosen, "state": state, "rtype": state.rtype if state else None,
        "sheet": made, "more": more, "broken": broken, "people": people, "who": who,
        "colour": _colours(people, who, types), "spans": [(s, _names()[s], url(s, days.at)) for s in SPANS],
        "earlier": url(days.span, days.moved(-1)), "later": url(days.span, days.moved(1)),
        "today_url": url(days.span, timezone.localdate()), "query": query,
        "chips": chips(scope, state) if state else [],
        "new": _new(scope, chosen), "may_change": {t.key for t in chosen if scope.may(t, "change")},
        "part_query": urlencoded(query | {"as": "calendar"} if state else query),
    }  # fmt: skip
    return render(request, "records/calendar.html", context)


def _names() -> dict[str, str]:
    return {"day": _("Day"), "week": _("Week"), "month": _("Month"), "agenda": _("Agenda")}


def _period(request: Any, chosen: list[RecordType]) -> Period:
    """The days that are asked for; by themselves a week, a month where nothing has an hour."""
    hours = any(t.calendar and t.fields[t.calendar.start].key == "date_time" for t in chosen)
    usual = "week" if hours else "month"
    span = request.GET.get("span", usual)
    try:
        at = dt.date.fromisoformat(request.GET.get("at", "")) if request.GET.get("at") else timezone.localdate()
        if not 1900 < at.year < 2200:
            raise ValueError
    except ValueError:
        raise Refused("not_a_date", _("Please enter a date, such as 21.11.2026."), "at") from None
    return period(span if span in SPANS else usual, at)


def _who(request: Any, people: list[Colleague], state: State | None) -> list[UUID]:
    """Whose entries are shown; nobody named means everybody in a list, and oneself in the work calendar."""
    asked = set(request.GET.getlist("who"))
    chosen = [p.id for p in people if str(p.id) in asked]
    if chosen or state is not None:
        return chosen
    return [request.scope.me or NOBODY]


def _entries(
    scope: Any, chosen: list[RecordType], days: Period, state: State | None, who: list[UUID]
) -> tuple[list[Entry], bool, Refused | None]:
    found: list[Entry] = []
    cut = False
    for rtype in chosen:
        try:
            some, more = calendar.read(scope, rtype, days, where=state.where if state else None, people=who)
        except Refused as no:  # a filter that no longer works selects nothing and says so
            return [], False, no
        found += some
        cut = cut or more
        if not state or not state.where:
            found += calendar.taken(scope, rtype, days, who)
    return found, cut, None


def _query(request: Any, state: State | None) -> dict[str, Any]:
    kept: dict[str, Any] = {n: v for n in ("who", "kind") if (v := request.GET.getlist(n))}
    return (
        kept
        | ({n: v for n, v in state.query().items() if v} if state else {})
        | {n: request.GET[n] for n in ("span", "at") if n in request.GET}
    )


def _addresses(state: State | None, query: dict[str, Any]) -> Any:
    at = place("calendar", state.rtype.slug) if state else place("work_calendar")
    return lambda span, day: f"{at}?{urlencoded(query | {'span': span, 'at': day.isoformat()})}"


def _colours(people: list[Colleague], who: list[UUID], types: list[RecordType]) -> Any:
    """The number of the colour of an entry: its person's, or its kind's where only one person is shown."""
    of_person, of_type = {p.id: p.colour for p in people}, {t.key: n % 8 + 1 for n, t in enumerate(types)}

    def colour(entry: Entry) -> int:
        if len(who) == 1 and len(types) > 1:
            return of_type[entry.rtype.key]
        first = next((p for p in entry.who if p in who), None) or next(iter(entry.who), None)
        return of_person.get(first, 8) if first else 8

    return colour


def _new(scope: Any, types: list[RecordType]) -> dict[str, str]:
    """What is made at a place of the calendar: rather a thing with an end than one without."""
    some = [t for t in types if t.calendar and scope.may(t, "create") and t.calendar.start in scope.writable(t)]
    rtype = max(some, key=lambda t: bool(t.calendar and t.calendar.end), default=None)
    if rtype is None or rtype.calendar is None:
        return {}
    instants = rtype.fields[rtype.calendar.start].db_type_name == "timestamptz"
    return {
        "url": place("new", rtype.slug), "start": rtype.calendar.start, "end": rtype.calendar.end,
        "label": speech.large(rtype.label), "instants": "1" if instants else "",
    }  # fmt: skip


@require_POST
@act
def move(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """Put an entry to another day or time, or let it last longer: its ordinary change, with what it meets there."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        declared = calendar.calendar_of(rtype, request.scope)
        found = get(request.scope, rtype, record_id)
        shown = _period(request, [rtype])
        params = retiming.changes(rtype, declared, found, request.POST, axis(shown.days, zone()))
    done = actions.run(
        request.actor, f"{rtype.key}.change", record_id, scope=request.scope,
        version=version_of(request), **params,
    )  # fmt: skip
    with tenancy.reading():
        at = retiming.as_entry(request.scope, rtype, declared, done.record)
        text = _("%(what)s: %(when)s") % {"what": at.row.title, "when": spoken(at)}
        if met := retiming.meets(request.scope, at):
            text += " · " + _("at the same time: %(what)s") % {"what": ", ".join(met)}
    if not wants_json(request):
        return back(request, place("calendar", slug))
    undo = place("undo", done.change_set) if done.events else ""
    return JsonResponse({"toast": text, "undo": undo, "version": done.record.version})


__all__ = ["Sheet", "move", "record_calendar", "work_calendar"]
