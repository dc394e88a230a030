"""Imports in the worker, and tidying what they leave behind."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from klientel.kernel import writing
from klientel.kernel.tenancy import inside
from klientel.kernel.transfer import storage
from klientel.kernel.transfer.models import ImportRow, ImportRun, State
from klientel.kernel.transfer.running import carry_out

KEPT_DAYS = 30  # files and rejected rows hold personal data: they go after a month


def run_import(tenant_id: UUID, run_id: UUID) -> str:
    """Run an import to its end, from the beginning or from where it was left; its state at the end."""
    with inside(UUID(str(tenant_id))):
        return str(carry_out(UUID(str(run_id))).state)


def tidy(tenant_id: UUID, *, days: int = KEPT_DAYS) -> int:
    """Remove files and rejected rows of imports that ended (or were left lying) so many days ago; how many imports."""
    before = timezone.now() - dt.timedelta(days=days)
    with inside(UUID(str(tenant_id))):
        with transaction.atomic():
            old = list(ImportRun.objects.exclude(file="").exclude(state=State.RUNNING).filter(created_at__lt=before))
            ids = [run.pk for run in old]
            with writing.door():
                ImportRow.objects.filter(run__in=ids).delete()
                ImportRun.objects.filter(pk__in=ids).update(file="")
        for run in old:
            storage.drop(run.tenant_id, run.file)
    return len(old)
