"""Once a day what lay long enough in the recycle bin is deleted for good, some records at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from klientel.kernel.access import ActorScope, system_actor
from klientel.kernel.access.reading import which
from klientel.kernel.actions import Item, run_many
from klientel.kernel.jobs import breathe, defer, job, quarantine, sweep
from klientel.kernel.records import RecordType, all_types
from klientel.kernel.sql import Sql, both
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.trash.deleting import deletable
from klientel.lib.ids import uuid7

CHUNK = 100
EMPTIED = "trash_emptied"  # the day on which that was begun last, in the tenant's settings
FIRST = UUID(int=0)


@sweep("trash.empty")
def begin() -> None:
    """Once a day of the tenant, where it says that its recycle bin is emptied."""
    tenant, day = Tenant.objects.get(pk=current()), timezone.localdate().isoformat()
    if not tenant.trash_days or tenant.settings.get(EMPTIED) == day or quarantine.active():
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_tenant SET settings = settings || jsonb_build_object(%s::text, %s::text) WHERE id = %s",
            [EMPTIED, day, tenant.pk],
        )
    defer(empty, tenant=tenant.pk, once="daily")


@job(queue="long")
def empty() -> None:
    """Delete what lay there for longer than the tenant says; what has to be kept stays, and is tried again tomorrow."""
    with transaction.atomic():
        days = Tenant.objects.get(pk=current()).trash_days
    if days:
        delete_older(timezone.now() - dt.timedelta(days=days), tell=breathe)


def delete_older(before: dt.datetime, *, tell: Callable[[], None] | None = None) -> int:
    """Delete for good all that was put into the recycle bin before an instant; says how many. May be repeated.

    Each chunk is a transaction of its own, and all are one change set.
    """
    actor, change_set, count = system_actor(_("Recycle bin")), uuid7(), 0
    for rtype in filter(deletable, all_types()):
        last = FIRST
        while ids := _next(rtype, before, last):
            items = [Item(i) for i in ids]
            done = run_many(actor, f"{rtype.key}.remove", items, change_set=change_set, chunk=CHUNK)
            count += sum(o.refused is None for o in done)
            last = ids[-1]
            if tell is not None:
                tell()
    return count


def _next(rtype: RecordType, before: dt.datetime, last: UUID) -> list[UUID]:
    scope = ActorScope(system_actor())
    old = both([which(scope, rtype, archived=True), Sql("t.archived_at < %s AND t.id > %s", (before, last))])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT t.id FROM {rtype.table} t WHERE {old.text} ORDER BY t.id LIMIT {CHUNK}", old.params)
        return [row[0] for row in cursor.fetchall()]
