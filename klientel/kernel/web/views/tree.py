"""The page of a tree: what a record belongs to, what lies below it, who works there, and what it all adds up to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from klientel.kernel.access import trees
from klientel.kernel.access.reading import get
from klientel.kernel.errors import Missing
from klientel.kernel.records import RecordType
from klientel.kernel.web.answers import fragment, page, wants_json
from klientel.kernel.web.views.lists import seen_type


def _type(request: Any, slug: str) -> RecordType:
    rtype = seen_type(request, slug)
    if not rtype.is_tree:
        raise Missing("no_tree", _("These records do not form a tree."))
    return rtype


@page
def tree(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """One record with its tree; for a script only the next level of a branch."""
    rtype, scope = _type(request, slug), request.scope
    found = get(scope, rtype, record_id)
    numbers = trees.numbers_of(scope, rtype)
    context = {"rtype": rtype, "record": found, **_branch(scope, rtype, record_id, numbers, request.GET.get("after"))}
    if wants_json(request):
        return fragment(request, "records/_branch.html", context)
    context |= {
        "above": trees.above(scope, rtype, record_id),
        "whole": _shown(trees.figures(scope, rtype, [record_id], numbers).get(record_id, [])),
        "groups": _across(scope, rtype, record_id),
    }
    return render(request, "records/tree.html", context)


def _branch(
    scope: Any, rtype: RecordType, record_id: UUID, numbers: list[trees.Number], after: str | None
) -> dict[str, Any]:
    """One level down, each record with the figures of its own tree."""
    found = trees.branch(scope, rtype, record_id, after)
    told = trees.figures(scope, rtype, [r.id for r in found.rows], numbers)
    own = f"{rtype.key}.parent"
    rows = []
    for row in found.rows:
        some = told.get(row.id, [])
        below = next((v for n, v in some if n.recipe.what == "count" and f"{n.recipe.source}.{n.recipe.by}" == own), 0)
        rows.append({"id": row.id, "title": row.title, "told": _shown(some), "below": below,
                     "at": reverse("tree", args=[rtype.slug, row.id])})  # fmt: skip
    at = reverse("tree", args=[rtype.slug, record_id])
    return {"rows": rows, "more": f"{at}?after={found.after}" if found.after else ""}


def _shown(some: list[tuple[trees.Number, Any]]) -> list[dict[str, str]]:
    return [{"label": n.label, "value": n.kind.show(v)} for n, v in some if v is not None and v != 0]


def _across(scope: Any, rtype: RecordType, record_id: UUID) -> list[dict[str, Any]]:
    """The records of other types on the whole tree."""
    made = []
    for source, by in trees.counting(scope, rtype):
        if source.key != rtype.key:
            rows = [
                {"title": one.title, "where": at.title, "url": reverse("record", args=[source.slug, one.id])}
                for one, at in trees.across(scope, rtype, record_id, source, by)
            ]
            label = trees.label_of(rtype, source, by)
            made.append({"label": label, "rows": rows, "full": len(rows) == trees.BRANCH, "icon": source.icon})
    return made
