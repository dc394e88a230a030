"""A call in two clicks: the number is dialled and the panel opens; the result is the second click."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from klientel.kernel.access.reading import get
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.kinds import PURPOSES
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import reading
from klientel.kernel.web.addresses import place
from klientel.kernel.web.answers import act, back, say_done, wants_json
from klientel.kernel.web.views.lists import seen_type
from klientel.work.actions.call import working_day
from klientel.work.models.call import RESULTS
from klientel.work.queries.calling import numbers

ICONS = {
    "reached": "phone-call", "voicemail": "phone-forwarded", "not_reached": "phone-missed",
    "call_back": "phone-incoming", "wrong_number": "phone-off",
}  # fmt: skip
LATER = (1, 3, 7)


@act
def call(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """Whom to call about this record; what came of it is sent."""
    if request.method != "POST":
        return _panel(request, slug, record_id, None)
    try:
        with reading():
            rtype = seen_type(request, slug)
            record = get(request.scope, rtype, record_id)
        done = run(request.actor, "work.call.log", scope=request.scope, **_sent(request.POST, record_id))
    except Refused as no:
        if wants_json(request) or no.status != 422:
            raise
        return _panel(request, slug, record_id, no)
    text = _("Call logged: %(title)s") % {"title": record.title}
    if wants_json(request):
        return JsonResponse({"toast": text, "undo": place("undo", done.change_set)})
    say_done(request, text, done.change_set)
    return back(request, place("record", slug, record_id))


def _sent(post: Any, record_id: UUID) -> dict[str, Any]:
    """What was pressed and typed. The number comes with the records that it belongs to."""
    phone, _bar, others = post.get("phone", "").partition("|")
    concerns = [i for i in others.split(",") if i] or [str(record_id)]
    return {
        "concerns": concerns, "result": post.get("result", ""), "phone": phone, "notes": post.get("notes", ""),
        "follow_up": post.get("follow_up") or 0,
    }  # fmt: skip


def _panel(request: Any, slug: str, record_id: UUID, refused: Refused | None) -> HttpResponse:
    with reading():
        rtype = seen_type(request, slug)
        if not request.scope.may(type_of("work.call"), "create"):
            raise Forbidden("forbidden", _("You may not create this."))
        record, found = numbers(request.scope, rtype, record_id)
        context = {
            "rtype": rtype,
            "record": record,
            "numbers": found,
            "purposes": dict(PURPOSES),
            "results": [(key, label, ICONS[key], n) for n, (key, label) in enumerate(RESULTS, 1)],
            "later": [(n, _in_days(n)) for n in LATER] if request.scope.may(type_of("work.task"), "create") else [],
            "refused": refused,
            "next": request.GET.get("next") or request.POST.get("next", ""),
            "notes": request.POST.get("notes", ""),
        }
        template = "work/_call.html" if wants_json(request) else "work/call.html"
        return render(request, template, context, status=refused.status if refused else 200)


def _in_days(n: int) -> str:
    said = ngettext("in %(n)d day", "in %(n)d days", n) % {"n": n}
    return f"{said} ({date_format(working_day(n), 'D')})"
