"""What led to an event: the runs behind it, however far back, so that no workflow sets itself off for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.events import Event
from klientel.kernel.sql import loaded
from klientel.kernel.tenancy import current

#: the run behind an event is the one whose id is its change set; else one behind the event that caused it
_BEHIND = """
WITH RECURSIVE up AS (
    SELECT f.id AS first, f.cause, f.change_set, 0 AS level
    FROM unnest(%(ids)s::uuid[], %(causes)s::uuid[], %(sets)s::uuid[]) f(id, cause, change_set)
    UNION ALL
    SELECT u.first, e.cause, e.change_set, u.level + 1 FROM up u
    JOIN kernel_event e ON e.tenant_id = %(tenant)s AND e.id = u.cause
    WHERE u.level < 12 AND NOT EXISTS (
        SELECT 1 FROM automation_run r WHERE r.tenant_id = %(tenant)s AND r.id = u.change_set)
)
SELECT u.first, r.depth, r.path, r.workflow FROM up u
JOIN automation_run r ON r.tenant_id = %(tenant)s AND r.id = u.change_set
"""


@dataclass(frozen=True)
class Chain:
    """How many runs lie behind, and of which workflows, the first one first."""

    depth: int = 0
    path: tuple[UUID, ...] = ()


NONE = Chain()


def chains(events: list[Event]) -> dict[UUID, Chain]:
    """The chains behind these events, by their ids; none for what nobody caused but people."""
    some = [e for e in events if e.cause is not None or e.actor.startswith("workflow:")]
    if not some:
        return {}
    facts: dict[str, Any] = {
        "ids": [e.id for e in some],
        "causes": [e.cause for e in some],
        "sets": [e.change_set for e in some],
    }
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, facts | {"tenant": current()})
        rows = cursor.fetchall()
    return {first: Chain(depth + 1, (*map(UUID, loaded(path)), workflow)) for first, depth, path, workflow in rows}
