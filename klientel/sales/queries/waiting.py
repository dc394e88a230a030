"""What waits for a quote: tasks made by themselves, reminders that are due."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.sales.models.quoting import AWAITING, SENT

_DUE = """
SELECT q.id FROM sales_quote q LEFT JOIN sales_quoteform f ON f.tenant_id = q.tenant_id AND f.id = q.form
WHERE q.tenant_id = %(tenant)s AND q.archived_at IS NULL AND q.state = %(state)s AND """
_ENDS_SOON = """q.valid_until - coalesce(f.remind_days, 3)::int <= %(today)s AND q.valid_until >= %(today)s
  AND (q.reminded_at IS NULL OR q.reminded_at < q.sent_at) ORDER BY q.valid_until LIMIT %(limit)s"""
_WAITS_LONG = """greatest(q.asked_at, q.reminded_at)
  < %(now)s - make_interval(days => coalesce(f.approval_days, 1)::int)
  ORDER BY q.asked_at LIMIT %(limit)s"""


def tasks_of(quote: Any, made_at: dt.datetime | None) -> list[Any]:
    """The open tasks that were made with something done to a quote: they bear the same instant."""
    if made_at is None:
        return []
    tasks = type_of("work.task").model.objects.filter(concerns__contains=[quote.id], created_at=made_at)
    return list(tasks.filter(done_at=None, archived_at=None).select_for_update())


def ending_soon(limit: int) -> list[UUID]:
    """Sent quotes that end soon and whose owner was not told so since they were sent."""
    return _ids(_DUE + _ENDS_SOON, {"state": SENT, "today": today(), "limit": limit})


def waiting_long(now: dt.datetime, limit: int) -> list[UUID]:
    """Quotes that wait for approval longer than the form says since somebody was asked or reminded."""
    return _ids(_DUE + _WAITS_LONG, {"state": AWAITING, "now": now, "limit": limit})


def _ids(statement: str, facts: dict[str, Any]) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts | {"tenant": current()})
        return [row[0] for row in cursor.fetchall()]
