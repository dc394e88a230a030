"""The page of a rehearsal: what would have happened to whom. It is made when asked for, and kept nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from klientel.automation.actions.rehearsing import Rehearsed, Result, rehearse
from klientel.automation.models import shape
from klientel.automation.queries import checking, saying
from klientel.automation.queries.answers import scope_of
from klientel.automation.views.flows import KEY, definition_of, workflow_of
from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import names
from klientel.kernel.errors import together
from klientel.kernel.events import Event
from klientel.kernel.records import type_of
from klientel.kernel.web import timeline
from klientel.kernel.web.answers import act
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.speech import large

DAYS = (7, 30, 90)
SHOWN = 50


@act
def rehearsal(request: Any, record_id: UUID) -> HttpResponse:
    """GET asks for how many days; POST rehearses, with the rights of who asks."""
    with tenancy.reading():
        workflow = workflow_of(request, record_id)
        definition = definition_of(request, workflow)
        if problems := checking.refusals(definition, request.scope):
            return _page(request, workflow, definition, None, together(problems))
    if request.method != "POST":
        with tenancy.reading():
            return _page(request, workflow, definition, None)
    days = int(request.POST["days"]) if request.POST.get("days") in {str(d) for d in DAYS} else DAYS[0]
    actor = replace(request.actor, kind="workflow", id=workflow.pk, name=workflow.name)
    result = rehearse(actor, definition, days=days, name=workflow.name)
    with tenancy.reading():
        return _page(request, workflow, definition, result, days=days)


def _page(
    request: Any, workflow: Any, definition: shape.Definition, result: Result | None, refused: Any = None, *,
    days: int = DAYS[0],
) -> HttpResponse:  # fmt: skip
    scope = request.scope
    shown = result.runs[:SHOWN] if result is not None else []
    known = names(scope, {one.event.record_id for one in shown})
    context = {
        "workflow": workflow, "rtype": type_of(KEY), "days": days, "offered": DAYS, "result": result,
        "refused": refused, "trigger": saying.trigger(definition, scope),
        "rows": [_row(scope, definition, one, known) for one in shown],
    }  # fmt: skip
    return render(request, "automation/rehearsal.html", context, status=422 if refused else 200)


def _row(scope: Any, definition: shape.Definition, one: Rehearsed, known: dict[UUID, Any]) -> dict[str, Any]:
    rtype, with_answers = type_of(definition["on"]), scope_of(scope, definition)
    done = [(step, shape.at(definition, step.place)) for step in one.steps]
    return {
        "name": known.get(one.event.record_id),
        "at": one.event.at,
        "steps": [saying.text_of(found, rtype, with_answers) for _s, found in done if found is not None],
        "effects": [_effect(scope, event) for event in one.effects],
        "waits": one.waits,
        "refused": one.refused,
        "tried": one.tried,
    }


def _effect(scope: Any, event: Event) -> dict[str, Any]:
    """What an action would have done, as far as whoever asks may see it."""
    rtype, act_ = type_of(event.record_type), actions.get(event.kind)
    visible, lines = scope.visible(rtype), []
    for name, (old, new) in event.changes.items():
        kind = visible.get(name)
        if kind is None or name in timeline.QUIET or (kind.readonly and name != "owner"):
            continue
        sides = [saying.value(kind, v, rtype, scope) if v not in (None, "", []) else "" for v in (old, new)]
        if sides[0] != sides[1]:
            lines.append((label_of(kind), *sides))
    return {"icon": act_.icon, "what": f"{large(rtype.label)}: {act_.label}", "lines": lines}
