"""The branch an import is: every row with what it would do, corrections, choices per duplicate."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from klientel.kernel import jobs, tenancy
from klientel.kernel.access import reading
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.transfer import assistant, effects, preview, running, staging
from klientel.kernel.transfer.branch import stand_in, stands_in
from klientel.kernel.transfer.jobs import choose_for_all, try_out
from klientel.kernel.transfer.models import ImportRun, State
from klientel.kernel.transfer.options import Options
from klientel.kernel.transfer.resolving import named
from klientel.kernel.transfer.targets import preset_of
from klientel.kernel.web.answers import act, say_done
from klientel.kernel.web.views.transferwords import choice_words, made_words, reason_words, words

ROWS = 50
#: files of so many bytes are tried out while one waits; larger ones by the worker
AT_ONCE = 60_000
CHOSEN_AT_ONCE = 1000


def begin(request: Any, run: ImportRun) -> None:
    """Try it out: a small file at once, a large one by the worker."""
    preview.begin(run)
    if run.size <= AT_ONCE:
        staging.stage(run.pk)
        return
    with tenancy.writing():
        jobs.defer(try_out, tenant=request.tenant.pk, run=run.pk, once=f"try:{run.pk}")


def shown(request: Any, run: ImportRun, refused: Refused | None = None) -> HttpResponse:
    """What the import would do, a page of rows at a time, by outcome."""
    state = request.GET.get("show", "")
    state = state if state in preview.KINDS else ""
    after = request.GET.get("after", "0")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
    rows = preview.rows(run, state=state, after=start, limit=ROWS + 1)
    with tenancy.reading():
        rtype = type_of(run.record_type)
        matched = sum(run.counts.get(k, 0) for k in ("duplicate", "conflict"))
        context = {
            "run": run,
            "rtype": rtype,
            "counts": [(k, word, run.counts.get(k, 0)) for k, word in words().items()],
            "rows": _told(request.scope, rtype, rows[:ROWS]),
            "next": rows[ROWS - 1].line if len(rows) > ROWS else 0,
            "first": start == 0,
            "show": state,
            "words": words(),
            "reason_words": reason_words(),
            "made": made_words(run.preview.get("made", {})),
            "effects": effects.told(run),
            "options": Options.of(run.options),
            "choices": choice_words(),
            "matched": matched,
            "likely": run.counts.get("likely", 0),
            "acting": run.counts.get("new", 0) + run.counts.get("updated", 0),
            "conflicts": run.state == State.CONFLICTS,
            "refused": refused,
        }
        return render(request, "transfer/check.html", context, status=refused.status if refused else 200)


def _told(scope: Any, rtype: RecordType, rows: list[Any]) -> list[dict[str, Any]]:
    """Rows with their diffs in words; the names of what they lead to by one look per type."""
    visible = scope.visible(rtype)
    order = [n for _title, names in rtype.sections for n in names if n in visible]
    fields = {n: visible[n] for n in dict.fromkeys([*order, *visible])}
    names = _names(scope, fields, rows)
    beside = {one.path: str(one.label) for one in preset_of(rtype).beside}
    said = effects.phrases(one for r in rows for one in r.follows)
    return [
        {"row": r, "lines": _lines(r, fields, names) + _beside(r, beside),
         "follows": [said[one] for one in r.follows if one in said]}
        for r in rows
    ]  # fmt: skip


def _beside(row: Any, labels: dict[str, str]) -> list[dict[str, str]]:
    """What the row would put beside its record."""
    if row.state not in ("new", "updated", "unchanged"):
        return []
    return [{"field": labels.get(p, p), "old": "", "new": text} for p, text in row.related.items()]


def _names(scope: Any, fields: dict[str, Kind], rows: list[Any]) -> dict[str, str]:
    wanted: dict[str, set[UUID]] = {}
    for row in rows:
        for name, value in [*row.values.items(), *((n, v) for n, pair in row.changes.items() for v in pair)]:
            kind = fields.get(name)
            if isinstance(kind, Link | Links) and kind.to != "kernel.user":
                ids = value if isinstance(value, list) else [value] if value else []
                wanted.setdefault(kind.to, set()).update(UUID(i) for i in ids if not stands_in(i))
    return {str(i): n.title for to, ids in wanted.items() if ids for i, n in reading.names(scope, ids, to).items()}


def _lines(row: Any, fields: dict[str, Kind], names: dict[str, str]) -> list[dict[str, str]]:
    """The diff of a row: field, old and new value in words."""
    pairs = row.changes if row.changes else {n: [None, v] for n, v in row.values.items()}
    if row.state not in ("new", "updated", "conflict"):
        return []
    found = []
    for name, kind in fields.items():
        if name in pairs:
            old, new = pairs[name]
            told = {"old": _said(kind, old, names), "new": _said(kind, new, names | _to_come(row, kind, new))}
            found.append({"field": str(kind.verbose_name), **told})
    return found


def _to_come(row: Any, kind: Kind, value: Any) -> dict[str, str]:
    """What the row leads to that would be made on the way, by the ids that stand in for it."""
    ids = value if isinstance(value, list) else [value]
    if not isinstance(kind, Link | Links) or not any(i and stands_in(i) for i in ids):
        return {}
    target = type_of(kind.to).key
    texts = {str(stand_in(row.run, target, one)): one for one in named(kind, row.links.get(kind.name, ""))}
    return {i: _("%(name)s (new)") % {"name": text} for i, text in texts.items()}


def _said(kind: Kind, value: Any, names: dict[str, str]) -> str:
    if value is None or value == "" or value == []:
        return ""
    if isinstance(kind, Link | Links):
        ids = value if isinstance(value, list) else [value]
        return ", ".join(names[i] for i in ids if i in names)
    try:
        return kind.show(kind.from_plain(value))
    except Refused:
        return str(value)


@act
def row(request: Any, import_id: UUID, line: int) -> HttpResponse:
    """One row: its cells to be corrected, what it would do, what it repeats."""
    run = assistant.get(request.actor, import_id)
    if request.method == "POST":
        cells = {
            int(n): text
            for key, text in request.POST.items()
            if key.startswith("cell-") and (n := key.removeprefix("cell-")).isascii() and n.isdigit() and len(n) < 6
        }
        now = preview.correct(run, line, cells)
        if now.state == "error":
            return _one(request, run, now)
        say_done(request, _("Line %(line)d was corrected.") % {"line": line})
        return HttpResponseRedirect(reverse("import", args=[run.pk]))
    return _one(request, run, preview.row(run, line))


def _one(request: Any, run: ImportRun, found: Any) -> HttpResponse:
    with tenancy.reading(), running.surroundings(run.language):
        columns = running.open_file(run).columns
    with tenancy.reading():
        rtype = type_of(run.record_type)
        cells = [*found.cells[: len(columns)], *[""] * (len(columns) - len(found.cells))]
        wrong = {f["column"]: f["message"] for f in found.told if f["column"]}
        context = {
            "run": run,
            "rtype": rtype,
            "row": found,
            "cells": [
                {"n": n, "column": c, "text": t, "wrong": wrong.get(c, ""), "used": bool(run.mapping.get(c))}
                for n, (c, t) in enumerate(zip(columns, cells, strict=True))
            ],
            "one": _told(request.scope, rtype, [found])[0],
            "choices": choice_words(),
            "words": words(),
            "reason_words": reason_words(),
        }
        return render(request, "transfer/row.html", context)


@require_POST
@act
def decide(request: Any, import_id: UUID) -> HttpResponse:
    """A choice for one row that repeats a record, or for all of them."""
    run = assistant.get(request.actor, import_id)
    choice, line = request.POST.get("choice", ""), request.POST.get("line", "")
    if line.isascii() and line.isdigit() and len(line) < 10:
        preview.decide(run, choice, [int(line)])
    elif sum(run.counts.get(k, 0) for k in ("updated", "unchanged", "duplicate", "conflict")) <= CHOSEN_AT_ONCE:
        preview.decide_all(run, choice)
    else:
        preview.checked_choice(choice)
        with tenancy.writing():
            jobs.defer(choose_for_all, tenant=request.tenant.pk, run=run.pk, choice=choice)
        say_done(request, _("The choice is applied in the background. Please look again in a moment."))
    back = request.POST.get("show", "")
    where = f"?show={back}" if back in preview.KINDS else ""
    return HttpResponseRedirect(reverse("import", args=[run.pk]) + where)
