"""What can be done with a deal."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import NEW
from klientel.kernel.kinds import Link, Text
from klientel.sales.models import Deal, Stage, checklist
from klientel.sales.models.holding import LOST, OPEN, WON
from klientel.sales.models.staging import first_stage, stage_of

Item = Annotated[str, Text(_("item of the checklist"), required=True, max_length=checklist.LONGEST)]


@action(
    "sales.deal",
    _("Move"),
    said=_("moved the deal"),
    needs="change",
    icon="arrow-right-left",
    writes={"stage": ..., "pipeline": ...},
)
def move(step: Step, deal: Deal, *, stage: Annotated[UUID, Link("sales.stage", _("stage"))]) -> None:
    """Into another stage of any pipeline."""
    found = stage_of(step, stage)
    if found is not None and found.pipeline != deal.pipeline:
        step.change(deal, pipeline=found.pipeline)
    step.change(deal, stage=stage)


@action(
    "sales.deal",
    _("Won"),
    said=_("won the deal"),
    needs="change",
    icon="trophy",
    offered={"state": (OPEN, LOST)},
    writes={"stage": ..., "reason": ..., "reason_note": ...},
)
def win(
    step: Step,
    deal: Deal,
    *,
    reason: Annotated[UUID, Link("sales.closereason", _("reason"))],
    note: Annotated[str, Text(_("note"), max_length=500)] = "",
) -> None:
    """The customer has agreed."""
    _close(step, deal, WON, reason, note)


@action(
    "sales.deal",
    _("Lost"),
    said=_("marked the deal as lost"),
    needs="change",
    icon="circle-x",
    offered={"state": (OPEN, WON)},
    writes={"stage": ..., "reason": ..., "reason_note": ..., "lost_to": ..., "competitors": ...},
)
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
        step.change(deal, lost_to=competitor, competitors=list(dict.fromkeys([*deal.competitors, competitor])))


@action(
    "sales.deal",
    _("Tick off"),
    said=_("ticked off a point"),
    needs="change",
    icon="square-check",
    offered=False,
    writes={"ticks": ...},
)
def tick(
    step: Step, deal: Deal, *, item: Item, stage: Annotated[UUID | None, Link("sales.stage", _("stage"))] = None
) -> None:
    """Something on the checklist of a stage is done: of the stage in which the deal is, unless another is named."""
    at = _listed(step, deal, stage, item)
    if item in checklist.ticked(deal.ticks, at.pk):  # somebody was faster; it is done
        return
    done = {"stage": str(at.pk), "item": item, "by": str(step.actor.member or ""), "name": step.actor.name}
    step.stamp(deal, ticks=[*deal.ticks, done | {"at": step.now.isoformat()}])


@action(
    "sales.deal",
    _("Tick off no more"),
    said=_("removed a tick"),
    needs="change",
    icon="square",
    offered=False,
    writes={"ticks": ...},
)
def untick(
    step: Step, deal: Deal, *, item: Item, stage: Annotated[UUID | None, Link("sales.stage", _("stage"))] = None
) -> None:
    """It is not done after all."""
    at = str(_listed(step, deal, stage, item).pk)
    step.stamp(deal, ticks=[one for one in deal.ticks if (one["stage"], one["item"]) != (at, item)])


@action(
    "sales.deal",
    _("Make a quote"),
    said=_("made a quote"),
    needs="change",
    icon="file-plus",
    offered={"positions": True},
    writes={"sales.quote": NEW},
)
def quote(step: Step, deal: Deal) -> None:
    """A draft with the products of the deal, for its organisation and contact person."""
    step.require(deal.positions, "no_lines", _("This deal has no products yet."), "positions")
    told = [{name: value for name, value in one.items() if name not in ("rate", "reason")} for one in deal.positions]
    step.create(
        "sales.quote", name=deal.name, deal=deal.id, organisation=deal.organisation, person=deal.person,
        currency=deal.currency, positions=told, owner=deal.owner or step.actor.member,
    )  # fmt: skip


def _listed(step: Step, deal: Deal, stage: UUID | None, item: str) -> Stage:
    found = stage_of(step, stage or deal.stage) if stage or deal.stage else None
    here = found is not None and any(one["key"] == item for one in found.checklist or ())
    step.require(here and found.pipeline == deal.pipeline, "no_such_item", _("This is not on the checklist."), "item")  # type: ignore[union-attr]
    assert found is not None
    return found


@action(
    "sales.deal",
    _("Reopen"),
    said=_("reopened the deal"),
    needs="change",
    icon="rotate-ccw",
    offered={"state": (WON, LOST)},
    writes={"stage": ...},
)
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
