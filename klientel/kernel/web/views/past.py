"""Looking back: a list and a record as they were, and what changed in a list since."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from klientel.kernel.access import seen
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.history import differing, past
from klientel.kernel.history.differing import Difference, How
from klientel.kernel.history.past import PastPage
from klientel.kernel.kinds import Link, Links
from klientel.kernel.records import RecordType
from klientel.kernel.web import cells, values
from klientel.kernel.web.addresses import urlencoded
from klientel.kernel.web.answers import page, page_after
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.listing import PAGE, State, chips, state_of, views_of
from klientel.kernel.web.views import lists, records
from klientel.kernel.web.views.lists import seen_type


def record_list(request: Any, slug: str) -> HttpResponseBase:
    """The list of today, or with ``?as_of=`` the list of a day in the past."""
    return (_past_list if request.GET.get("as_of") else lists.record_list)(request, slug)


def record(request: Any, slug: str, record_id: UUID) -> HttpResponseBase:
    """The page of a record, or with ``?as_of=`` what it said on a day in the past."""
    return (_past_record if request.GET.get("as_of") else records.record)(request, slug, record_id)


@page
def _past_list(request: Any, slug: str) -> HttpResponse:
    rtype, scope = seen_type(request, slug), request.scope
    state = _state(scope, rtype, request.GET)
    at, broken, found = _instant(request), None, PastPage([], None, None, {})
    try:
        found = past.select(
            scope, rtype, at, where=state.where, columns=state.columns, sort=state.sort, after=state.after,
            before=state.before, limit=PAGE,
        )  # fmt: skip
    except Refused as no:
        broken = no
    names = past.linked_names(scope, rtype, found.rows, _links(rtype, state.columns))
    context = _around(request, state, at) | {
        "found": found,
        "broken": broken,
        "columns": [_column(scope, state, c) for c in state.columns],
        "rows": [_row(scope, rtype, state.columns, r, names, found.erased, request.GET["as_of"]) for r in found.rows],
    }
    return render(request, "records/past.html", context)


def _state(scope: Any, rtype: RecordType, query: Any) -> State:
    """The list an address asks for, without columns that are worked out: they are not known of the past."""
    state, visible = state_of(scope, rtype, query, views_of(scope, rtype)), scope.visible(rtype)
    return replace(state, columns=tuple(c for c in state.columns if not visible[c].computed))


def _instant(request: Any) -> dt.datetime:
    return past.instant(request.GET["as_of"])


def _links(rtype: RecordType, columns: tuple[str, ...]) -> tuple[str, ...]:
    fields = rtype.fields
    return tuple(c for c in columns if isinstance(fields[c], Link | Links))


def _around(request: Any, state: State, at: dt.datetime) -> dict[str, Any]:
    """What stands on every page that looks back at a list."""
    said = request.GET["as_of"]
    query = {k: v for k, v in state.query().items() if v}
    since = reverse("since", args=[state.rtype.slug]) + "?" + urlencoded(query | {"as_of": said})
    return {
        "rtype": state.rtype,
        "state": state,
        "at": at,
        "as_of": said,
        "local": timezone.localtime(at).strftime("%Y-%m-%dT%H:%M"),
        "query": query,
        "chips": chips(request.scope, state),
        "today_url": state.url(),
        "past_url": state.url(as_of=said),
        "since_url": since,
    }


def _column(scope: Any, state: State, name: str) -> dict[str, Any]:
    kind = scope.visible(state.rtype)[name]
    way = "ascending" if str(state.sort) == name else "descending" if str(state.sort) == f"-{name}" else ""
    return {"label": label_of(kind), "css": cells.css_of(kind), "sorted": way, "name": name, "sortable": kind.sortable}


def _row(
    scope: Any,
    rtype: RecordType,
    columns: tuple[str, ...],
    found: Any,
    names: dict[UUID, Any],
    erased: dict[UUID, list[str]],
    as_of: str,
) -> dict[str, Any]:
    visible, gone = scope.visible(rtype), erased.get(found.pk, ())
    drawn = [
        {"css": cells.css_of(visible[c]), "erased": c in gone, "html": ""}
        if c in gone or rtype.value(found, c) is None
        else {"css": cells.css_of(visible[c]), "html": cells.cell(visible[c], names)(rtype.value(found, c))}
        for c in columns
    ]
    at = f"{reverse('record', args=[rtype.slug, found.pk])}?{urlencoded({'as_of': as_of})}"
    return {"title": found.title, "at": at, "cells": drawn}


@page
def _past_record(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    rtype, scope = seen_type(request, slug), request.scope
    at = _instant(request)
    then: past.PastRecord | None = None
    try:
        then = past.record(scope, rtype, record_id, at)
    except Missing as no:
        if no.code != "not_yet":
            raise
    context: dict[str, Any] = {"rtype": rtype, "at": at, "record_id": record_id, "then": then, "sections": []}
    if then is not None:
        seen.note(request.actor, rtype, [record_id], seen.How.OPENED)
        wanted = tuple(n for n, k in scope.visible(rtype).items() if isinstance(k, Link | Links))
        names = past.linked_names(scope, rtype, [then.record], wanted)
        context["sections"] = records.sections(scope, rtype, then.record, names)
        context["tags"] = [names[t] for t in then.record.tags if t in names]
    local = timezone.localtime(at).strftime("%Y-%m-%dT%H:%M")
    return render(request, "records/past_record.html", context | {"local": local, "as_of": request.GET["as_of"]})


# -- what changed since -------------------------------------------------------------------------------------------


@page
def since(request: Any, slug: str) -> HttpResponse:
    """Which records entered a list after an instant, which left it, which changed in it, and by whom.

    Where the address names no instant: since the last Monday.
    """
    rtype, scope = seen_type(request, slug), request.scope
    if not request.GET.get("as_of"):
        request.GET = request.GET.copy()
        request.GET["as_of"] = f"{past.monday().isoformat()}T00:00"
    state = _state(scope, rtype, request.GET)
    at, broken, found = _instant(request), None, differing.Differences(dict.fromkeys(How, 0), [], None)
    shown, last = request.GET.get("show", ""), request.GET.get("after", "")
    how = next((h for h in How if h.value == shown), None)
    try:
        found = differing.differences(
            scope, rtype, at, where=state.where, columns=state.columns, how=how, last=page_after(last)
        )
    except Refused as no:
        broken = no
    context = _around(request, state, at) | {
        "broken": broken,
        "found": found,
        "rows": _differing(scope, rtype, found.rows),
        "shown": shown,
        "ways": [(h.value, _word(h), found.counts[h]) for h in How],
        "rest": found.rest,
    }
    return render(request, "records/since.html", context)


def _word(how: How) -> str:
    return {How.ENTERED: _("came in"), How.LEFT: _("left"), How.CHANGED: _("changed in it")}[how]


def _differing(scope: Any, rtype: RecordType, found: list[Difference]) -> list[dict[str, Any]]:
    known = values.names_in(scope, [(k, (old, new)) for d in found for k, old, new in d.changed])
    return [
        {
            "url": reverse("record", args=[rtype.slug, d.now.pk]),
            "title": d.now.title,
            "before": d.then.title if d.then is not None and d.then.title != d.now.title else "",
            "how": d.how.value,
            "word": _word(d.how),
            "who": d.who or (d.now.created_by and _("new")) or "",
            "at": d.at or d.now.created_at,
            "new": d.then is None,
            "trashed": d.now.archived_at is not None,
            "lines": [
                {"label": label_of(k), "old": values.shown(k, old, known), "new": values.shown(k, new, known)}
                for k, old, new in d.changed
            ],
        }
        for d in found
    ]
