"""What the house does by itself: stalled jobs, partitions ahead, what has expired."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from procrastinate.contrib.django import app

from klientel.kernel.events.consuming import wake_all
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.jobs.declaring import UPKEEP
from klientel.kernel.tenancy import inside
from klientel.kernel.tenancy.models import Tenant

log = logging.getLogger("klientel.jobs")

STALLED = 30.0
FIRST = 1000  # upkeep goes before everything else
KEEP_FAILED_HOURS = 14 * 24
PIECE = 5000  # rows that one statement deletes

Sweep = Callable[[], None]
_sweeps: dict[str, Sweep] = {}


def sweep(name: str) -> Callable[[Sweep], Sweep]:
    """Declare what is done in every tenant once an hour, in a transaction: deleting what has expired."""

    def declare(fn: Sweep) -> Sweep:
        if name in _sweeps:
            raise RuntimeError(f"Two sweeps are called {name}")
        _sweeps[name] = fn
        return fn

    return declare


@app.periodic(cron="* * * * * */20", periodic_id="stalled")
@app.task(name="kernel.upkeep.stalled", queue=UPKEEP, queueing_lock="upkeep.stalled", priority=FIRST, pass_context=True)
async def retry_stalled(context: Any, timestamp: int) -> None:
    """Give jobs whose worker is gone to another. It takes no lock: were it killed, the next one works all the same."""
    del timestamp
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
        if job.id == context.job.id:
            continue
        log.warning("a stalled job is given to another worker", extra={"job": job.task_name, "queue": job.queue})
        await manager.retry_job(job)


@app.periodic(cron="7 * * * *", periodic_id="hourly")
@app.task(name="kernel.upkeep.hourly", queue=UPKEEP, queueing_lock="upkeep.hourly", priority=FIRST, pass_context=True)
async def hourly(context: Any, timestamp: int) -> None:
    """Everything that needs doing now and then."""
    del timestamp
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
    from asgiref.sync import sync_to_async  # noqa: PLC0415 - only here does this house meet asynchronous code

    await sync_to_async(keep_house, thread_sensitive=False)()


def keep_house() -> None:
    """Each task by itself: one that fails is reported and keeps no other from being done."""
    for task in (partitions, sessions, wakes, in_every_tenant, wake_all):
        try:
            task()
        except Exception as error:
            log.error("upkeep failed", exc_info=error, extra={"task": task.__name__})
    if not connection.in_atomic_block:
        connection.close()


def partitions() -> None:
    """Tables for the events of this month and the next three."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_partitions(3)")


def sessions() -> None:
    """Sessions that have ended, in pieces."""
    _delete("django_session", "session_key", "expire_date < now()")
    _delete(
        "usersessions_usersession", "id",
        "NOT EXISTS (SELECT 1 FROM django_session s WHERE s.session_key = usersessions_usersession.session_key)",
    )  # fmt: skip


def wakes() -> None:
    """Wake rows of tenants that are gone."""
    _delete("kernel_wake", "id", "NOT EXISTS (SELECT 1 FROM kernel_tenant t WHERE t.id = kernel_wake.tenant_id)")


def _delete(table: str, key: str, where: str) -> None:
    """Names come from this file only."""
    more = True
    while more:
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {where} LIMIT {PIECE})"
            )
            more = cursor.rowcount == PIECE


def in_every_tenant() -> None:
    """The declared sweeps."""
    with inside(None):
        tenants = list(Tenant.objects.values_list("pk", flat=True)) if _sweeps else []
    for tenant in tenants:
        for name, fn in _sweeps.items():
            try:
                with working_in(tenant), transaction.atomic():
                    fn()
            except Exception as error:
                log.error("a sweep failed", exc_info=error, extra={"task": name, "tenant": str(tenant)})
