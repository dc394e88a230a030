"""The consumers' process: finds tenants with new events by their wake rows, and gives each its turn.

Any number of these processes may run, on any number of machines: a turn holds its cursors by row locks and passes over
what others hold. ``python -m klientel.kernel.events.consuming`` runs one; SIGTERM ends it after the current turn.
"""

from __future__ import annotations

import datetime as dt
import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from klientel.kernel.events import cursors, digesting
from klientel.kernel.events.consumers import Consumer, consumers, handlers
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.tenancy.models import Tenant
from klientel.lib.stop import Stop

log = logging.getLogger("klientel.consumers")

EVENTS = "events"
BUSY_PAUSE, IDLE_PAUSE, STAY_BUSY = 0.02, 0.1, 2.0
LONGEST_REST = 5.0
MOST_TENANTS = 500
MANY_WAKES = 20
TRIES = 5  # of a turn that the database asks to repeat, before its events count as poison

_POLL = """
SELECT queue, tenant_id, array_agg(id) FROM (
    SELECT queue, tenant_id, id FROM kernel_wake WHERE queue = ANY(%s) AND due_at <= now() LIMIT 20000
) w GROUP BY queue, tenant_id LIMIT %s
"""
_FORGET = "DELETE FROM kernel_wake WHERE id = ANY(%s)"
_LATER = """
WITH gone AS (DELETE FROM kernel_wake WHERE id = ANY(%s))
INSERT INTO kernel_wake (tenant_id, queue, due_at) VALUES (%s, %s, now() + make_interval(secs => %s))
"""
_CLAIM = """
DELETE FROM kernel_wake WHERE id IN (SELECT id FROM kernel_wake WHERE id = ANY(%s) FOR UPDATE SKIP LOCKED) RETURNING id
"""
_WAKE_ALL = """
INSERT INTO kernel_wake (tenant_id, queue, due_at)
SELECT t.id, q.queue, now() + make_interval(secs => 0.02 * row_number() OVER (ORDER BY t.id))
FROM kernel_tenant t, unnest(%s::text[]) q(queue)
"""


@dataclass
class _Standing:
    """What this process remembers of one tenant."""

    served: float = 0.0  # when it last had a turn
    rest: float = 0.0  # not before
    failures: int = 0
    waits: int = 0  # how often in a row its events had to wait for a commit


@dataclass
class Loop:
    """Gives every tenant with work its turn, the one that waited longest first."""

    stopping: Stop = field(default_factory=Stop)
    _tenants: dict[UUID, _Standing] = field(default_factory=dict)
    _busy_until: float = 0.0
    _rest: float = 0.0

    def run(self) -> None:
        """Until told to stop."""
        wake_all()
        while not self.stopping.is_set():
            self.stopping.wait(self.once())
        connection.close()

    def once(self) -> float:
        """One round over the tenants with work; how long to pause after it."""
        try:
            worked, more = self._round()
            self._rest = 0.0
        except (OperationalError, InterfaceError) as error:
            connection.close()
            self._rest = min(LONGEST_REST, self._rest * 2 or 0.25)
            log.warning("the database does not answer", exc_info=error)
            return self._rest
        now = time.monotonic()
        if worked:
            self._busy_until = now + STAY_BUSY
        return 0.0 if more else BUSY_PAUSE if now < self._busy_until else IDLE_PAUSE

    def _round(self) -> tuple[bool, bool]:
        worked = more = False
        with connection.cursor() as cursor:
            cursor.execute(_POLL, [[EVENTS, *handlers()], MOST_TENANTS])
            todo = cursor.fetchall()
        todo.sort(key=lambda row: self._standing(row[1]).served)
        for queue, tenant, wakes in todo:
            if self.stopping.is_set():
                break
            standing = self._standing(tenant)
            standing.served = time.monotonic()
            if standing.rest <= standing.served:
                with self._surviving(tenant, standing):
                    has_more = self._events(tenant, wakes) if queue == EVENTS else self._handle(queue, tenant, wakes)
                    worked, more = True, more or has_more
        if not todo and len(self._tenants) > MOST_TENANTS:
            self._tenants.clear()
        return worked, more

    def _standing(self, tenant: UUID) -> _Standing:
        return self._tenants.setdefault(tenant, _Standing())

    @contextmanager
    def _surviving(self, tenant: UUID, standing: _Standing) -> Iterator[None]:
        """One tenant's failure is no other tenant's business."""
        try:
            yield
            standing.failures = 0
        except Tenant.DoesNotExist:
            _run("DELETE FROM kernel_wake WHERE tenant_id = %s", [tenant])
        except digesting.Transient as again:
            standing.failures += 1
            standing.rest = time.monotonic() + 0.05 * standing.failures
            if connection.connection is None or connection.connection.closed:
                raise OperationalError from again
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            standing.failures += 1
            standing.rest = time.monotonic() + min(60.0, 0.5 * 2**standing.failures)
            log.error("a tenant's turn failed", exc_info=error, extra={"tenant": str(tenant)})

    def _events(self, tenant: UUID, wakes: list[int]) -> bool:
        """A turn for each group of consumers; the wake rows go when everything that they told of has been read."""
        standing, more, waiting, busy = self._standing(tenant), False, False, False
        seen: digesting.Seen = {}
        with working_in(tenant):
            for group in _groups():
                with _hearing() as heard:
                    done = digesting.turn(group, patient=standing.failures < TRIES, seen=seen)
                more, waiting, busy = more or done.more, waiting or done.waiting, busy or done.busy
                for queue, ids in heard.items():  # what follows from these events does not wait for another round
                    with self._surviving(tenant, standing):
                        _claimed(queue, ids)
        standing.waits = standing.waits + 1 if waiting else 0
        if more:
            if len(wakes) > MANY_WAKES:  # one row will do; so many would hide other tenants' from the poll
                _run(_LATER, [wakes, tenant, EVENTS, 0])
            return True
        if busy:
            standing.rest = time.monotonic() + BUSY_PAUSE
        elif waiting:
            _run(_LATER, [wakes, tenant, EVENTS, min(0.5, 0.02 * 1.5**standing.waits)])
        else:
            _run(_FORGET, [wakes])
        return False

    def _handle(self, queue: str, tenant: UUID, wakes: list[int]) -> bool:
        with working_in(tenant):
            _claimed(queue, wakes)
        return False


def _claimed(queue: str, wakes: list[int]) -> None:
    """What these wake rows ask for in the current tenant, in the transaction that deletes them."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, [wakes])
            claimed = cursor.fetchall()
        if claimed:
            handlers()[queue]()


_heard: ContextVar[dict[str, list[int]] | None] = ContextVar("heard", default=None)


@contextmanager
def _hearing() -> Iterator[dict[str, list[int]]]:
    """The wake rows for now that consumers leave meanwhile, by queue, as far as they are committed."""
    heard: dict[str, list[int]] = {}
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def _run(statement: str, params: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def _groups() -> list[list[Consumer]]:
    found: dict[str, list[Consumer]] = {}
    for one in consumers():
        found.setdefault(one.group, []).append(one)
    return list(found.values())


def wake(tenant: UUID, queue: str, due_at: dt.datetime | None = None) -> None:
    """Tell the consumers' processes that a tenant has work in a queue, now or from then on."""
    heard = _heard.get()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_wake (tenant_id, queue, due_at) VALUES (%s, %s, coalesce(%s, now())) RETURNING id",
            [tenant, queue, due_at],
        )
        if heard is not None and due_at is None and queue in handlers():
            row = cursor.fetchone()[0]
            transaction.on_commit(lambda: heard.setdefault(queue, []).append(row))


def wake_all() -> None:
    """Have a look at every tenant, one after the other: for a consumer that is new, and after a restore."""
    try:
        _run(_WAKE_ALL, [[EVENTS, *handlers()]])
    except DatabaseError as error:
        connection.close()
        log.warning("the database does not answer", exc_info=error)


def lag() -> float:
    """For how many seconds the oldest event that some consumer has not read has been waiting."""
    worst, names = 0.0, [c.name for c in consumers() if not c.outward]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id FROM kernel_wake WHERE queue = %s GROUP BY tenant_id ORDER BY min(id) LIMIT 50", [EVENTS]
        )
        tenants = [row[0] for row in cursor.fetchall()]
    for tenant in tenants:
        try:
            with working_in(tenant), transaction.atomic():
                since = cursors.oldest_unread(names)
        except Tenant.DoesNotExist:
            continue
        if since is not None:
            worst = max(worst, (dt.datetime.now(dt.UTC) - since).total_seconds())
    return worst


def parked() -> int:
    """How many events are parked, over all tenants."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kernel_wake WHERE queue = %s", [digesting.PARKED])
        return int(cursor.fetchone()[0])


def run() -> None:
    """Work until SIGTERM or Ctrl+C."""
    loop = Loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stopping.set())
    loop.run()


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klientel.site.settings")
    django.setup()
    from klientel.kernel.events import consuming  # the module that everybody else imports, not this second copy

    consuming.run()
