"""The work list of duplicates: groups by certainty, side by side; merged, told apart or put off."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import names_by_type
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.kinds import Link, Links
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.twins import jobs, worklist
from klientel.kernel.twins.models import types_with_twins
from klientel.kernel.twins.saying import said
from klientel.kernel.web import cells
from klientel.kernel.web.answers import act, id_of, page, say_done
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.speech import number, percent
from klientel.kernel.web.views.lists import seen_type
from klientel.lib.ids import uuid7

AT_ONCE = 50  # certain groups that one click merges
DISTINCT = "kernel.distinct"


def _types(request: Any) -> list[RecordType]:
    return [t for t in types_with_twins() if request.scope.may(t, "view")]


@page
def overview(request: Any, slug: str = "") -> HttpResponse:
    """Groups of likely duplicates of one record type."""
    types = _types(request)
    if not types:
        raise Forbidden("forbidden", _("You may not see these records."))
    rtype = seen_type(request, slug) if slug else next((t for t in types if t.slug == "persons"), types[0])
    if rtype.matching is None:
        raise Missing("no_such_type", _("There is no such kind of record."))
    found = worklist.listed(request.scope, rtype, request.GET.get("after", ""))
    here = reverse("duplicates_of", args=[rtype.slug])
    context = {
        "rtype": rtype,
        "types": types,
        "groups": _drawn(request, rtype, found.groups),
        "after": found.after,
        "now": worklist.waiting(rtype),
        "text": _text(worklist.waiting(rtype)),
        "here": here,
        "certain": sum(group.certain for group in found.groups),
        "may_merge": request.scope.may(rtype, "merge"),
        "may_tell": request.scope.may(_distinct(), "create"),
    }
    return render(request, "records/duplicates.html", context)


def _distinct() -> RecordType:
    return type_of(DISTINCT)


def _drawn(request: Any, rtype: RecordType, groups: list[worklist.Group]) -> list[dict[str, Any]]:
    """Groups with their fields side by side, those that differ marked."""
    visible = request.scope.visible(rtype)
    kinds = [visible[name] for name in worklist.compared(request.scope, rtype)]
    wanted: dict[str, set[UUID]] = {}
    for kind in kinds:
        if isinstance(kind, Link | Links):
            for group in groups:
                for row in group.members:
                    value = row.values[kind.name]
                    wanted.setdefault(kind.to, set()).update(
                        value if isinstance(value, list) else [value] * bool(value)
                    )
    known = names_by_type(request.scope, wanted) if any(wanted.values()) else {}
    made = []
    for group in groups:
        rows = []
        for kind in kinds:
            values = [row.values[kind.name] for row in group.members]
            if not all(kind.is_empty(v) for v in values):
                shown = [cells.fact(kind, v, known) for v in values]
                differs = any(kind.plain(v) != kind.plain(values[0]) for v in values[1:])
                rows.append({"label": label_of(kind), "cells": shown, "differs": differs})
        ties = [{"percent": _percent(tie.score), "reasons": _reasons(tie)} for tie in group.ties]
        made.append({"group": group, "rows": rows, "ties": ties, "percent": _percent(group.certainty)})
    return made


def _percent(score: float) -> str:
    """A probability for people; never a hundred."""
    return percent(min(99, int(score * 100)))


def _reasons(tie: worklist.Tie) -> list[dict[str, Any]]:
    return [{"text": said(e.code), "bits": round(e.bits), "speaks_for": e.bits > 0} for e in tie.evidence if e.bits]


def _text(now: dict[str, Any]) -> str:
    if now["total"]:
        return _("%(n)s of %(total)s looked at") % {"n": number(now["records"]), "total": number(now["total"])}
    return _("%(n)s looked at") % {"n": number(now["records"])}


@page
def progress(request: Any, slug: str) -> HttpResponse:
    """How far the search is, for the page that waits."""
    now = worklist.waiting(seen_type(request, slug))
    told = {"done": now["records"], "total": now["total"] or None, "text": _text(now), "ready": not now["phase"]}
    return JsonResponse(told)


@require_POST
@act
def search(request: Any, slug: str) -> HttpResponse:
    """Have the worker look through all records now."""
    with tenancy.writing():
        rtype = seen_type(request, slug)
        if not request.scope.may(rtype, "merge"):
            raise Forbidden("forbidden", _("You may not do this here."))
        jobs.start(rtype.key, full=True)
    say_done(request, _("The search has begun."))
    return HttpResponseRedirect(reverse("duplicates_of", args=[slug]))


@require_POST
@act
def decide(request: Any, slug: str) -> HttpResponse:
    """Say of a group that it is none (``apart``), put it off (``later``), or merge all certain ones (``certain``)."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        what = request.POST.get("what", "")
        ids = [] if what == "certain" else worklist.group_of(request.scope, rtype, id_of(request.POST.get("group", "")))
    if what == "certain":
        _merge_certain(request, rtype)
    elif what == "apart":
        done = actions.run(request.actor, f"{DISTINCT}.create", scope=request.scope, records=ids)
        say_done(request, _("They are not the same; nobody will be asked again."), done.change_set)
    elif what == "later":
        if not request.scope.may(rtype, "merge"):
            raise Forbidden("forbidden", _("You may not do this here."))
        with tenancy.writing():
            worklist.put_off(rtype, id_of(request.POST.get("group", "")))
        say_done(request, _("Put off for a month."))
    else:
        raise Refused("not_a_choice", _("Please choose one of the given values."), "what")
    return HttpResponseRedirect(reverse("duplicates_of", args=[slug]))


def _merge_certain(request: Any, rtype: RecordType) -> None:
    """Merge each certain group into its oldest record, in one change set that can be undone."""
    with tenancy.reading():
        found = worklist.listed(request.scope, rtype, limit=AT_ONCE)
    change_set, merged, refused = uuid7(), 0, 0
    for group in found.groups:
        if not group.certain:
            continue
        survivor, *losers = [row.id for row in group.members]
        try:
            actions.run(
                request.actor, f"{rtype.key}.merge", survivor, scope=request.scope, change_set=change_set,
                records=losers,
            )  # fmt: skip
            merged += 1
        except Refused:
            refused += 1
    text = ngettext("%(n)d group was merged.", "%(n)d groups were merged.", merged) % {"n": merged}
    if refused:
        left = ngettext("%(n)d could not be merged.", "%(n)d could not be merged.", refused) % {"n": refused}
        text = f"{text} {left}"
    say_done(request, text, change_set if merged else None)
