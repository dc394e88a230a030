"""The first page: my tasks, what I saw last, what changed since my last visit."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from klientel.kernel import events
from klientel.kernel.access.reading import names
from klientel.kernel.errors import Missing
from klientel.kernel.events import Event
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.web import entries, shell, timeline
from klientel.kernel.web.answers import fragment, page
from klientel.kernel.web.views.search import recent

#: a visit ends when nothing was opened for so long
VISIT = dt.timedelta(hours=2)
NEWS = 12


@page
def home(request: Any) -> HttpResponse:
    """Today first."""
    scope = request.scope
    since = _last_visit(request)

    def mine(_rtype: Any) -> Any:
        return {"field": "owner", "op": "is", "value": {"me": True}}

    types = entries.entry_types(scope)
    tasks = entries.upcoming(scope, mine, limit=10, types=[t for t in types if entries.completable(t)])
    dates = entries.upcoming(
        scope, mine, limit=6, types=[t for t in types if entries.when(t) and not entries.completable(t)]
    )
    entries.name_what_they_are_about(scope, tasks)
    return render(
        request,
        "home.html",
        {
            "greeting": greeting(request.actor.name),
            "today": date_format(timezone.localdate(), "l, j. F"),
            "tasks": tasks,
            "dates": dates,
            "late": sum(s.late for s in tasks),
            "recent": recent(request, 8),
            "news": _news(request, since),
            "since": since,
            "task_types": [t for t in types if entries.completable(t)],
            "steps": _first_steps(request),
        },
    )


def greeting(name: str) -> str:
    """Good morning, afternoon or evening, by the clock of the tenant."""
    hour = timezone.localtime().hour
    if hour < 11:
        return _("Good morning, %(name)s") % {"name": name}
    if hour < 18:
        return _("Good afternoon, %(name)s") % {"name": name}
    return _("Good evening, %(name)s") % {"name": name}


def _last_visit(request: Any) -> dt.datetime:
    """When the visit before this one ended; kept in the session."""
    now = timezone.now()
    kept = request.session.get("visit", {})
    last = dt.datetime.fromisoformat(kept["last"]) if kept.get("last") else now - dt.timedelta(days=1)
    before = dt.datetime.fromisoformat(kept["before"]) if kept.get("before") else last
    if now - last > VISIT:
        before = last
    request.session["visit"] = {"last": now.isoformat(), "before": before.isoformat()}
    return before


def _news(request: Any, since: dt.datetime) -> list[dict[str, Any]]:
    """What others did since then, newest first, each record once."""
    first = UUID(int=int(since.timestamp() * 1000) << 80)  # ids are UUIDv7: the time stands in front
    some = events.read(
        Sql("e.id > %s AND e.actor <> %s", (first, request.actor.ref)), order="e.id DESC", limit=NEWS * 8
    )
    latest: dict[Any, Event] = {}
    for event in some:
        if event.record_id not in latest and _business(event):
            latest[event.record_id] = event
    chosen = list(latest.values())[: NEWS * 2]
    by_type: dict[str, set[Any]] = {}
    for event in chosen:
        by_type.setdefault(event.record_type, set()).add(event.record_id)
    known = {i: n for key, ids in by_type.items() for i, n in names(request.scope, ids, key).items()}
    told = timeline.told(request.scope, None, [e for e in chosen if e.record_id in known])
    return [{"told": one} for one in told[:NEWS]]


def _business(event: Event) -> bool:
    try:
        return not type_of(event.record_type).system
    except Missing:
        return False


def _first_steps(request: Any) -> list[Any]:
    """What a new workspace may begin with; nothing once there is something to see."""
    return shell.shell_of(request).creatable[:3] if not request.session.get("opened") else []


@page
def shortcuts(request: Any) -> HttpResponse:
    """The keys of every page, and the switch for those of one key; asked for when somebody wants to see them."""
    seen = urlsplit(request.headers.get("Referer", ""))
    return fragment(request, "shortcuts.html", {"here": urlunsplit(("", "", seen.path, seen.query, ""))})


@page
def more(request: Any) -> HttpResponse:
    """All places on one page: what the tab bar of a phone has no room for."""
    return render(request, "more.html", {})
