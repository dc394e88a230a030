"""What an accepted quote does with its deal, where the pipeline says so."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.kinds import Link
from klientel.sales.models import Deal, Pipeline, Quote
from klientel.sales.models.holding import OPEN, WON
from klientel.sales.models.quoting import ACCEPTED
from klientel.sales.models.staging import stage_of


@action(
    "sales.deal",
    _("Move after an accepted quote"),
    said=_("moved the deal, because its quote was accepted"),
    needs="change",
    icon="circle-check",
    only=("system",),
    tells=lambda _scope, parameters: [parameters["number"]] if "number" in parameters else [],
)
def follow_quote(
    step: Step, deal: Deal, *, quote: Annotated[UUID, Link("sales.quote", _("quote"), required=True)]
) -> None:
    """To the stage that the pipeline names. Klientel does this by itself; it is undone like any other move."""
    found = Quote.objects.filter(pk=quote, deal=deal.pk, state=ACCEPTED).first()
    step.require(found is not None, "not_accepted", _("This quote is not accepted any more."))
    assert found is not None
    pipeline = Pipeline.objects.filter(pk=deal.pipeline).first()
    target = stage_of(step, pipeline.accepted_to) if pipeline is not None and pipeline.accepted_to else None
    step.require(target is not None, "stays", _("Deals of this pipeline stay where they are."))
    assert target is not None
    assert pipeline is not None
    living = target.archived_at is None and target.pipeline == deal.pipeline
    step.require(living, "stage_gone", _("The stage after an accepted quote is not in this pipeline any more."))
    here = stage_of(step, deal.stage) if deal.stage else None
    further = here is not None and target.outcome == OPEN and here.position >= target.position
    step.require(deal.state == OPEN and not further, "further", _("This deal is that far already."))
    step.keep(number=found.number)
    if target.outcome == WON:
        note = say("Quote %(number)s was accepted") % {"number": found.number}
        step.change(deal, stage=target.pk, reason=pipeline.accepted_reason, reason_note=note)
    else:
        step.change(deal, stage=target.pk)
