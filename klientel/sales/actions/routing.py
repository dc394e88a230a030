"""What the rules do with a lead: give it to whose turn it is, note the first reaction, qualify it by its score."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.kinds import DateTime, Whole
from klientel.kernel.records import type_of
from klientel.sales.models import Lead
from klientel.sales.models.leading import CONTACTED, MQL, NEW, OPEN, WARMING, reaction
from klientel.sales.queries.routing import decide


@action(
    "sales.lead",
    _("Assign by the rules"),
    said=_("assigned by the rules"),
    needs="assign",
    icon="waypoints",
    offered={"status": OPEN, "owner": False},
    writes={"team": ..., "owner": ...},
)
def route(step: Step, lead: Lead) -> None:
    """To the first rule that fits, and there to whose turn it is. The event says why."""
    step.require(lead.status in OPEN, "closed", _("This lead is closed. Please reopen it first."))
    step.require(lead.owner is None, "owned", _("Somebody looks after this lead already."))
    step.settle(type_of(lead).table)
    found = decide(lead)
    step.keep(why=found.told)
    step.mark(lead)
    if found.rule is not None and found.rule.team is not None:
        step.change(lead, team=found.rule.team)
    if found.owner is not None:
        step.change(lead, owner=found.owner)


@action(
    "sales.lead",
    _("First reaction"),
    said=_("reacted for the first time"),
    needs="change",
    icon="phone",
    offered={"first_response_at": False},
    writes={"first_response_at": ..., "response_minutes": ..., "status": CONTACTED},
)
def react(step: Step, lead: Lead, *, at: Annotated[dt.datetime | None, DateTime(_("when"))] = None) -> None:
    """Somebody has answered, say by a call: noted once, and a new lead is contacted by it."""
    step.require(lead.first_response_at is None, "answered_already", _("The first reaction is known already."))
    moment = min(at or step.now, step.now)
    step.require(moment >= lead.created_at, "too_early", _("That was before the lead came in."), field="at")
    step.stamp(lead, **reaction(step, lead, moment))
    if lead.status == NEW:
        step.change(lead, status=CONTACTED)


def _points(scope: Any, parameters: dict[str, Any]) -> list[str]:
    """The score that was reached and what it had to be; nothing for who may not see scores."""
    if "score" not in scope.visible(type_of(Lead)):
        return []
    return [say("score %(score)s, from %(least)s on") % parameters] if {"score", "least"} <= parameters.keys() else []


@action(
    "sales.lead",
    _("Qualify by the score"),
    said=_("qualified the lead by its score"),
    needs="change",
    icon="badge-check",
    only=("system",),
    tells=_points,
)
def reach_score(
    step: Step,
    lead: Lead,
    *,
    score: Annotated[int, Whole(_("score"))],
    least: Annotated[int, Whole(_("qualified (MQL) from a score of"))],
) -> None:
    """Its score has reached what its inbox asks for. Klientel does this by itself, once for a lead."""
    step.require(lead.status in WARMING, "further", _("This lead is that far already."))
    step.keep(score=score, least=least)
    step.change(lead, status=MQL)
