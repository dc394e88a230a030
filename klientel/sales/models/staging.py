"""What follows from the stage of a deal: its pipeline, state, probability and dates, and what it needs to be there."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, together
from klientel.kernel.kinds import today, zone
from klientel.sales.models.pipeline import NEEDED, OPEN, CloseReason, Pipeline, Stage

#: only a change of one of these has consequences
LED_BY = frozenset(("pipeline", "stage", "reason", *(name for name, _label in NEEDED)))


def derive(step: Any, draft: Any) -> None:
    """Bring a written deal in line with its stage; refused where the stage asks for more than the deal says.

    A deal without stage gets the first one of its pipeline, or of the standard pipeline; a tenant that has no
    pipeline yet keeps its deals without stage.
    """
    deal, changes = draft.record, draft.changes
    if not draft.new and not LED_BY & changes.keys():
        return
    if deal.stage is None or ("pipeline" in changes and "stage" not in changes and deal.pipeline is not None):
        first = _first(step, deal.pipeline)
        if first is not None:
            step.change(deal, stage=first.pk)
    if draft.new and deal.begun is None:
        step.stamp(deal, begun=today())
    stage = None if deal.stage is None else stage_of(step, deal.stage)
    if stage is None:  # a link that leads nowhere is refused when it is written
        step.stamp(deal, counts_on=deal.expected_close)
        return
    if "pipeline" in changes and deal.pipeline not in (None, stage.pipeline):
        raise Refused("other_pipeline", _("This stage belongs to another pipeline."), "stage")
    step.stamp(deal, **_facts(step, draft, stage))
    if draft.new or "stage" in changes or set(changes) & set(stage.requires):
        _check(step, draft, stage)


def _facts(step: Any, draft: Any, stage: Stage) -> dict[str, Any]:
    """What the stage says of a deal. It counts on the day it was closed, else on the expected one."""
    deal, changes = draft.record, draft.changes
    facts: dict[str, Any] = {"pipeline": stage.pipeline, "state": stage.outcome}
    if draft.new or "stage" in changes:
        entered = {"entered_stage_at": step.now, "probability": stage.probability, "category": stage.category}
        facts |= {name: value for name, value in entered.items() if name not in changes}
    if stage.outcome == OPEN:
        facts |= {"closed_at": None, "reason": None, "reason_note": ""} if deal.closed_at else {}
    elif deal.closed_at is None:
        facts["closed_at"] = step.now
    closed = facts.get("closed_at", deal.closed_at)
    return facts | {"counts_on": closed.astimezone(zone()).date() if closed else deal.expected_close}


def stage_of(step: Any, stage_id: Any) -> Stage | None:
    """A stage, asked for once in a chunk."""
    found: Stage | None = step.once(("sales.stage", stage_id), lambda: _stages().filter(pk=stage_id).first())
    return found


def _stages() -> Any:
    """The stages with what is asked of them here."""
    return Stage.objects.only("pipeline", "outcome", "probability", "category", "requires")


def _first(step: Any, pipeline: Any) -> Stage | None:
    found: Stage | None = step.once(("sales.first_stage", pipeline), lambda: first_stage(pipeline))
    return found


def first_stage(pipeline: Any = None) -> Stage | None:
    """The first open stage of a pipeline; without one, of the pipeline for new deals, else of the first one."""
    stages = Stage.objects.filter(archived_at=None, outcome=OPEN)
    if pipeline is None:
        living = Pipeline.objects.filter(archived_at=None, pk__in=stages.values("pipeline"))
        pipeline = living.order_by("-standard", "position", "id").values_list("pk", flat=True).first()
    return stages.filter(pipeline=pipeline).order_by("position", "id").first() if pipeline else None


def _check(step: Any, draft: Any, stage: Stage) -> None:
    deal, kinds = draft.record, draft.rtype.fields
    wrong = [
        kinds[name].refuse("required", _("Deals in this stage need this.")) for name in stage.requires
        if name in kinds and kinds[name].is_empty(draft.rtype.value(deal, name))
    ]  # fmt: skip
    closed = stage.outcome != OPEN and not draft.new  # what was closed before it came here may have no reason
    if closed and deal.reason is None:
        wrong.append(Refused("reason_missing", _("Please say why."), "reason"))
    elif closed and "reason" in draft.changes:
        reason = step.once(("sales.reason", deal.reason), lambda: CloseReason.objects.filter(pk=deal.reason).first())
        if reason is not None and reason.outcome != stage.outcome:
            wrong.append(Refused("other_outcome", _("This is no reason for that outcome."), "reason"))
    if wrong:
        raise together(wrong)
