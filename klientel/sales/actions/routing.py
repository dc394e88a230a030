"""What the rules do with a lead: give it to whose turn it is, and note the first reaction."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.kinds import DateTime
from klientel.kernel.records import type_of
from klientel.sales.models import Lead
from klientel.sales.models.leading import CONTACTED, NEW, OPEN, reaction
from klientel.sales.queries.routing import decide


@action("sales.lead", _("Assign by the rules"), said=_("assigned by the rules"), needs="assign", icon="waypoints")
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


@action("sales.lead", _("First reaction"), said=_("reacted for the first time"), needs="change", icon="phone")
def react(step: Step, lead: Lead, *, at: Annotated[dt.datetime | None, DateTime(_("when"))] = None) -> None:
    """Somebody has answered, say by a call: noted once, and a new lead is contacted by it."""
    step.require(lead.first_response_at is None, "answered_already", _("The first reaction is known already."))
    moment = min(at or step.now, step.now)
    step.require(moment >= lead.created_at, "too_early", _("That was before the lead came in."), field="at")
    step.stamp(lead, **reaction(step, lead, moment))
    if lead.status == NEW:
        step.change(lead, status=CONTACTED)
