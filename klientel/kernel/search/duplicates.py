"""Likely duplicates: candidates by index keys, scored with reasons. Never loads all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from klientel.kernel.errors import Refused
from klientel.kernel.records import RecordType
from klientel.kernel.search.finding import Seer

LIKELY = 0.6  # score from which a record counts as a likely duplicate
CANDIDATES = 30  # those that share most keys are scored


@dataclass(frozen=True, slots=True)
class Similar:
    """A record that may be the same: how likely (0 to 1) and why (codes)."""

    id: UUID
    title: str
    score: float
    reasons: list[str]


def draft(rtype: RecordType, values: dict[str, Any]) -> Any:
    """A record in memory with those of the values that are right; wrong ones are left out."""
    record = rtype.model(tenant_id=UUID(int=0))
    for name, value in values.items():
        kind = rtype.fields.get(name)
        if kind is None:
            continue
        try:
            rtype.put(record, name, kind.accept(value))
        except Refused:
            continue
    return record


def similar(
    scope: Seer, rtype: RecordType, values: dict[str, Any], *, exclude: UUID | None = None, limit: int = 5
) -> list[Similar]:
    """Records that are likely the same as one with these values, most likely first; none where the type knows
    no matching."""
    if rtype.match is None or rtype.score is None:
        return []
    return similar_to(scope, rtype, draft(rtype, values), exclude=exclude, limit=limit)


def similar_to(
    scope: Seer, rtype: RecordType, record: Any, *, exclude: UUID | None = None, limit: int = 5
) -> list[Similar]:
    """As :func:`similar`, for a record in memory."""
    if rtype.match is None or rtype.score is None:
        return []
    keys = rtype.match(record)
    if not keys:
        return []
    table, inside = rtype.table, scope.restrict(rtype, rtype.table)
    text = (  # by hand: building the same with the ORM costs more than the query
        f"SELECT {table}.*, cardinality(ARRAY(SELECT unnest({table}.match_keys) INTERSECT SELECT unnest(%s::text[])))"
        f" AS shared FROM {table} WHERE {table}.tenant_id = %s AND {table}.match_keys && %s::text[]"
        f" AND {table}.archived_at IS NULL AND {inside.text} ORDER BY shared DESC, {table}.id LIMIT {CANDIDATES}"
    )
    found: list[Similar] = []
    for other in rtype.model.objects.raw(text, [keys, scope.tenant, keys, *inside.params]):
        if other.pk == exclude:
            continue
        score, reasons = rtype.score(record, other)
        if score >= LIKELY:
            found.append(Similar(other.pk, rtype.title_for(other, scope.visible(rtype)), round(score, 3), reasons))
    return sorted(found, key=lambda s: (-s.score, s.title))[:limit]
