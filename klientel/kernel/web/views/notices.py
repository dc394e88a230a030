"""Notifications: what concerns me and was done by others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from klientel.kernel import tenancy
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.events import notices as declared
from klientel.kernel.kinds import Choice, Kind, Whole
from klientel.kernel.live import digests, notifications
from klientel.kernel.web import fields, timeline
from klientel.kernel.web.answers import act, back, page, page_after, say_done

PAGE = 30


@page
def notices(request: Any) -> HttpResponse:
    """All notifications, newest first."""
    found = _latest(request, page_after(request.GET.get("before", "")))
    more = f"{reverse('notifications')}?before={found[-1].id}" if len(found) == PAGE else ""
    context = {"days": timeline.days(found), "more": more, "unread": any(not n.read for n in found)}
    return render(request, "notifications.html", context)


def _latest(request: Any, before: UUID | None = None) -> list[notifications.Shown]:
    return notifications.latest(request.scope, limit=PAGE, before=before) if request.actor.member else []


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


@act
def choice(request: Any) -> HttpResponse:
    """What I am told in the application, and what of it when by e-mail."""
    if not request.actor.member:
        raise Missing("no_such_page", _("There is no page at this address."))
    with tenancy.reading():
        chosen = digests.choice_of(request.actor.member)
    kinds = {kind.name: kind for kind in _rhythm()}
    values: dict[str, Any] = {"rhythm": chosen.rhythm, "hour": chosen.hour}
    refused = None
    if request.method == "POST":
        values |= fields.sent(request.POST, kinds)
        try:
            given = {name: kind.accept(values[name]) for name, kind in kinds.items()}
            with tenancy.writing():
                digests.choose(
                    request.actor.member, **given, told=request.POST.getlist("told"),
                    mailed=request.POST.getlist("mailed"),
                )  # fmt: skip
            say_done(request, _("Saved."))
            return HttpResponseRedirect(reverse("notice_choice"))
        except Refused as no:
            refused = no
    context = {
        "drawn": fields.fields(request.scope, kinds.values(), values, refused),
        "refused": refused,
        "kinds": [_line(one, chosen) for one in declared.kinds()],
    }
    return render(request, "notice_choice.html", context, status=422 if refused else 200)


def _rhythm() -> tuple[Kind, Kind]:
    return (
        Choice(_("by e-mail"), name="rhythm", required=True, of=digests.RHYTHMS),
        Whole(_("at this hour"), name="hour", required=True, least=0, most=23),
    )


def _line(one: declared.Notice, chosen: Any) -> dict[str, Any]:
    return {
        "kind": one.kind, "icon": one.icon, "text": one.about(), "told": one.kind not in chosen.muted,
        "mailed": one.kind not in chosen.unmailed,
    }  # fmt: skip
