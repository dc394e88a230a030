"""What can be done with a deal."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.kinds import Link, Text
from klientel.sales.models import Deal, Stage
from klientel.sales.models.pipeline import LOST, OPEN, WON
from klientel.sales.models.staging import first_stage, stage_of


@action("sales.deal", _("Move"), needs="change", icon="arrow-right-left")
def move(step: Step, deal: Deal, *, stage: Annotated[UUID, Link("sales.stage", _("stage"))]) -> None:
    """Into another stage of any pipeline."""
    found = stage_of(step, stage)
    if found is not None and found.pipeline != deal.pipeline:
        step.change(deal, pipeline=found.pipeline)
    step.change(deal, stage=stage)


@action("sales.deal", _("Won"), needs="change", icon="trophy")
def win(
    step: Step,
    deal: Deal,
    *,
    reason: Annotated[UUID, Link("sales.closereason", _("reason"))],
    note: Annotated[str, Text(_("note"), max_length=500)] = "",
) -> None:
    """The customer has agreed."""
    _close(step, deal, WON, reason, note)


@action("sales.deal", _("Lost"), needs="change", icon="circle-x")
def lose(
    step: Step,
    deal: Deal,
    *,
    reason: Annotated[UUID, Link("sales.closereason", _("reason"))],
    competitor: Annotated[UUID | None, Link("contacts.organisation", _("lost to"))] = None,
    note: Annotated[str, Text(_("note"), max_length=500)] = "",
) -> None:
    """The customer has decided otherwise."""
    _close(step, deal, LOST, reason, note)
    if competitor is not None:
        step.change(deal, competitors=[*deal.competitors, competitor])


@action("sales.deal", _("Reopen"), needs="change", icon="rotate-ccw")
def reopen(step: Step, deal: Deal) -> None:
    """It goes on after all, in the first stage of its pipeline."""
    step.require(deal.state != OPEN, "not_closed", _("This deal is open."))
    first = first_stage(deal.pipeline)
    step.require(first is not None, "no_stage", _("This pipeline has no open stage."))
    assert first is not None
    step.change(deal, stage=first.pk)


def _close(step: Step, deal: Deal, outcome: str, reason: UUID, note: str) -> None:
    step.require(deal.state != outcome, "closed_already", _("This deal is closed already."))
    stages = Stage.objects.filter(pipeline=deal.pipeline, outcome=outcome, archived_at=None)
    stage = stages.order_by("position", "id").first()
    step.require(stage is not None, "no_stage", _("This pipeline has no stage for that outcome."))
    assert stage is not None
    step.change(deal, stage=stage.pk, reason=reason, reason_note=note)
