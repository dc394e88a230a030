"""The work list of likely twins: groups by certainty, as one viewer may know them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel import writing
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import Row, select, which
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.records import RecordType
from klientel.kernel.tenancy import current
from klientel.kernel.twins.rules import rule_of
from klientel.lib.matching import Evidence, summed

PAGE = 20  # groups looked at for a page
MOST = 10  # members shown of a group
LATER = dt.timedelta(days=30)

_GROUPS = """
SELECT DISTINCT certainty, "group" FROM kernel_twinmember
WHERE tenant_id = %s AND record_type = %s AND (later IS NULL OR later < now())
AND (certainty < %s OR (certainty = %s AND "group" > %s)) ORDER BY certainty DESC, "group" LIMIT %s
"""


@dataclass(frozen=True)
class Tie:
    """How a member of a group hangs together with the first: probability and what it is made of."""

    score: float
    evidence: list[Evidence]


@dataclass(frozen=True)
class Group:
    """Records that are likely one: visible members in the order they were made, and why."""

    id: UUID
    certainty: float
    members: list[Row]
    ties: list[Tie] = field(default_factory=list)  # of each member but the first
    certain: bool = False


@dataclass(frozen=True)
class Listed:
    """A page of the work list; ``after`` leads to the next."""

    groups: list[Group]
    after: str = ""


def listed(scope: ActorScope, rtype: RecordType, after: str = "", *, limit: int = PAGE) -> Listed:
    """Groups of which the viewer may see at least two records, and enough fields to judge that they are one."""
    certainty, last = _place(after)
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, [current(), rtype.key, certainty, certainty, last, limit])
        found = {group: sure for sure, group in cursor.fetchall()}
    rows = _members(scope, rtype, list(found))
    groups = [judged for g, sure in found.items() if (judged := _judged(scope, rtype, g, sure, rows.get(g, [])))]
    more = len(found) == limit
    end = f"{list(found.values())[-1]!r} {list(found)[-1]}" if more else ""
    return Listed(groups, end)


def _place(after: str) -> tuple[float, UUID]:
    sure, _gap, group = after.partition(" ")
    try:
        return (float(sure), UUID(group)) if after else (2.0, UUID(int=0))
    except ValueError:
        raise Refused("bad_cursor", _("There is no such page.")) from None


def _members(scope: ActorScope, rtype: RecordType, groups: list[UUID]) -> dict[UUID, list[Row]]:
    """The visible members of these groups with all that the viewer may know of them."""
    if not groups:
        return {}
    inside = which(scope, rtype)
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT m."group", m.record FROM kernel_twinmember m JOIN {rtype.table} t ON t.id = m.record'
            f' WHERE m.tenant_id = %s AND m."group" = ANY(%s) AND {inside.text} ORDER BY m.record',
            [current(), groups, *inside.params],
        )
        group_of = {record: group for group, record in cursor.fetchall()}
    if not group_of:
        return {}
    only = {"id": [str(i) for i in group_of]}
    rows = select(scope, rtype, columns=compared(scope, rtype), where=only, limit=len(group_of)).rows
    found: dict[UUID, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.id):
        found.setdefault(group_of[row.id], []).append(row)
    return found


def compared(scope: ActorScope, rtype: RecordType) -> list[str]:
    """The fields that stand side by side: those that are compared, then the columns of lists; visible ones only."""
    visible, matching = scope.visible(rtype), rtype.matching
    names = [name for one in matching.features for name in one.fields] if matching else []
    return [name for name in dict.fromkeys([*names, *rtype.columns]) if name in visible]


def _judged(scope: ActorScope, rtype: RecordType, group: UUID, sure: float, rows: list[Row]) -> Group | None:
    """The group as this viewer may judge it; none where what they see gives no reason."""
    matching, rule, visible = rtype.matching, rule_of(rtype), scope.visible(rtype)
    if matching is None or len(rows) < 2:
        return None
    profiles = [matching.profile(row.values.get, visible) for row in rows]
    ties: list[Tie] = []
    for profile in profiles[1:MOST]:
        evidence = matching.compare(profiles[0], profile, rule.common)
        ties.append(Tie(summed(evidence, rule.size), sorted(evidence, key=lambda one: -one.bits)))
    whole = all(name in visible for one in matching.features for name in one.fields)
    if not whole and max(tie.score for tie in ties) < rule.propose:
        return None
    seen = sure if whole else min(sure, min(tie.score for tie in ties))
    return Group(group, seen, rows[:MOST], ties, seen >= rule.certain)


def group_of(scope: ActorScope, rtype: RecordType, group: UUID) -> list[UUID]:
    """The members of a group that the viewer may see, the oldest first; :class:`Missing` where there are not two."""
    rows = _members(scope, rtype, [group]).get(group, [])
    if len(rows) < 2:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    return [row.id for row in rows]


def put_off(rtype: RecordType, group: UUID) -> None:
    """Show a group again in a month, unless somebody new joins it."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(
            'UPDATE kernel_twinmember SET later = %s WHERE tenant_id = %s AND record_type = %s AND "group" = %s',
            [timezone.now() + LATER, current(), rtype.key, group],
        )


def waiting(rtype: RecordType) -> dict[str, Any]:
    """How far the search of a type is."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT phase, counts, total, finished_at, "full" FROM kernel_twinsearch WHERE tenant_id = %s'
            " AND record_type = %s",
            [current(), rtype.key],
        )
        row = cursor.fetchone()
    if row is None:
        return {"phase": "", "records": 0, "total": 0, "finished_at": None}
    counts = orjson.loads(row[1]) if isinstance(row[1], str) else row[1]
    total = row[2] if row[4] else 0
    return {"phase": row[0], "records": counts.get("records", 0), "total": total, "finished_at": row[3]}
