"""Who saw or took out a person's data, when: for the access report (Art. 15 GDPR, CJEU C-579/21).

A page never waits for it: what was seen is noted in memory and written by a thread of its own, many rows at once, about
a second later. A process that is killed loses at most what was seen in that second.
"""

from __future__ import annotations

import atexit
import datetime as dt
import logging
import os
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import repeat
from typing import Any
from uuid import UUID

from django.db import Error, connection, models, transaction
from django.utils import timezone

from klientel.kernel import writing
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import RecordType
from klientel.kernel.tenancy import current, inside
from klientel.kernel.tenancy.models import Id, TenantModel
from klientel.lib.ids import uuid7, uuid7_at

KEPT_DAYS = 365
PAUSE = 1.0  # seconds between two writings
MOST = 5000  # rows that one statement writes
MOST_WAITING = 100_000  # while the database is away; beyond that the oldest are forgotten

log = logging.getLogger("klientel.seen")


class How(StrEnum):
    """How somebody came by the data."""

    OPENED = "opened"  # a page of the record
    FETCHED = "fetched"  # through the API
    EXPORTED = "exported"
    REPORTED = "reported"  # the access report


class Seen(TenantModel):
    """Somebody saw a personal record, or took it out."""

    id = Id(primary_key=True)
    record_id = models.UUIDField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    how = models.CharField(max_length=10)

    class Meta(TenantModel.Meta):
        app_label = "kernel"
        indexes = [models.Index("tenant_id", "record_id", "at", name="seen_record")]


#: tenant, record, when, who, how: a bare tuple, because an export makes one of every row
_Sight = tuple[UUID, UUID, dt.datetime, str, How]


class Notes:
    """What waits to be written in this process. ``background``: a thread writes it (web and console processes)."""

    def __init__(self) -> None:
        self.background = False
        self._waiting: deque[_Sight] = deque(maxlen=MOST_WAITING)
        self._many = threading.Event()
        self._starting = threading.Lock()
        self._process = 0  # in which process the thread runs: none survives a fork

    def add(self, some: Iterable[_Sight]) -> None:
        """Note it, and see to it that somebody writes it."""
        self._waiting.extend(some)
        if self.background and self._process != os.getpid():
            with self._starting:
                if self._process != os.getpid():
                    self._process = os.getpid()
                    threading.Thread(target=self._run, name="seen", daemon=True).start()
                    atexit.register(self._last)
        if len(self._waiting) > MOST:
            self._many.set()

    def _run(self) -> None:
        while True:
            self._many.wait(PAUSE)
            self._many.clear()
            self._last()

    def _last(self) -> None:
        try:
            self.write()
        except Error as error:
            log.warning("what was seen could not be written yet", exc_info=error)
        finally:
            connection.close()

    def write(self) -> int:
        """Write what waits; says how many rows. Where the database refuses, they wait on."""
        count = 0
        while some := [self._waiting.popleft() for _n in range(min(MOST, len(self._waiting)))]:
            try:
                for tenant in {one[0] for one in some}:
                    with inside(tenant), transaction.atomic():
                        _insert(tenant, [one for one in some if one[0] == tenant])
            except Error:
                self._waiting.extendleft(reversed(some))
                raise
            count += len(some)
        return count


notes = Notes()


def note(actor: Actor, rtype: RecordType, ids: Iterable[UUID], how: How) -> None:
    """Somebody saw these records; nothing where they are no persons."""
    if rtype.personal:
        now, ref = timezone.now(), actor.ref
        notes.add(zip(repeat(actor.tenant), ids, repeat(now), repeat(ref), repeat(how)))


def _insert(tenant: UUID, some: list[_Sight]) -> None:
    """Of one actor, record and way within the batch only the last one."""
    last = {(record, actor, how): at for _tenant, record, at, actor, how in some}
    rows: list[Any] = [[], [], [], [], []]
    for (record, actor, how), at in last.items():
        for column, value in zip(rows, (uuid7(), record, at, actor, how), strict=True):
            column.append(value)
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_seen (tenant_id, id, record_id, at, actor, how)"
            " SELECT %s, * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[], %s::text[])",
            [tenant, *rows],
        )


@dataclass(frozen=True)
class Told:
    """How often, on one day, somebody came by a record in one way."""

    actor: str
    how: str
    last: dt.datetime
    times: int


def told(ids: list[UUID]) -> list[Told]:
    """Who saw these records, by day, newest first; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT actor, how, max(at), count(*) FROM kernel_seen WHERE tenant_id = %s AND record_id = ANY(%s)"
            " GROUP BY actor, how, date_trunc('day', at, %s) ORDER BY 3 DESC",
            [current(), ids, timezone.get_current_timezone_name()],
        )
        return [Told(*row) for row in cursor.fetchall()]


def forget_old() -> int:
    """Remove what is older than a year, at most a batch; says how many."""
    before = timezone.now() - dt.timedelta(days=KEPT_DAYS)
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM kernel_seen WHERE id IN (SELECT id FROM kernel_seen WHERE tenant_id = %s AND id < %s"
            f" ORDER BY id LIMIT {MOST * 10})",
            [current(), uuid7_at(before)],
        )
        return int(cursor.rowcount)
