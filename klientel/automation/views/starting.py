"""Starting a workflow by hand for what is selected in a list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from klientel.automation.queries import saying, triggers
from klientel.kernel import actions, tenancy
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import visible_ids
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.web import selections
from klientel.kernel.web.addresses import place
from klientel.kernel.web.answers import act, back, came_from, say_done
from klientel.kernel.web.views.bulk import selected
from klientel.kernel.web.views.lists import seen_type

KEY = "automation.workflow"
MOST = 1000  # records of one start


@selections.offer
def offered(scope: ActorScope, rtype: RecordType) -> tuple[str, str, str] | None:
    """For whoever may start workflows; which there are is looked up when it is pressed."""
    if rtype.system or not scope.may(type_of(KEY), "start"):
        return None
    return _("Start a workflow"), "zap", place("workflow_start", rtype.slug)


@require_POST
@act
def start(request: Any, slug: str) -> HttpResponse:
    """Ask which workflow; then start it for the selected records that fulfil its condition, all at once."""
    with tenancy.reading():
        rtype = seen_type(request, slug)
        if offered(request.scope, rtype) is None:
            raise Forbidden("forbidden", _("You may not do this here."))
        ids = selected(request, rtype, most=MOST + 1)
        if not ids:
            raise Refused("nothing_chosen", _("Please select at least one record."))
        if len(ids) > MOST:
            raise Refused("too_many", _("Please select at most %(n)d records.") % {"n": MOST})
        active = [r for r in triggers.index().rules.values() if r.on == rtype.key]
        seen = visible_ids(request.scope, type_of(KEY), [r.workflow for r in active])
        rules = sorted((r for r in active if r.workflow in seen), key=lambda r: (r.when != "hand", r.name))
    chosen = next((r for r in rules if str(r.workflow) == request.POST.get("workflow")), None)
    refused = None
    if chosen is not None:
        try:
            return _started(request, rtype, chosen.workflow, ids)
        except Refused as no:
            refused = no
    with tenancy.reading():
        context = {
            "rtype": rtype, "ids": ids, "refused": refused, "next": came_from(request),
            "cancel": came_from(request) or reverse("list", args=[slug]),
            "flows": [
                {"id": r.workflow, "name": r.name, "steps": saying.steps(r.definition, request.scope),
                 "where": saying.condition(rtype, r.definition.get("where"), request.scope)}
                for r in rules
            ],
        }  # fmt: skip
        return render(request, "automation/start.html", context, status=refused.status if refused else 200)


def _started(request: Any, rtype: RecordType, workflow: UUID, ids: list[UUID]) -> HttpResponse:
    records = [str(one) for one in ids]
    done = actions.run(request.actor, f"{KEY}.start", workflow, scope=request.scope, records=records)
    n = int(done.events[0].parameters["started"])
    text = ngettext("Started for %(n)d record", "Started for %(n)d records", n) % {"n": n}
    if left := len(ids) - n:
        text += ". " + ngettext("%(n)d does not fit.", "%(n)d do not fit.", left) % {"n": left}
    say_done(request, text)
    return back(request, reverse("list", args=[rtype.slug]))
