"""Notifications: what concerns me and was done by others: mentions, and what was given to me."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from klientel.kernel import events
from klientel.kernel.sql import Sql
from klientel.kernel.web import timeline
from klientel.kernel.web.answers import back, page

DAYS = 14
MOST = 40


def mine(request: Any, *, since: dt.datetime | None = None) -> list[timeline.Told]:
    """What others did that names me, newest first."""
    me = request.actor.member
    if me is None:
        return []
    start = since or timezone.now() - dt.timedelta(days=DAYS)
    first = UUID(int=int(start.timestamp() * 1000) << 80)  # ids are UUIDv7: the time stands in front
    where = Sql(
        "e.id > %s AND e.actor <> %s AND e.fields && ARRAY['owner','mentions']"
        " AND (e.changes->'owner'->>1 = %s OR e.changes->'mentions'->1 @> to_jsonb(%s::text))",
        (first, request.actor.ref, str(me), str(me)),
    )
    return timeline.told(request.scope, None, events.read(where, order="e.id DESC", limit=MOST))


def seen_until(request: Any) -> dt.datetime:
    """Until when notifications were read."""
    kept = request.session.get("noticed")
    return dt.datetime.fromisoformat(kept) if kept else timezone.now() - dt.timedelta(days=DAYS)


@page
def notices(request: Any) -> HttpResponse:
    """All notifications of the last days; opening the page reads them."""
    until, found = seen_until(request), mine(request)
    request.session["noticed"] = timezone.now().isoformat()
    days = timeline.days(found)
    return render(request, "notifications.html", {"days": days, "until": until})


@page
def latest(request: Any) -> HttpResponse:
    """How many are unread and what the newest says, for the live bell."""
    fresh = mine(request, since=seen_until(request))
    text = f"{fresh[0].who}: {fresh[0].what} {fresh[0].title}".strip() if fresh else ""
    n = len(fresh)
    label = ngettext("Notifications, %(n)d new", "Notifications, %(n)d new", n) % {"n": n} if n else _("Notifications")
    return JsonResponse({"unread": n, "text": text, "label": label})


@require_POST
@page
def read(request: Any) -> HttpResponse:
    """All read."""
    request.session["noticed"] = timezone.now().isoformat()
    return back(request, reverse("notifications"))
