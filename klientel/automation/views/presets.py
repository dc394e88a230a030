"""Usual cases to begin with, or an empty workflow."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from klientel.automation.queries import saying
from klientel.automation.queries.usual import usual
from klientel.kernel import actions, tenancy
from klientel.kernel.errors import Forbidden, Missing
from klientel.kernel.records import type_of
from klientel.kernel.web.addresses import place
from klientel.kernel.web.answers import act

KEY = "automation.workflow"


@act
def presets(request: Any) -> HttpResponse:
    """Show them; a POST makes a draft of one."""
    with tenancy.reading():
        if not request.scope.may(type_of(KEY), "create"):
            raise Forbidden("forbidden", _("You may not create this."))
        some = usual(request.scope)
        if request.method != "POST":
            told = [
                {"preset": p, "trigger": saying.trigger(d, request.scope), "steps": saying.steps(d, request.scope)}
                for p in some for d in [p.definition()]
            ]  # fmt: skip
            return render(request, "automation/presets.html", {"rtype": type_of(KEY), "presets": told})
        chosen = next((p for p in some if p.key == request.POST.get("preset")), None)
        if chosen is None and request.POST.get("preset"):
            raise Missing("missing", _("There is no such preset."))
        values: dict[str, Any] = {"name": _("New workflow")}
        if chosen is not None:
            values = {"name": str(chosen.name), "purpose": str(chosen.purpose), "definition": chosen.definition()}
    made = actions.run(request.actor, f"{KEY}.create", scope=request.scope, **values).record
    return HttpResponseRedirect(place("workflow_flow" if chosen else "workflow_beginning", made.pk))
