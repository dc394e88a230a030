"""The recycle bin: of one kind of record, and of all together; who put it there and when; back, one or many at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from klientel.kernel import tenancy
from klientel.kernel.access.reading import existing, get, select, which
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden
from klientel.kernel.records import RecordType
from klientel.kernel.tenancy import current
from klientel.kernel.trash.deleting import deletable
from klientel.kernel.trash.showing import shown
from klientel.kernel.web import shell
from klientel.kernel.web.answers import act, page, say_done
from klientel.kernel.web.views.lists import seen_type

MOST = 50

_BY = """
SELECT DISTINCT ON (e.record_id) e.record_id, e.actor_name FROM kernel_about a
JOIN kernel_event e ON e.id = a.event_id AND e.record_id = a.record_id
WHERE a.tenant_id = %s AND a.record_id = ANY(%s) AND e.fields @> ARRAY['archived_at']
ORDER BY e.record_id, e.id DESC
"""


@dataclass(frozen=True)
class Thrown:
    """A record in the recycle bin."""

    rtype: RecordType
    id: UUID
    title: str
    at: dt.datetime


@page
def trash(request: Any, slug: str = "") -> HttpResponse:
    """The newest of all kinds, or all of one kind, newest first."""
    types = [t for t in shell.shell_of(request).types if request.scope.may(t, "archive")]
    if not types:
        raise Forbidden("forbidden", _("You may not see these records."))
    context: dict[str, Any] = {"rtype": None, "here": request.get_full_path()}
    filled = existing(request.scope, [(t, None) for t in types], archived=True).asked()
    if slug:
        rtype, get = seen_type(request, slug), request.GET.get
        found = select(
            request.scope, rtype, columns=("archived_at",), sort="-archived_at", archived=True, after=get("after"),
            before=get("before"),
        )  # fmt: skip
        rows = [Thrown(rtype, r.id, r.title, r.values["archived_at"]) for r in found.rows]
        context |= {"rtype": rtype, "found": found, "restore": reverse("bulk", args=[slug, "restore"])}
    else:
        rows = _newest(request.scope, types)
    may_remove = {t.key for t in types if request.scope.may(t, "remove") and deletable(t)}
    holding = [t for t, there in zip(types, filled, strict=True) if there or t is context["rtype"]]
    context |= {"types": holding, "rows": rows, "by": _by([r.id for r in rows]), "may_remove": may_remove}
    return render(request, "records/trash.html", context)


@act
def delete(request: Any, slug: str, record_id: UUID) -> HttpResponse:
    """GET shows what goes, what stays and what keeps it; POST deletes it for good."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        if not request.scope.may(rtype, "remove"):
            raise Forbidden("forbidden", _("You may not do this here."))
        if request.method != "POST":
            context = {"rtype": rtype, "shown": shown(request.scope, rtype, record_id)}
            return render(request, "records/delete.html", context)
        title = get(request.scope, rtype, record_id).title
    run(request.actor, f"{rtype.key}.remove", record_id, scope=request.scope)
    say_done(request, _("Deleted for good: %(title)s") % {"title": title})
    return HttpResponseRedirect(reverse("trash_of", args=[slug]))


def _newest(scope: Any, types: list[RecordType]) -> list[Thrown]:
    """One statement for all kinds."""
    texts, params = [], []
    for rtype in types:
        inside = which(scope, rtype, archived=True)
        texts.append(
            f"(SELECT %s AS key, t.id, t.title, t.archived_at FROM {rtype.table} t WHERE {inside.text}"
            f" ORDER BY t.archived_at DESC LIMIT {MOST})"
        )
        params += [rtype.key, *inside.params]
    by_key = {t.key: t for t in types}
    with connection.cursor() as cursor:
        cursor.execute(f"{' UNION ALL '.join(texts)} ORDER BY archived_at DESC, id LIMIT {MOST}", params)
        return [Thrown(by_key[key], *rest) for key, *rest in cursor.fetchall()]


def _by(ids: list[UUID]) -> dict[UUID, str]:
    """Who put each of them there."""
    with connection.cursor() as cursor:
        cursor.execute(_BY, [current(), ids])
        return dict(cursor.fetchall())
