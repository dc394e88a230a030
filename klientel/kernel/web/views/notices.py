"""Notifications: what concerns me and was done by others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from klientel.kernel import tenancy
from klientel.kernel.errors import Missing
from klientel.kernel.live import notifications
from klientel.kernel.web import timeline
from klientel.kernel.web.answers import act, back, page

PAGE = 30


@page
def notices(request: Any) -> HttpResponse:
    """All notifications, newest first."""
    found = _latest(request, _before(request))
    more = f"{reverse('notifications')}?before={found[-1].id}" if len(found) == PAGE else ""
    context = {"days": timeline.days(found), "more": more, "unread": any(not n.read for n in found)}
    return render(request, "notifications.html", context)


def _latest(request: Any, before: UUID | None = None) -> list[notifications.Shown]:
    return notifications.latest(request.scope, limit=PAGE, before=before) if request.actor.member else []


def _before(request: Any) -> UUID | None:
    try:
        return UUID(request.GET["before"]) if request.GET.get("before") else None
    except ValueError:
        raise Missing("no_such_page", _("There is no page at this address.")) from None


@page
def latest(request: Any) -> HttpResponse:
    """How many are unread and what the newest says, for the live bell."""
    me = request.actor.member
    n = notifications.unread(me) if me else 0
    newest = notifications.latest(request.scope, limit=1, unread_only=True) if n else []
    label = ngettext("Notifications, %(n)d new", "Notifications, %(n)d new", n) % {"n": n} if n else _("Notifications")
    return JsonResponse({"unread": n, "text": newest[0].text if newest else "", "label": label})


@require_POST
@act
def read(request: Any) -> HttpResponse:
    """All read."""
    if request.actor.member:
        with tenancy.writing():
            notifications.mark_read(request.actor.member)
    return back(request, reverse("notifications"))
