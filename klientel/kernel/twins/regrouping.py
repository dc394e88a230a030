"""Groups of likely twins, kept as rows: made anew around some records whenever pairs or decisions change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import connection

from klientel.kernel import writing
from klientel.kernel.errors import Missing
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.tenancy import current
from klientel.kernel.twins.checking import apart_among
from klientel.kernel.twins.profiles import profiles_of
from klientel.kernel.twins.rules import rule_of
from klientel.lib.ids import uuid7
from klientel.lib.matching import prior, probability
from klientel.lib.matching.groups import grouped

_MOST = 400  # records around which groups are made at a time
_ROUNDS = 6
_PAIRS = """
SELECT one, two, bits FROM kernel_twinpair
WHERE tenant_id = %s AND record_type = %s AND (one = ANY(%s) OR two = ANY(%s)) ORDER BY bits DESC LIMIT 5000
"""
_TYPES = """
SELECT DISTINCT record_type FROM kernel_twinpair WHERE tenant_id = %s AND (one = ANY(%s) OR two = ANY(%s))
"""
_INSERT = """
INSERT INTO kernel_twinmember (id, tenant_id, record_type, "group", record, certainty, later)
SELECT u.id, %s, %s, u.g, u.record, u.certainty, u.later
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::float8[], %s::timestamptz[]) u(id, g, record, certainty, later)
ON CONFLICT DO NOTHING
"""

Pairs = dict[tuple[UUID, UUID], float]


def regroup_apart(ids: list[UUID]) -> None:
    """Somebody said, or no longer says, that these are not the same: their groups are made anew."""
    with connection.cursor() as cursor:
        cursor.execute(_TYPES, [current(), ids, ids])
        keys = [row[0] for row in cursor.fetchall()]
    for key in keys:
        try:
            regroup(type_of(key), ids)
        except Missing:
            continue


def regroup(rtype: RecordType, ids: Iterable[UUID]) -> int:
    """Make the groups anew to which these records may belong; how many groups there are then."""
    if rtype.matching is None:
        return 0
    pairs = _around(rtype, set(ids))
    members = {i for pair in pairs for i in pair} | set(ids)
    profiles = profiles_of(rtype, members)
    pairs = {pair: bits for pair, bits in pairs.items() if pair[0] in profiles and pair[1] in profiles}
    apart = apart_among(list(members))
    for pair in list(pairs):
        if pair in apart:
            del pairs[pair]
    rule, matching = rule_of(rtype), rtype.matching
    start = prior(rule.size)

    def between(one: UUID, two: UUID) -> float:
        return start + sum(e.bits for e in matching.compare(profiles[one], profiles[two], rule.common))

    groups = grouped(pairs, between, apart, least=start)
    _keep(rtype, members, [(group, probability(_weakest(group, pairs))) for group in groups])
    return len(groups)


def _around(rtype: RecordType, ids: set[UUID]) -> Pairs:
    """The pairs of these records, of their twins, and so on; bounded."""
    found: Pairs = {}
    seen: set[UUID] = set()
    front = ids
    for _round in range(_ROUNDS):
        front -= seen
        if not front or len(seen) > _MOST:
            break
        seen |= front
        with connection.cursor() as cursor:
            cursor.execute(_PAIRS, [current(), rtype.key, list(front), list(front)])
            rows = cursor.fetchall()
        found |= {(one, two): bits for one, two, bits in rows}
        front = {i for one, two, _bits in rows for i in (one, two)}
    return found


def _weakest(group: Collection[UUID], pairs: Pairs) -> float:
    """The weakest of the ties that hold a group together, each member by its strongest."""
    inside = sorted((-bits, pair) for pair, bits in pairs.items() if pair[0] in group and pair[1] in group)
    tied = {member: member for member in group}

    def root(member: UUID) -> UUID:
        while tied[member] != member:
            member = tied[member]
        return member

    weakest = 0.0
    for bits, (one, two) in inside:
        if root(one) != root(two):
            tied[root(one)] = root(two)
            weakest = -bits
    return weakest


def _keep(rtype: RecordType, members: Collection[UUID], groups: list[tuple[list[UUID], float]]) -> None:
    """Replace the groups of these records; what was put off stays put off while the group has nobody new."""
    tenant, later = current(), _later(members)
    rows: list[tuple[UUID, UUID, UUID, float, dt.datetime | None]] = []
    for group, certainty in groups:
        waits = [later.get(member) for member in group]
        until = None if None in waits else max(w for w in waits if w is not None)
        rows += [(uuid7(), min(group), member, certainty, until) for member in group]
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(
            'DELETE FROM kernel_twinmember WHERE tenant_id = %s AND ("group" IN (SELECT "group" FROM kernel_twinmember'
            " WHERE tenant_id = %s AND record = ANY(%s)) AND record = ANY(%s))",
            [tenant, tenant, list(members), list(members)],
        )
        if rows:
            cursor.execute(_INSERT, [tenant, rtype.key, *map(list, zip(*rows, strict=True))])


def _later(members: Collection[UUID]) -> dict[UUID, dt.datetime | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record, later FROM kernel_twinmember WHERE tenant_id = %s AND record = ANY(%s)",
            [current(), list(members)],
        )
        return dict(cursor.fetchall())
