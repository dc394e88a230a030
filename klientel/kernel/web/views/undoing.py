"""Taking back what was done: looking at it first, deciding what happens to what changed since, and how far it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from klientel.kernel import actions, history, jobs, tenancy
from klientel.kernel.access.reading import names
from klientel.kernel.errors import Missing
from klientel.kernel.events import Event
from klientel.kernel.history import Choice, Choices, previewing, runs
from klientel.kernel.history.jobs import run_changes
from klientel.kernel.history.models import ChangeRun, State
from klientel.kernel.history.previewing import Foreseen, Preview
from klientel.kernel.history.undo import LAST
from klientel.kernel.records import type_of
from klientel.kernel.web import values
from klientel.kernel.web.answers import act, back, came_from, page, page_after, say_done, wants_json
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.speech import large

ROWS = 100


@act
def undo(request: Any, change_set: UUID) -> HttpResponse:
    """GET shows what an undo would do; POST does it: a small one at once, a large one in the background."""
    if request.method != "POST":
        return _look(request, change_set)
    with tenancy.reading():
        large_ = runs.large(change_set)
    choices = _choices(request.POST)
    if large_:
        return _begin(request, change_set, choices)
    result = history.undo(request.actor, change_set, choices)
    stayed = len(result.refused) + len(result.partly)
    text = ngettext("Undone: %(n)d record", "Undone: %(n)d records", result.records) % {"n": result.records}
    if stayed:
        text += ". " + ngettext("%(n)d was changed since and stays.", "%(n)d were changed since and stay.", stayed) % {
            "n": stayed
        }
    see = reverse("undo", args=[change_set]) if result.refused and "choice" not in request.POST else ""
    if wants_json(request):
        if not result.records and not see:
            raise result.refused[0][1]
        again = reverse("undo", args=[result.change_set]) if result.records else ""
        return JsonResponse({"toast": text, "records": result.records, "see": see, "undo": again})
    say_done(request, text, result.change_set if result.records else None)
    return HttpResponseRedirect(see) if see else back(request, reverse("home"))


def _choices(sent: Any) -> Choices:
    """What the page decided: for all, and for single records (``choice-<id>``)."""
    one = {k.removeprefix("choice-"): v for k, v in sent.items() if k.startswith("choice-") and v}
    return Choices.from_plain({"all": sent.get("choice") or Choice.LEAVE, "one": one})


def _begin(request: Any, change_set: UUID, choices: Choices) -> HttpResponse:
    run = runs.start_undo(request.actor, change_set, choices)
    return started(request, run)


def started(request: Any, run: ChangeRun) -> HttpResponse:
    """Give a run to the worker and lead to the page that tells how far it is."""
    with tenancy.writing():
        jobs.defer(run_changes, tenant=request.tenant.pk, run=run.pk, once=f"changes:{run.pk}")
    at = reverse("run", args=[run.pk])
    return (
        JsonResponse({"toast": _("This goes on in the background."), "see": at})
        if wants_json(request)
        else (HttpResponseRedirect(at))
    )


def _look(request: Any, change_set: UUID) -> HttpResponse:
    last = request.GET.get("after", "")
    with tenancy.reading():
        seen = previewing.preview(request.scope, change_set, last=page_after(last) or LAST)
        context = {
            "seen": seen,
            "what": said(seen.first),
            "conflicts": drawn(request.scope, seen.conflicts),
            "rows": drawn(request.scope, seen.rows),
            "shares": [_share(s) for s in seen.shares],
            "next": came_from(request),
            "large": seen.events > runs.AT_ONCE,
            "asks": _asks(seen),
        }
        return render(request, "records/undo.html", context)


def _asks(seen: Preview) -> bool:
    return bool(seen.conflicts) or seen.more_conflicts


def _share(share: previewing.Share) -> str:
    def counted(n: int) -> str:
        return f"{n} {large(share.rtype.label if n == 1 else share.rtype.plural)}"

    parts = []
    if share.made:
        parts.append(_("%(what)s made: to the recycle bin") % {"what": counted(share.made)})
    if share.changed:
        parts.append(_("%(what)s changed: back to the values before") % {"what": counted(share.changed)})
    return " · ".join(parts)


def said(event: Event) -> str:
    """What was done, in the words of its action."""
    try:
        return str(actions.get(event.kind).label)
    except Missing:
        return event.kind


def drawn(scope: Any, some: list[Foreseen]) -> list[dict[str, Any]]:
    """What would become of records, with the values as people read them; hidden ones are in none of it."""
    pairs: list[tuple[Any, Any]] = []
    for one in some:
        visible = scope.visible(one.rtype)
        if one.verdict is not None:
            pairs += [(visible[n], pair) for n, pair in one.verdict.back.items() if n in visible]
            pairs += [
                (visible[c.field], (c.before, c.then, c.now)) for c in one.verdict.conflicts if c.field in visible
            ]
    known = values.names_in(scope, pairs)
    return [_one(scope, one, known) for one in some]


def _one(scope: Any, one: Foreseen, known: values.Names) -> dict[str, Any]:
    visible, verdict = scope.visible(one.rtype), one.verdict
    made: dict[str, Any] = {
        "id": one.event.record_id, "title": one.title, "rtype": one.rtype, "back": [], "conflicts": [],
        "gone": verdict is None, "may": one.may, "trash": verdict is not None and verdict.made, "hidden": False,
    }  # fmt: skip
    if verdict is None:
        return made
    made["hidden"] = verdict.hidden or bool(verdict.closed)
    for name, (now, old) in verdict.back.items():
        if name in visible:
            kind = visible[name]
            line = {"label": label_of(kind), "now": values.shown(kind, now, known)}
            made["back"].append(line | {"old": values.shown(kind, old, known)})
    for c in verdict.conflicts:
        kind = visible[c.field]
        line = {"label": label_of(kind), "then": values.shown(kind, c.then, known)}
        line |= {"now": values.shown(kind, c.now, known), "before": values.shown(kind, c.before, known)}
        made["conflicts"].append(line)
    return made


# -- runs ---------------------------------------------------------------------------------------------------------


@page
def run(request: Any, run_id: UUID) -> HttpResponse:
    """How far a bulk edit or an undo is, and what it left as it was."""
    found = runs.get(request.actor, run_id)
    after = request.GET.get("after", "")
    left = runs.rows(found, limit=ROWS, after=page_after(after) or runs.FIRST)
    known: dict[UUID, Any] = {}
    for key in {r.record_type for r in left}:
        known |= names(request.scope, [r.record for r in left if r.record_type == key and r.record], key)
    context = {
        "run": found,
        "text": _how_far(found),
        "what": _("Undo") if found.kind == "undo" else str(actions.get(found.action).label),
        "left": [_left(r, known) for r in left],
        "rest": left[-1].pk if len(left) == ROWS else None,
        "undoable": bool(found.changed) and found.state != State.RUNNING and _takes_back(found),
    }
    return render(request, "records/run.html", context)


def _takes_back(found: ChangeRun) -> bool:
    return found.kind == "undo" or actions.get(found.action).undoable


def _left(row: Any, known: dict[UUID, Any]) -> dict[str, Any]:
    try:
        visible = type_of(row.record_type).fields
    except Missing:
        visible = {}
    labels = [label_of(visible[n]) for n in row.field.split(",") if n in visible]
    return {"row": row, "name": known.get(row.record), "fields": ", ".join(labels)}


def _how_far(found: ChangeRun) -> str:
    if found.total:
        return _("%(n)d of %(total)d records") % {"n": found.done, "total": found.total}
    return ngettext("%(n)d record", "%(n)d records", found.done) % {"n": found.done}


@page
def progress(request: Any, run_id: UUID) -> HttpResponse:
    """How far it is, for the page that waits."""
    found = runs.get(request.actor, run_id)
    ready = found.state != State.RUNNING
    return JsonResponse({"done": found.done, "total": found.total, "text": _how_far(found), "ready": ready})


@require_POST
@act
def cancel(request: Any, run_id: UUID) -> HttpResponse:
    """Stop it; what is done stays and can be undone."""
    found = runs.cancel(request.actor, run_id)
    return HttpResponseRedirect(reverse("run", args=[found.pk]))
