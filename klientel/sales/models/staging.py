"""What follows from the stage of a deal: its pipeline, state, probability and dates, and what it needs to be there."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, filled, together
from klientel.kernel.kinds import zone
from klientel.kernel.tenancy import current
from klientel.sales.models import checklist, dealing
from klientel.sales.models.holding import LOST, OPEN
from klientel.sales.models.pipeline import NEEDED, CloseReason, Pipeline, Stage

#: only a change of one of these has consequences
LED_BY = frozenset(("pipeline", "stage", "reason", *(name for name, _label in NEEDED)))
#: what a deal says about its end; it goes when the deal is open again
CLOSING = ("closed_at", "reason", "lost_to", "reason_note")
#: what follows from which field
_OF_STAGE = ("pipeline", "stage", "state", "entered_stage_at", "probability", "category", "counts_on", *CLOSING)
DERIVES = {
    "stage": _OF_STAGE,
    "pipeline": _OF_STAGE,
    "expected_close": ("counts_on",),
    "positions": ("positions", "value", "value_by_hand"),
    "value": ("positions", "value_by_hand"),
    "value_by_hand": ("positions", "value"),
}
_ASKED = "id, name, pipeline, position, outcome, probability, category, requires, checklist, archived_at"


def derive(step: Any, draft: Any) -> None:
    """Bring a written deal in line with its stage; refused where the stage asks for more than the deal says.

    A deal without stage gets the first one of its pipeline, or of the standard pipeline; a tenant that has no
    pipeline yet keeps its deals without stage.
    """
    deal, changes = draft.record, draft.changes
    dealing.priced(step, draft)
    if not draft.new and not LED_BY & changes.keys():
        return
    if deal.stage is None or ("pipeline" in changes and "stage" not in changes and deal.pipeline is not None):
        first = _first(step, deal.pipeline)
        if first is not None:
            step.change(deal, stage=first.pk)
    stage = None if deal.stage is None else stage_of(step, deal.stage)
    if draft.new and deal.begun is None:
        step.stamp(deal, begun=_closing(step, draft, stage).astimezone(zone()).date())
    if stage is None:  # a link that leads nowhere is refused when it is written
        step.stamp(deal, counts_on=deal.expected_close)
        return
    if "pipeline" in changes and deal.pipeline not in (None, stage.pipeline):
        raise Refused("other_pipeline", _("This stage belongs to another pipeline."), "stage")
    fresh = draft.new or "stage" in changes
    step.stamp(deal, **_facts(step, draft, stage, fresh=fresh))
    if fresh or set(changes) & set(stage.requires):
        _check(step, draft, stage)
    if fresh and not draft.new:
        _check_lists(step, deal, changes["stage"][0], stage)


def _closing(step: Any, draft: Any, stage: Stage | None) -> dt.datetime:
    """When a deal was closed: now; what comes here closed already, on the day that was expected, if that is past."""
    now: dt.datetime = step.now
    day = draft.record.expected_close
    if draft.new and day is not None and stage is not None and stage.outcome != OPEN:
        return min(dt.datetime.combine(day, dt.time(12), zone()), now)
    return now


def _facts(step: Any, draft: Any, stage: Stage, *, fresh: bool) -> dict[str, Any]:
    """What the stage says of a deal. It counts on the day it was closed, else on the expected one."""
    deal, changes = draft.record, draft.changes
    facts: dict[str, Any] = {"pipeline": stage.pipeline, "state": stage.outcome}
    if fresh:
        entered = {"entered_stage_at": step.now, "probability": stage.probability, "category": stage.category}
        facts |= {name: value for name, value in entered.items() if name not in changes}
    if stage.outcome == OPEN:
        facts |= dict.fromkeys(CLOSING) | {"reason_note": ""} if deal.closed_at else {}
    elif deal.closed_at is None:
        facts["closed_at"] = _closing(step, draft, stage)
    closed = facts.get("closed_at", deal.closed_at)
    return facts | {"counts_on": closed.astimezone(zone()).date() if closed else deal.expected_close}


def stage_of(step: Any, stage_id: Any) -> Stage | None:
    """A stage, asked for once in a chunk."""
    found: Stage | None = _stages(step).get(stage_id)
    return found


def _stages(step: Any) -> dict[Any, Stage]:
    """All stages in their order, with what is asked of them here: one statement in a chunk, by hand, as every move of
    a card asks it."""
    text = f"SELECT {_ASKED} FROM sales_stage WHERE tenant_id = %s ORDER BY position, id"
    found: dict[Any, Stage] = step.once(
        "sales.stages", lambda: {one.pk: one for one in Stage.objects.raw(text, [current()])}
    )
    return found


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


_NEEDS = _("Deals in this stage need “%(field)s”.")


def _check(step: Any, draft: Any, stage: Stage) -> None:
    deal, kinds = draft.record, draft.rtype.fields
    wrong = [
        kinds[name].refuse("required", filled(_NEEDS, {"field": kinds[name].verbose_name})) for name in stage.requires
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


def _quoted(text: str) -> Any:
    return filled(_("“%(what)s”"), {"what": text})


def _check_lists(step: Any, deal: Any, before: Any, stage: Stage) -> None:
    """Nobody goes on, or skips a stage, while something required of its list is not ticked; back and lost one may."""
    was = stage_of(step, UUID(before)) if before else None
    if was is None or was.outcome != OPEN or stage.outcome == LOST or was.pipeline != stage.pipeline:
        return
    end = stage.position if stage.outcome == OPEN else None
    left = [
        filled(_("%(what)s (%(stage)s)"), {"what": tuple(_quoted(one) for one in some), "stage": one_stage.name})
        for one_stage in _stages(step).values()
        if (one_stage.pipeline, one_stage.outcome, one_stage.archived_at) == (stage.pipeline, OPEN, None)
        and was.position <= one_stage.position and (end is None or one_stage.position < end)
        and (some := checklist.missing(one_stage, deal.ticks))
    ]  # fmt: skip
    if left:
        text = filled(_("Not ticked off yet: %(what)s."), {"what": format_lazy("; ".join(["{}"] * len(left)), *left)})
        raise Refused("checklist", text, "stage")
