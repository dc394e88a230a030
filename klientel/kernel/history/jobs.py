"""Bulk edits and undos in the worker, and tidying what they leave behind."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.utils import timezone

from klientel.kernel import writing
from klientel.kernel.history.models import ChangeRow, ChangeRun, State
from klientel.kernel.history.runs import carry_out
from klientel.kernel.jobs import breathe, job, sweep

KEPT_DAYS = 90


@job(queue="long")
def run_changes(*, run: UUID) -> None:
    """Run a bulk edit or an undo to its end, from the beginning or from where it was left."""
    carry_out(run, tell=breathe)


@sweep("history.tidy")
def tidy() -> None:
    """Remove runs that ended three months ago with what they said of records; the events stay."""
    before = timezone.now() - dt.timedelta(days=KEPT_DAYS)
    old = list(
        ChangeRun.objects.exclude(state=State.RUNNING).filter(created_at__lt=before).values_list("pk", flat=True)
    )
    with writing.door():
        ChangeRow.objects.filter(run__in=old).delete()
        ChangeRun.objects.filter(pk__in=old).delete()
