"""Imports in the worker, and tidying what they leave behind."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from klientel.kernel import writing
from klientel.kernel.errors import Conflict
from klientel.kernel.jobs import breathe, job, sweep
from klientel.kernel.transfer import storage
from klientel.kernel.transfer.committing import commit
from klientel.kernel.transfer.models import ImportRow, ImportRun, State
from klientel.kernel.transfer.preview import decide_all
from klientel.kernel.transfer.running import carry_out
from klientel.kernel.transfer.staging import clear, stage

KEPT_DAYS = 30  # files and rejected rows hold personal data: they go after a month


@job(queue="long")
def run_import(*, run: UUID) -> None:
    """Run an import to its end, from the beginning or from where it was left."""
    with transaction.atomic():
        staged = ImportRun.objects.filter(pk=run, staged=True).exists()
    (commit if staged else carry_out)(run, tell=lambda _run: breathe())


@job(queue="long")
def try_out(*, run: UUID) -> None:
    """Try an import out to its end, from the beginning or from where that was left."""
    stage(run, tell=lambda _run: breathe())


@job(queue="long")
def choose_for_all(*, run: UUID, choice: str) -> None:
    """The same choice for every row that repeats a record; nothing where the import has begun meanwhile."""
    with transaction.atomic():
        found = ImportRun.objects.filter(pk=run).first()
    if found is not None:
        with suppress(Conflict):
            decide_all(found, choice, tell=lambda _line: breathe())


@sweep("transfer.tidy")
def tidy() -> None:
    """Remove files, staged and rejected rows of imports that are older than a month, whatever became of them."""
    before = timezone.now() - dt.timedelta(days=KEPT_DAYS)
    old = list(ImportRun.objects.exclude(file="").exclude(state=State.RUNNING).filter(created_at__lt=before))
    ids = [run.pk for run in old]
    with writing.door():
        ImportRow.objects.filter(run__in=ids).delete()
        ImportRun.objects.filter(pk__in=ids).update(file="", staged=False)
    for run in old:
        clear(run.pk)
        storage.drop(run.tenant_id, run.file)
