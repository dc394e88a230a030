"""Who stands in for whom: while a member is away, what is meant for them reaches their deputy too."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db import connection

from klientel.kernel.tenancy import current

_STANDING_IN = """
WITH RECURSIVE chain AS (
    SELECT m.id, m.deputy, 0 AS depth, ARRAY[m.id] AS seen,
        coalesce(m.away_from <= %(day)s AND coalesce(m.away_until, 'infinity') >= %(day)s, false) AS away, m.active
    FROM kernel_member m WHERE m.tenant_id = %(tenant)s AND m.id = %(member)s
    UNION ALL
    SELECT m.id, m.deputy, c.depth + 1, c.seen || m.id,
        coalesce(m.away_from <= %(day)s AND coalesce(m.away_until, 'infinity') >= %(day)s, false),
        m.active AND m.archived_at IS NULL
    FROM chain c JOIN kernel_member m ON m.id = c.deputy AND m.tenant_id = %(tenant)s
    WHERE (c.away OR NOT c.active) AND NOT m.id = ANY(c.seen)
)
SELECT id FROM chain WHERE depth > 0 AND active AND NOT away ORDER BY depth LIMIT 1
"""


def deputies_of(member: UUID, day: dt.date) -> list[UUID]:
    """Who stands in for ``member`` on ``day``: nobody while they are there, else the first of their deputies who is.

    Two members may stand in for each other; the chain ends where it meets somebody again.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STANDING_IN, {"tenant": current(), "member": member, "day": day})
        return [row[0] for row in cursor.fetchall()]


def with_deputies(members: list[UUID], day: dt.date) -> list[UUID]:
    """These members and those who stand in for them, each once."""
    return list(dict.fromkeys([*members, *(d for m in members for d in deputies_of(m, day))]))
