"""The logs of runs that ended long ago go; what they changed stays, as events."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection

from klientel.automation.queries.lasting import days_kept
from klientel.kernel import writing
from klientel.kernel.jobs import sweep
from klientel.kernel.tenancy import current
from klientel.lib import clock

PIECE, MOST_PIECES = 5000, 4  # of one hour: the rest has time
#: of a workflow that starts only once for each record the run itself is what says so: it stays, without its log
_FORGET = """
WITH old AS (
    SELECT r.id, v.definition ->> 'again' = 'once' AS once FROM automation_run r
    LEFT JOIN automation_version v ON v.tenant_id = r.tenant_id AND v.id = r.version
    WHERE r.tenant_id = %(tenant)s AND r.ended_at < %(before)s ORDER BY r.ended_at LIMIT %(most)s
), entries AS (
    DELETE FROM automation_entry WHERE tenant_id = %(tenant)s AND run IN (SELECT id FROM old)
), kept AS (
    UPDATE automation_run SET ended_at = NULL, checks = '[]', message = ''
    WHERE tenant_id = %(tenant)s AND id IN (SELECT id FROM old WHERE once)
), gone AS (
    DELETE FROM automation_run WHERE tenant_id = %(tenant)s AND id IN (SELECT id FROM old WHERE once IS NOT TRUE)
)
SELECT count(*) FROM old
"""


@sweep("automation.runs")
def forget() -> None:
    """Delete what ended longer ago than the workspace keeps it."""
    facts: dict[str, Any] = {"tenant": current(), "before": clock.now() - dt.timedelta(days=days_kept()), "most": PIECE}
    with writing.door(), connection.cursor() as cursor:
        for _n in range(MOST_PIECES):
            cursor.execute(_FORGET, facts)
            if cursor.fetchone()[0] < PIECE:
                return


__all__ = ["forget"]
