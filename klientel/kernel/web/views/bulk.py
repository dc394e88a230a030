"""Doing something with many records at once, and taking back what was done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from klientel.kernel import actions, history, tenancy
from klientel.kernel.access.reading import select
from klientel.kernel.actions import Action, Item
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.records import RecordType
from klientel.kernel.web import fields
from klientel.kernel.web.answers import act, back, came_from, say_done, wants_json
from klientel.kernel.web.listing import parsed
from klientel.kernel.web.views.forms import action_of
from klientel.kernel.web.views.lists import seen_type
from klientel.lib.ids import uuid7

#: how many records one page may change; more is work for a job
MOST = 5000


@require_POST
@act
def bulk(request: Any, slug: str, verb: str) -> HttpResponse:
    """Do it to every chosen record, as one change set that can be undone as one."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        chosen = action_of(rtype, verb)
        if not request.scope.may(rtype, chosen.needs):
            raise Forbidden("forbidden", _("You may not do this here."))
        ids = _chosen(request, rtype)
    if not ids:
        raise Refused("nothing_chosen", _("Please select at least one record."))
    if request.POST.get("ask") and chosen.params:
        return _ask(request, rtype, chosen, ids, None)
    try:
        params = fields.sent(request.POST, chosen.params)
        for name, kind in chosen.params.items():
            kind.accept(params.get(name))
    except Refused as no:
        return _ask(request, rtype, chosen, ids, no)
    change_set = uuid7()
    done, refused = _run(request, chosen, ids, params, change_set)
    _tell(request, chosen, done, refused, change_set)
    return back(request, reverse("list", args=[slug]))


def _run(
    request: Any, chosen: Action, ids: list[UUID], params: dict[str, Any], change_set: UUID
) -> tuple[int, list[Refused]]:
    items = (Item(i, params) for i in ids)
    outcomes = list(actions.run_many(request.actor, chosen.key, items, change_set=change_set, scope=request.scope))
    refused = [o.refused for o in outcomes if o.refused is not None]
    return len(outcomes) - len(refused), refused


def _tell(request: Any, chosen: Action, done: int, refused: list[Refused], change_set: UUID) -> None:
    text = ngettext("%(action)s: %(n)d record", "%(action)s: %(n)d records", done) % {"action": chosen.label, "n": done}
    if refused:
        text += ". " + ngettext(
            "%(n)d could not be changed: %(why)s", "%(n)d could not be changed, the first: %(why)s", len(refused)
        ) % {"n": len(refused), "why": refused[0].message}
    say_done(request, text, change_set if done and chosen.undoable else None)


def _chosen(request: Any, rtype: RecordType) -> list[UUID]:
    """The ids that were ticked, or all of the list where it was asked for."""
    if request.POST.get("all"):
        return list(_everything(request, rtype))
    try:
        ids = [UUID(text) for text in request.POST.getlist("id")]
    except ValueError:
        raise Refused("not_a_record", _("There is no such record.")) from None
    return list(dict.fromkeys(ids))[:MOST]


def _everything(request: Any, rtype: RecordType) -> Iterator[UUID]:
    where = parsed(request.POST["where"]) if request.POST.get("where") else None
    after, left = None, MOST
    while left > 0:
        some = select(request.scope, rtype, where=where, after=after, limit=min(1000, left))
        yield from (row.id for row in some.rows)
        left -= len(some.rows)
        after = some.after
        if after is None:
            return


def _ask(request: Any, rtype: RecordType, chosen: Action, ids: list[UUID], refused: Refused | None) -> HttpResponse:
    with tenancy.reading():
        drawn = fields.fields(request.scope, chosen.params.values(), {}, refused)
        context = {
            "rtype": rtype,
            "action": chosen,
            "record": None,
            "drawn": drawn,
            "refused": refused,
            "ids": ids,
            "post": reverse("bulk", args=[rtype.slug, chosen.verb]),
            "next": came_from(request),
            "cancel": came_from(request) or reverse("list", args=[rtype.slug]),
        }
        return render(request, "records/do.html", context, status=refused.status if refused else 200)


@require_POST
@act
def undo(request: Any, change_set: UUID) -> HttpResponse:
    """Take back everything of one change set; what changed since stays and is reported."""
    result = history.undo(request.actor, change_set)
    if not result.records and result.refused:
        raise result.refused[0][1]
    text = ngettext("Undone: %(n)d record", "Undone: %(n)d records", result.records) % {"n": result.records}
    if result.refused:
        text += ". " + ngettext(
            "%(n)d was changed since and stays.", "%(n)d were changed since and stay.", len(result.refused)
        ) % {"n": len(result.refused)}
    if wants_json(request):
        return JsonResponse({"toast": text, "records": result.records})
    say_done(request, text)
    return back(request, reverse("home"))
