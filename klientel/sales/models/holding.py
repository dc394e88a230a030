"""A stage or pipeline in which deals stand is not thrown away unless it is said where they go; a pipeline sends deals
with an accepted quote to a stage of its own."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy as ngettext

from klientel.kernel.errors import Refused, filled

#: what deals in a stage are
OPEN, WON, LOST = "open", "won", "lost"


def stage_written(_step: Any, draft: Any) -> None:
    """Refuse the trash to a stage that holds deals."""
    if n := _held(draft, "stage"):
        text = ngettext(
            "%(n)d deal stands in this stage. Please choose “Dissolve” and say where it goes.",
            "%(n)d deals stand in this stage. Please choose “Dissolve” and say where they go.",
            n,
        )
        raise Refused("holds_deals", filled(text, {"n": n}), details={"deals": n})


def pipeline_written(_step: Any, draft: Any) -> None:
    """Refuse the trash to a pipeline that holds deals; and an end of accepted quotes where its deals cannot go."""
    if {"accepted_to", "accepted_reason"} & draft.changes.keys() and draft.record.accepted_to is not None:
        _leads_on(draft.record)
    if n := _held(draft, "pipeline"):
        text = ngettext(
            "%(n)d deal stands in this pipeline. Please move it to another one first.",
            "%(n)d deals stand in this pipeline. Please move them to another one first.",
            n,
        )
        raise Refused("holds_deals", filled(text, {"n": n}), details={"deals": n})


def _leads_on(pipeline: Any) -> None:
    """The stage is one of the pipeline in which deals are not lost; where they are won there, a reason is named."""
    stages = apps.get_model("sales", "Stage").objects.filter(archived_at=None, pipeline=pipeline.pk)
    outcome = stages.filter(pk=pipeline.accepted_to).values_list("outcome", flat=True).first()
    if outcome in (None, LOST):
        text = _("Please choose a stage of this pipeline, and none for lost deals.")
        raise Refused("other_stage", text, "accepted_to")
    reasons = apps.get_model("sales", "CloseReason").objects.filter(archived_at=None, outcome=WON)
    if outcome == WON and not reasons.filter(pk=pipeline.accepted_reason).exists():
        text = _("Deals in that stage are won: please choose the reason that is written down.")
        raise Refused("reason_missing", text, "accepted_reason")


def _held(draft: Any, by: str) -> int:
    """How many deals a record holds that is moved to the trash; none where it is not."""
    if draft.new or "archived_at" not in draft.changes or draft.record.archived_at is None:
        return 0
    deals = apps.get_model("sales", "Deal").objects
    return int(deals.filter(archived_at=None, **{by: draft.record.pk}).count())
