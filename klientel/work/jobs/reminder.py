"""Reminders of tasks: when the instant has come, their owner is told, once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.events.notices import notice
from klientel.kernel.jobs import timer
from klientel.kernel.live import notifications
from klientel.kernel.tenancy import current

KIND = "reminder"
LATEST = dt.timedelta(days=14)  # nobody wants to be reminded of more than that after a long standstill
PIECE = 200

notice(KIND, _("Reminder: %(what)s"), icon="alarm-clock")

_DUE = """
SELECT t.owner, t.id, 'reminder:' || t.id || ':' || extract(epoch FROM t.remind_at)::bigint
FROM work_task t
WHERE t.tenant_id = %(tenant)s AND t.remind_at <= %(now)s AND t.remind_at > %(first)s AND t.done_at IS NULL
  AND t.archived_at IS NULL AND t.owner IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM kernel_notification n WHERE n.tenant_id = t.tenant_id AND n.member_id = t.owner
      AND n.key = 'reminder:' || t.id || ':' || extract(epoch FROM t.remind_at)::bigint)
ORDER BY t.remind_at LIMIT %(limit)s
"""


@timer("work.task.reminder", on="work.task", field="remind_at")
def remind(now: dt.datetime) -> bool:
    """Tell the owners of tasks whose reminder is due, as far as they may see the task; whether there are more."""
    with connection.cursor() as cursor:
        facts: dict[str, Any] = {"tenant": current(), "now": now, "first": now - LATEST, "limit": PIECE}
        cursor.execute(_DUE, facts)
        rows = cursor.fetchall()
    return notifications.tell_of("work.task", KIND, rows) > 0 and len(rows) == PIECE
