"""The usual pipeline, to begin with."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from klientel.kernel.actions import Step, action
from klientel.sales.models import Pipeline, usual


@action("sales.pipeline", _("Set up the usual pipeline"), needs="create", new=True, icon="sparkles")
def begin(step: Step) -> Pipeline:
    """Make a pipeline with the usual stages and reasons for closing, to be changed as needed."""
    with override(step.actor.language or None):
        return _usual(step)


def _usual(step: Step) -> Pipeline:
    first = not Pipeline.objects.filter(archived_at=None).exists()
    made: Pipeline = step.create("sales.pipeline", name=str(usual.NAME), standard=first)
    for place, stage in enumerate(usual.STAGES, 1):
        step.create("sales.stage", pipeline=made.id, position=place * 10, **stage | {"name": str(stage["name"])})
    if first:
        for outcome, name in usual.REASONS:
            step.create("sales.closereason", name=str(name), outcome=outcome)
    return made
