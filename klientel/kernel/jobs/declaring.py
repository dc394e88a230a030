"""Jobs: work that somebody else shall do soon. Declared as functions, deferred in the transaction that wants them.

``@job()`` over ``def send(*, mailing: UUID)``; ``defer(send, tenant=tenant.pk, mailing=mailing.pk)``. A job gets ids
only and reads the rest, runs inside its tenant, opens its own transactions, and may run twice: it must look at what is
there before it does something.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast, get_type_hints
from uuid import UUID

import procrastinate
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job as Running
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from klientel.kernel.events.surroundings import working_in
from klientel.kernel.jobs import quarantine
from klientel.kernel.tenancy.models import Tenant

log = logging.getLogger("klientel.jobs")

QUICK, LONG, UPKEEP = "default", "long", "upkeep"
SHORT = 100  # the longest text that counts as an id

_running: ContextVar[Running | None] = ContextVar("running_job", default=None)


class Quarantined(Exception):
    """The job reaches outside and its tenant is in quarantine: it waits."""


class HandedOn(Exception):
    """Somebody else was given this job because we did not answer for too long: leave it."""


class Interrupted(Exception):
    """The worker is to stop; the job goes on at the next one."""


stopping = threading.Event()
staying = threading.Event()  # this process is a worker that goes on: what is kept open serves the next job


def breathe() -> None:
    """Called by long jobs between two transactions: :class:`Interrupted` where the worker is to stop."""
    if stopping.is_set() and _running.get() is not None:
        raise Interrupted


@dataclass(frozen=True)
class Job:
    """One declared job."""

    name: str
    fn: Callable[..., None]
    queue: str
    outward: bool
    alone: bool
    task: Any

    def __call__(self, **ids: Any) -> None:
        """Do it here and now, inside the current tenant."""
        self.fn(**ids)


@dataclass(frozen=True)
class Again(BaseRetryStrategy):
    """When a job that failed is tried again: later each time; one in quarantine waits without counting."""

    tries: int

    def get_retry_decision(self, *, exception: BaseException, job: Running) -> RetryDecision | None:
        """After 5 s, 25 s, 2 min, 10 min …; never for a job that was handed on."""
        if isinstance(exception, Quarantined):
            return RetryDecision(retry_in={"minutes": 10})
        if isinstance(exception, Interrupted):
            return RetryDecision(retry_in={"seconds": 0})
        if isinstance(exception, HandedOn) or job.attempts + 1 >= self.tries:
            return None
        return RetryDecision(retry_in={"seconds": min(3600, 5 ** (job.attempts + 1))})


_jobs: dict[str, Job] = {}


def job(
    queue: str = QUICK, *, tries: int = 5, outward: bool = False, alone: bool = False
) -> Callable[[Callable[..., None]], Job]:
    """Declare a job. What may take more than some seconds belongs in the queue ``long``.

    ``outward``: reaches outside, waits while its tenant is in quarantine. ``alone``: one at a time in each tenant
    (always so in the queue ``long``).
    """

    def declare(fn: Callable[..., None]) -> Job:
        name = f"{fn.__module__.removeprefix('klientel.')}.{fn.__name__}"
        if name in _jobs:
            raise RuntimeError(f"Two jobs are called {name}")
        hints = get_type_hints(fn)
        task = cast(Any, app).task(
            lambda context, *, tenant, **ids: _run(_jobs[name], hints, context, tenant, ids),
            name=name, queue=queue, pass_context=True, retry=Again(tries),
        )  # fmt: skip
        _jobs[name] = Job(name, fn, queue, outward, alone or queue == LONG, task)
        return _jobs[name]

    return declare


def jobs() -> dict[str, Job]:
    """Every declared job, by name."""
    return dict(_jobs)


def _run(one: Job, hints: dict[str, Any], context: procrastinate.JobContext, tenant: str, ids: dict[str, Any]) -> None:
    try:
        with working_in(UUID(tenant)), _context(context.job):
            if one.outward and quarantine.active():
                raise Quarantined(one.name)
            one.fn(**{k: UUID(v) if hints.get(k) is UUID else v for k, v in ids.items()})
    except Tenant.DoesNotExist:
        log.warning("job of a tenant that is gone", extra={"job": one.name, "tenant": tenant})
    finally:
        if not connection.in_atomic_block:
            connection.close()


@contextmanager
def _context(running: Running) -> Iterator[None]:
    token = _running.set(running)
    try:
        yield
    finally:
        _running.reset(token)


def hold() -> None:
    """Keep this job ours until the transaction ends; :class:`HandedOn` where somebody else has it by now.

    For effects that must not happen twice: a worker that was paused for too long finds out here, before it writes.
    """
    running = _running.get()
    if running is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM procrastinate_jobs WHERE id = %s AND attempts = %s AND status = 'doing' FOR UPDATE",
            [running.id, running.attempts],
        )
        if cursor.fetchone() is None:
            raise HandedOn


_SHARE = """
SELECT least(
    (SELECT min(priority) - 1 FROM procrastinate_jobs
     WHERE status = 'todo' AND args ->> 'tenant' = %s AND queue_name = %s),
    coalesce((SELECT priority FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = %s
              ORDER BY priority DESC, id LIMIT 1), 0))
"""
STEP = 20  # jobs of one call that share a place in the line


def defer(one: Job, *, tenant: UUID, schedule_in: int = 0, once: str = "", **ids: UUID | str | int) -> None:
    """Have a job done after this transaction commits; it goes with the transaction if that is rolled back.

    ``once``: no second one with this text while one waits.
    """
    defer_many(one, [ids], tenant=tenant, schedule_in=schedule_in, once=once)


def defer_many(
    one: Job, many: list[dict[str, UUID | str | int]], *, tenant: UUID, schedule_in: int = 0, once: str = ""
) -> None:
    """The same for any number. Tenants take turns: each further job stands one place behind the tenant's last."""
    for start in range(0, len(many), STEP):
        with connection.cursor() as cursor:
            cursor.execute(_SHARE, [str(tenant), one.queue, one.queue])
            place = int(cursor.fetchone()[0])
        options: dict[str, Any] = {"priority": place}
        if one.alone:
            options["lock"] = f"{one.name}:{tenant}"
        if once:
            options["queueing_lock"] = f"{one.name}:{tenant}:{once}"
        if schedule_in:
            options["schedule_in"] = {"seconds": schedule_in}
        deferrer = one.task.configure(**options)
        rows = [{"tenant": str(tenant), **_only_ids(ids)} for ids in many[start : start + STEP]]
        _quietly(deferrer, rows, unique=bool(once))


def _quietly(deferrer: Any, rows: list[dict[str, Any]], *, unique: bool) -> None:
    if not unique:
        deferrer.batch_defer(*rows)
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo'",
            [deferrer.job.queueing_lock],
        )
        if cursor.fetchone() is not None:
            return
    with suppress(AlreadyEnqueued), transaction.atomic():  # somebody else did it at the same moment
        deferrer.batch_defer(*rows)


def _only_ids(ids: dict[str, UUID | str | int]) -> dict[str, str | int]:
    """The job table has no row-level security: ids may stand there, values may not."""
    found: dict[str, str | int] = {}
    for name, value in ids.items():
        if isinstance(value, UUID):
            found[name] = str(value)
        elif isinstance(value, int) or (isinstance(value, str) and len(value) <= SHORT and " " not in value):
            found[name] = value
        else:
            raise TypeError(f"{name} is no id; a job reads values itself")
    return found
