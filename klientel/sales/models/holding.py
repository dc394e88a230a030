"""A stage or pipeline in which deals stand is not thrown away unless it is said where they go."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.translation import ngettext

from klientel.kernel.errors import Refused


def stage_written(_step: Any, draft: Any) -> None:
    """Refuse the trash to a stage that holds deals."""
    if n := _held(draft, "stage"):
        text = ngettext(
            "%(n)d deal stands in this stage. Please choose “Dissolve” and say where it goes.",
            "%(n)d deals stand in this stage. Please choose “Dissolve” and say where they go.",
            n,
        )
        raise Refused("holds_deals", text % {"n": n}, details={"deals": n})


def pipeline_written(_step: Any, draft: Any) -> None:
    """Refuse the trash to a pipeline that holds deals."""
    if n := _held(draft, "pipeline"):
        text = ngettext(
            "%(n)d deal stands in this pipeline. Please move it to another one first.",
            "%(n)d deals stand in this pipeline. Please move them to another one first.",
            n,
        )
        raise Refused("holds_deals", text % {"n": n}, details={"deals": n})


def _held(draft: Any, by: str) -> int:
    """How many deals a record holds that is moved to the trash; none where it is not."""
    if draft.new or "archived_at" not in draft.changes or draft.record.archived_at is None:
        return 0
    deals = apps.get_model("sales", "Deal").objects
    return int(deals.filter(archived_at=None, **{by: draft.record.pk}).count())
