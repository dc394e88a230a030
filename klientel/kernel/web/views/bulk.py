"""Doing something with many records at once: a few while one waits, any number in the background."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import count, select
from klientel.kernel.actions import Action, Item
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.history import runs
from klientel.kernel.records import RecordType
from klientel.kernel.web import fields
from klientel.kernel.web.addresses import urlencoded
from klientel.kernel.web.answers import act, back, came_from, id_of, say_done
from klientel.kernel.web.listing import parsed
from klientel.kernel.web.views import merging
from klientel.kernel.web.views.forms import action_of
from klientel.kernel.web.views.lists import seen_type
from klientel.kernel.web.views.undoing import started
from klientel.lib.ids import uuid7

#: how many records are changed while one waits; more is work for a job
MOST = runs.AT_ONCE
MOST_COUNTED = 10_000_000


@require_POST
@act
def bulk(request: Any, slug: str, verb: str) -> HttpResponse:
    """Do it to every chosen record, as one change set that can be undone as one."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        if verb == "merge":
            return _side_by_side(request, rtype)
        chosen = action_of(rtype, verb)
        if not request.scope.may(rtype, chosen.needs):
            raise Forbidden("forbidden", _("You may not do this here."))
        ids = selected(request, rtype, most=MOST + 1)
    if not ids:
        raise Refused("nothing_chosen", _("Please select at least one record."))
    if request.POST.get("ask") and (chosen.params or chosen.dangerous):
        return _ask(request, rtype, chosen, ids, None)
    try:
        params = fields.sent(request.POST, chosen.params)
        for name, kind in chosen.params.items():
            kind.accept(params.get(name))
    except Refused as no:
        return _ask(request, rtype, chosen, ids, no)
    if len(ids) > MOST:
        return _in_background(request, rtype, chosen, ids, params)
    change_set = uuid7()
    done, refused = _run(request, chosen, ids, params, change_set)
    _tell(request, chosen, done, refused, change_set)
    return back(request, reverse("list", args=[slug]))


def _in_background(
    request: Any, rtype: RecordType, chosen: Action, ids: list[UUID], params: dict[str, Any]
) -> HttpResponse:
    plain = {n: chosen.params[n].plain(chosen.params[n].accept(v)) for n, v in params.items()}
    if not request.POST.get("all"):
        return started(request, runs.start_bulk(request.actor, chosen.key, plain, ids=ids))
    where = parsed(request.POST["where"]) if request.POST.get("where") else None
    with tenancy.reading():
        total = count(request.scope, rtype, where, most=MOST_COUNTED)
    return started(request, runs.start_bulk(request.actor, chosen.key, plain, where=where, total=total))


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


def _side_by_side(request: Any, rtype: RecordType) -> HttpResponse:
    """What is selected becomes one record only after it was looked at."""
    ids = [id_of(text) for text in request.POST.getlist("id") if not request.POST.get("all")]
    if not 2 <= len(ids) <= merging.MOST:
        raise Refused("too_many", _("Please select 2 to %(n)d records to be merged.") % {"n": merging.MOST})
    query = urlencoded({"id": [str(i) for i in ids]})
    return HttpResponseRedirect(f"{reverse('merge', args=[rtype.slug])}?{query}")


def selected(request: Any, rtype: RecordType, *, most: int) -> list[UUID]:
    """The ids that were ticked; where all of the list was asked for, so many of its first ones at most."""
    if request.POST.get("all"):
        return list(_everything(request, rtype, most))
    return list(dict.fromkeys(map(id_of, request.POST.getlist("id"))))


def _everything(request: Any, rtype: RecordType, left: int) -> Iterator[UUID]:
    where = parsed(request.POST["where"]) if request.POST.get("where") else None
    after = None
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
            "whole": _whole(request, rtype, ids),
            "post": reverse("bulk", args=[rtype.slug, chosen.verb]),
            "next": came_from(request),
            "cancel": came_from(request) or reverse("list", args=[rtype.slug]),
        }
        return render(request, "records/do.html", context, status=refused.status if refused else 200)


def _whole(request: Any, rtype: RecordType, ids: list[UUID]) -> dict[str, Any] | None:
    """All of a list, where that was asked for: its condition, so that not every id travels, and how many there are."""
    if not request.POST.get("all"):
        return None
    where = request.POST.get("where", "")
    n = (
        count(request.scope, rtype, parsed(where) if where else None, most=MOST_COUNTED)
        if len(ids) > MOST
        else len(ids)
    )
    return {"where": where, "n": n}
