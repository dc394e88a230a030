"""What earlier versions did not write is filled in here, piece by piece, beside the work."""

from __future__ import annotations

from django.db import connection, transaction

from klientel.kernel.jobs.declaring import LONG, breathe, defer, job
from klientel.kernel.jobs.upkeep import sweep
from klientel.kernel.tenancy import current

PIECE = 5000  # rows that one transaction fills in
GONE = "-"  # the kind of an event that is no more

_UNNAMED = "SELECT EXISTS (SELECT 1 FROM kernel_about WHERE tenant_id = %s AND kind = '')"
_NAME = """
UPDATE kernel_about a SET kind = coalesce((SELECT e.kind FROM kernel_event e WHERE e.id = w.event_id), %s)
FROM (
    SELECT id, event_id FROM kernel_about WHERE tenant_id = %s AND kind = '' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
) w
WHERE a.tenant_id = %s AND a.id = w.id
"""


@sweep("events.kinds")
def want_kinds() -> None:
    """Where a timeline has rows that do not say the kind of their event, have them filled in."""
    with connection.cursor() as cursor:
        cursor.execute(_UNNAMED, [current()])
        if cursor.fetchone()[0]:
            defer(fill_in_kinds, tenant=current(), once="events.kinds")


@job(queue=LONG)
def fill_in_kinds() -> None:
    """Copy the kinds of events to their rows of the timelines; goes on where it was ended."""
    filled = PIECE
    while filled:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_NAME, [GONE, current(), PIECE, current()])
            filled = cursor.rowcount
        breathe()
