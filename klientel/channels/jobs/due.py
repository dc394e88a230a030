"""What waits for its moment, row by row, and goes to another server: woken for, claimed in pieces, worked off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from django.db import connection

from klientel.kernel import writing
from klientel.kernel.events.consuming import wake
from klientel.kernel.jobs import Job, breathe, defer
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy import writing as transaction
from klientel.lib import clock

LEASE = dt.timedelta(seconds=60)  # for which a row that a worker claimed is left to it
PIECE = 20  # rows that are claimed together


def ring(queue: str, due: dt.datetime | None, work: Job, once: str) -> None:
    """Have the job begin where something is due, and the queue wake up again for what comes next."""
    if due is None:
        return
    now = clock.now()
    if due <= now:
        defer(work, tenant=current(), once=once)
        due = now + LEASE
    wake(current(), queue, due)


def work_off(claim: str, do: Callable[[UUID], None]) -> None:
    """All that is due, some at a time. ``claim`` returns ids and takes tenant, now, until (the lease) and piece."""
    while True:
        breathe()
        with transaction(), writing.door(), connection.cursor() as cursor:
            now = clock.now()
            cursor.execute(claim, {"tenant": current(), "now": now, "until": now + LEASE, "piece": PIECE})
            claimed = [row[0] for row in cursor.fetchall()]
        for one in claimed:
            do(one)
        if len(claimed) < PIECE:
            return
