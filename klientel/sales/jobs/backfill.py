"""Deals that an earlier version wrote get what the forecast and the funnel read of them.

Only what follows from the deal is filled in, so nothing is told about it. Stays need none of this: their consumer is
new to such an installation and reads all events from the first one.
"""

from __future__ import annotations

from django.db import connection, transaction

from klientel.kernel import writing
from klientel.kernel.jobs import breathe, defer, job, sweep
from klientel.kernel.jobs.declaring import LONG
from klientel.kernel.kinds import zone
from klientel.kernel.tenancy import current

PIECE = 2000  # deals that one transaction fills in

#: every deal written since says when it began, unless somebody emptied that; the index of that day is read
_OLD = """
FROM sales_deal t WHERE t.tenant_id = %(tenant)s AND t.begun IS NULL AND t.archived_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM kernel_about a JOIN kernel_event e ON e.id = a.event_id AND e.tenant_id = a.tenant_id
  WHERE a.tenant_id = t.tenant_id AND a.record_id = t.id AND e.record_id = t.id AND 'begun' = ANY(e.fields))
"""
_ANY = f"SELECT EXISTS (SELECT 1 {_OLD})"
_FILL = f"""
UPDATE sales_deal d SET
  begun = least((d.created_at AT TIME ZONE %(zone)s)::date, (d.closed_at AT TIME ZONE %(zone)s)::date),
  counts_on = coalesce(d.counts_on, (d.closed_at AT TIME ZONE %(zone)s)::date, d.expected_close),
  category = coalesce(nullif(d.category, ''), s.category, '')
FROM (SELECT t.id, t.stage {_OLD} ORDER BY t.id LIMIT %(piece)s FOR UPDATE SKIP LOCKED) w
LEFT JOIN sales_stage s ON s.tenant_id = %(tenant)s AND s.id = w.stage
WHERE d.tenant_id = %(tenant)s AND d.id = w.id
"""


@sweep("sales.deals")
def want_days() -> None:
    """Where deals do not say when they began, have them filled in; one that comes back from the trash as well."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY, {"tenant": current()})
        if cursor.fetchone()[0]:
            defer(fill_in_days, tenant=current(), once="sales.deals")


@job(queue=LONG)
def fill_in_days() -> None:
    """When a deal began, on which day it counts and how surely, piece by piece; goes on where it was ended."""
    filled = PIECE
    while filled:
        with transaction.atomic(), writing.door(), connection.cursor() as cursor:
            cursor.execute(_FILL, {"tenant": current(), "zone": zone().key, "piece": PIECE})
            filled = cursor.rowcount
        breathe()
