"""The usual pipeline, to begin with."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from klientel.kernel.actions import Step, action
from klientel.kernel.kinds import Link
from klientel.sales.models import Deal, Pipeline, Stage, usual


@action(
    "sales.pipeline",
    _("Set up the usual pipeline"),
    said=_("set up the usual pipeline"),
    needs="create",
    new=True,
    icon="sparkles",
)
def begin(step: Step) -> Pipeline:
    """Make a pipeline with the usual stages and reasons for closing, to be changed as needed."""
    with override(step.actor.language or None):
        return _usual(step)


@action("sales.stage", _("Dissolve"), said=_("dissolved the stage"), needs="archive", icon="merge", dangerous=True)
def dissolve(
    step: Step, stage: Stage, *, into: Annotated[UUID, Link("sales.stage", _("where its deals go"), required=True)]
) -> None:
    """Its deals go into another stage of the same kind and pipeline, then it is moved to the recycle bin."""
    found = Stage.objects.filter(pk=into, archived_at=None).first()
    alike = found is not None and (found.pipeline, found.outcome) == (stage.pipeline, stage.outcome)
    step.require(
        alike and into != stage.pk, "other_stage",
        _("Please choose another stage of the same pipeline in which deals are the same: open, won or lost."), "into",
    )  # fmt: skip
    for deal in Deal.objects.select_for_update().filter(stage=stage.pk).order_by("id"):
        step.follow(deal, stage=into)
    step.write_now()
    step.archive(stage)


def _usual(step: Step) -> Pipeline:
    first = not Pipeline.objects.filter(archived_at=None).exists()
    made: Pipeline = step.create("sales.pipeline", name=str(usual.NAME), standard=first)
    for place, stage in enumerate(usual.STAGES, 1):
        told = {"name": str(stage["name"]), "checklist": [{"text": str(one)} for one in stage.get("checklist", ())]}
        step.create("sales.stage", pipeline=made.id, position=place * 10, **stage | told)
    if first:
        for outcome, name in usual.REASONS:
            step.create("sales.closereason", name=str(name), outcome=outcome)
    return made
