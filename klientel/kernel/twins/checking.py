"""Likely duplicates of one record: candidates by index keys, each key bounded, scored with reasons. Never loads all.

Who looks is told only of records they may see, and judged only by fields they may see: neither a hidden phone number
nor a record of another team makes itself known by a warning.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType, instances
from klientel.kernel.sql import Sql, both
from klientel.kernel.tenancy import current
from klientel.kernel.twins.rules import Rule, rule_of
from klientel.lib.matching import Evidence, Matching, codes, summed

CANDIDATES = 20  # those that share the rarest keys are scored
PER_KEY = 40  # a key that more records share costs no more than this many


@dataclass(frozen=True, slots=True)
class Similar:
    """A record that may be the same: how likely (0 to 1), why (codes), and what each thing weighs."""

    id: UUID
    title: str
    score: float
    reasons: list[str]
    evidence: list[Evidence] = field(default_factory=list)
    certain: bool = False


def draft(rtype: RecordType, values: Mapping[str, Any]) -> Any:
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
    scope: ActorScope, rtype: RecordType, values: Mapping[str, Any], *, exclude: UUID | None = None, limit: int = 5
) -> list[Similar]:
    """Records that are likely the same as one with these values, most likely first; none where the type knows
    no matching. ``exclude``: the record itself, which is being changed."""
    if rtype.matching is None:
        return []
    return similar_to(scope, rtype, draft(rtype, values), exclude=exclude, limit=limit)


def similar_to(
    scope: ActorScope, rtype: RecordType, record: Any, *, exclude: UUID | None = None, limit: int = 5
) -> list[Similar]:
    """As :func:`similar`, for a record in memory."""
    matching = rtype.matching
    if matching is None or not scope.may(rtype, "view"):
        return []
    visible = scope.visible(rtype)
    mine = rtype.profile(record, visible)
    keys = matching.keys(mine)
    if not keys:
        return []
    rule, found = rule_of(rtype), []
    never = apart_from(exclude) if exclude is not None else frozenset()
    for other in _candidates(scope, rtype, keys):
        if other.pk != exclude and other.pk not in never:
            one = judged(rtype, matching, rule, mine, other, visible)
            if one.score >= rule.propose:
                found.append(one)
    return sorted(found, key=lambda s: (-s.score, s.title))[:limit]


def similar_after(
    scope: ActorScope, rtype: RecordType, record_id: UUID, values: Mapping[str, Any], *, limit: int = 5
) -> list[Similar]:
    """Records that are likely the same as a stored one would be with these values; :class:`Missing` without it."""
    if rtype.matching is None:
        return []
    record = get(scope, rtype, record_id)
    for name, value in values.items():
        kind = rtype.fields.get(name)
        if kind is not None:
            try:
                rtype.put(record, name, kind.accept(value))
            except Refused:
                continue
    return similar_to(scope, rtype, record, exclude=record_id, limit=limit)


def judged(
    rtype: RecordType, matching: Matching, rule: Rule, mine: Any, other: Any, visible: Mapping[str, Kind]
) -> Similar:
    """How likely a stored record is the same as one of which the profile is known."""
    evidence = matching.compare(mine, rtype.profile(other, visible), rule.common)
    score = summed(evidence, rule.size)
    title = rtype.title_for(other, visible)
    return Similar(other.pk, title, round(score, 4), codes(evidence), evidence, score >= rule.certain)


def _candidates(scope: ActorScope, rtype: RecordType, keys: list[str]) -> list[Any]:
    """Visible records that share keys, those that share the rarest first: one bounded look into the index for each key.

    A key that few have says more than one that many have, so each counts by how many it leads to; one
    frequent key alone leads to nobody, for it would be an arbitrary few of many.
    """
    table = rtype.table
    parts = [Sql("t.tenant_id = %s AND t.match_keys && ARRAY[k.key] AND t.archived_at IS NULL", (scope.tenant,))]
    if (base := rtype.base("t")) is not None:
        parts.append(base)
    inside = both([*parts, scope.restrict(rtype, "t")])
    text = (
        f"FROM (SELECT c.id, sum(1.0 / c.n) AS shared FROM unnest(%s::text[]) k(key) CROSS JOIN LATERAL"
        f" (SELECT x.id, count(*) OVER () AS n FROM (SELECT t.id FROM {table} t WHERE {inside.text}"
        f" LIMIT {PER_KEY}) x) c"
        f" GROUP BY c.id HAVING sum(1.0 / c.n) > 1.0 / {PER_KEY} ORDER BY shared DESC, c.id DESC LIMIT {CANDIDATES}) n"
        f" JOIN {table} r ON r.tenant_id = %s AND r.id = n.id ORDER BY n.shared DESC, n.id"
    )
    return instances.some(rtype.model, "r", Sql(text, (keys, *inside.params, scope.tenant)))


_APART = "SELECT records FROM kernel_distinct WHERE tenant_id = %s AND archived_at IS NULL AND records && %s"


def apart_from(record_id: UUID) -> frozenset[UUID]:
    """The records of which somebody said that they are not the same as this one."""
    return frozenset(i for pair in apart_among([record_id]) for i in pair if i != record_id)


def apart_among(ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Pairs, each in both orders, of which at least one is among ``ids``, that somebody said are not the same."""
    with connection.cursor() as cursor:
        cursor.execute(_APART, [current(), list(ids)])
        rows = [row[0] for row in cursor.fetchall()]
    return {(one, two) for records in rows for one in records for two in records if one != two}
