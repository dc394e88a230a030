"""The pages of runs: a list, and one run explained."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from klientel.automation.models import Run, Workflow
from klientel.automation.models.run import State
from klientel.automation.queries.explaining import explained, reason
from klientel.automation.queries.lasting import days_kept
from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import names
from klientel.kernel.errors import Forbidden, Missing
from klientel.kernel.events.event import read
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.web import timeline
from klientel.kernel.web.addresses import place, urlencoded
from klientel.kernel.web.answers import act, page, say_done
from klientel.lib.ids import read_id

KEY = "automation.workflow"
PAGE = 50
TONES = {"open": "info", "held": "warn", "done": "ok", "attention": "bad", "stopped": "warn", "lapsed": ""}


@page
def runs(request: Any) -> HttpResponse:
    """The newest runs, of one workflow or of all, in one state or in any."""
    scope, rtype = request.scope, type_of(KEY)
    if not scope.may(rtype, "view"):
        raise Missing("missing", _("There is no such record, or you may not see it."))
    chosen = _chosen(request)
    some = Run.objects.all()
    if chosen["workflow"]:
        some = some.filter(workflow=chosen["workflow"])
    if chosen["state"]:
        some = some.filter(state=chosen["state"])
    if chosen["before"]:
        some = some.filter(pk__lt=chosen["before"])
    found = list(some.order_by("-pk")[: PAGE + 1])
    flows = dict(Workflow.objects.filter(archived_at=None).order_by("name").values_list("pk", "name"))
    known = names(scope, {r.record for r in found})
    rest = urlencoded(chosen | {"before": found[PAGE - 1].pk}) if len(found) > PAGE else ""
    context = {
        "rtype": rtype, "states": State.choices, "flows": flows, "chosen": chosen, "tones": TONES,
        "workflow": flows.get(chosen["workflow"]), "rest": f"?{rest}" if rest else "",
        "rows": [
            {"run": r, "flow": flows.get(r.workflow, "…"), "name": known.get(r.record), "reason": reason(r)}
            for r in found[:PAGE]
        ],
    }  # fmt: skip
    return render(request, "automation/runs.html", context)


def _chosen(request: Any) -> dict[str, Any]:
    state = request.GET.get("state", "")
    return {
        "workflow": read_id(request.GET.get("workflow", "")),
        "state": state if state in State.values else "",
        "before": read_id(request.GET.get("before", "")),
    }


@page
def run(request: Any, run_id: UUID) -> HttpResponse:
    """Why it began, what it did, and what it waits for."""
    try:
        found = explained(request.scope, run_id)
    except Missing as no:
        return _ended(request, run_id, no)
    context = {
        "rtype": type_of(KEY), "it": found, "run": found.run, "tones": TONES,
        "may_change": request.scope.may(type_of(KEY), "change"), "may_view": request.scope.may(type_of(KEY), "view"),
    }  # fmt: skip
    return render(request, "automation/run.html", context)


def _ended(request: Any, run_id: UUID, no: Missing) -> HttpResponse:
    """What a run did whose log has gone: its events stay."""
    some = [e for e in read(Sql("e.change_set = %s", (run_id,))) if e.actor.startswith("workflow:")]
    told = timeline.told(request.scope, None, some)
    if not told or Run.objects.filter(pk=run_id).exists():
        raise no
    for each in told:
        each.why = ""
    context = {"rtype": type_of(KEY), "name": some[0].actor_name, "told": told, "days": days_kept()}
    return render(request, "automation/ended.html", context)


@act
def helped(request: Any, run_id: UUID) -> HttpResponse:
    """Try again where it stopped, or end it."""
    verb = request.POST.get("op", "")
    if request.method != "POST" or verb not in ("retry", "cancel"):
        return HttpResponseRedirect(place("run_explained", run_id))
    with tenancy.reading():
        found = Run.objects.filter(pk=run_id).first()
        if found is None:
            raise Missing("missing", _("There is no such record, or you may not see it."))
        if not request.scope.may(type_of(KEY), "change"):
            raise Forbidden("forbidden", _("You may not change this."))
    actions.run(request.actor, f"{KEY}.{verb}", found.workflow, scope=request.scope, run=str(run_id))
    say_done(request, _("Done."))
    return HttpResponseRedirect(place("run_explained", run_id))
