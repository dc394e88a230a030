"""Trees of records (a company and its subsidiaries): upwards, one level down, and what the whole of it adds up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import Name, Page, names, names_by_type, select
from klientel.kernel.conditions.compiling import compile as compile_condition
from klientel.kernel.conditions.rolling import DEEPEST, RollUp
from klientel.kernel.kinds import Kind, Money
from klientel.kernel.records import RecordType, all_types, reverses
from klientel.kernel.sql import Sql, both, comma, loaded

BRANCH = 50  # children shown at once


@dataclass(frozen=True)
class Number:
    """One figure of a tree: how many records of a type, or the sum of one of their fields."""

    label: str
    kind: Kind
    recipe: RollUp


def numbers_of(scope: ActorScope, rtype: RecordType) -> list[Number]:
    """What may be worked out over a tree of this type: all that record types declare for it and the actor may see."""
    found: list[Number] = []
    for source, by in counting(scope, rtype):
        visible, label = scope.visible(source), label_of(rtype, source, by)
        fields = [f for f in source.tree[by].fields if f in visible]
        shown = [("", label), *((f, f"{label}: {visible[f].verbose_name}") for f in fields)]
        found += [_number(text, source, by, f, len(found) + n) for n, (f, text) in enumerate(shown)]
    return found


def counting(scope: ActorScope, rtype: RecordType) -> Iterator[tuple[RecordType, str]]:
    """The types whose records are counted on trees of this type, each by which link; as far as the actor may see."""
    for source in all_types():
        for by in source.tree:
            if getattr(source.fields.get(by), "to", "") == rtype.key:
                recipe = RollUp(source.key, by, "count", "", source.tree[by].where, True, "")
                if all(scope.reads(*leaf) for leaf in recipe.leaves()):
                    yield source, by


def label_of(rtype: RecordType, source: RecordType, by: str) -> str:
    """What the records are called that a tree of this type counts."""
    return str(source.tree[by].label or reverses(rtype)[f"{source.key}.{by}"].label)


def _number(label: str, source: RecordType, by: str, field: str, n: int) -> Number:
    where = source.tree[by].where
    recipe = RollUp(source.key, by, "sum" if field else "count", field, where, True, f"n{n}")
    kind = recipe.kind(source.fields.get(field), {"name": f"n{n}", "label": label})
    return Number(label, kind, recipe)


def figures(
    scope: ActorScope, rtype: RecordType, ids: Iterable[UUID], numbers: list[Number]
) -> dict[UUID, list[tuple[Number, Any]]]:
    """The figures of the trees below these records, the records themselves included: one statement."""
    wanted = list(ids)
    if not wanted or not numbers:
        return {}
    picked = comma([n.recipe.sql(scope, rtype, "t") for n in numbers])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id, {picked.text} FROM {rtype.table} t WHERE t.tenant_id = %s AND t.id = ANY(%s)",
            [*picked.params, scope.tenant, wanted],
        )
        rows = cursor.fetchall()
    return {
        row[0]: [(n, loaded(v) if isinstance(n.kind, Money) else v) for n, v in zip(numbers, row[1:], strict=True)]
        for row in rows
    }


def above(scope: ActorScope, rtype: RecordType, record_id: UUID) -> list[Name]:
    """What a record belongs to, the topmost first, as far up as the actor may see without a gap."""
    limit = scope.restrict(rtype, "t")
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE up AS (SELECT t.parent AS id, 1 AS n FROM {rtype.table} t WHERE t.tenant_id = %s"
            f" AND t.id = %s UNION ALL SELECT t.parent, n + 1 FROM up JOIN {rtype.table} t ON t.id = up.id"
            f" WHERE t.tenant_id = %s AND n < {DEEPEST} AND {limit.text})"
            " SELECT id FROM up WHERE id IS NOT NULL ORDER BY n DESC",
            [scope.tenant, record_id, scope.tenant, *limit.params],
        )
        ids = [row[0] for row in cursor.fetchall()]
    known = names(scope, ids, rtype.key)
    return [known[i] for i in ids if i in known]


def branch(scope: ActorScope, rtype: RecordType, record_id: UUID, after: str | None = None) -> Page:
    """The records directly below one, by name, a page at a time."""
    where = {"field": "parent", "op": "is", "value": str(record_id)}
    return select(scope, rtype, where=where, after=after, limit=BRANCH)


def across(
    scope: ActorScope, rtype: RecordType, record_id: UUID, source: RecordType, by: str
) -> list[tuple[Name, Name]]:
    """The records of a type that count on the whole tree below one, by name, with what each hangs on; at most fifty."""
    recipe = RollUp(source.key, by, "count", "", None, True, "a")
    start = recipe.below(scope, rtype, "o")
    link = scope.visible(source)[by].sql("s")
    inside = both([
        Sql("s.tenant_id = %s AND s.archived_at IS NULL", (scope.tenant,)),
        Sql(f"{link.text} = b_a.id", link.params),
        source.base("s") or Sql("TRUE"),
        scope.restrict(source, "s"),
        compile_condition(source, where, scope, "s") if (where := source.tree[by].where) else Sql("TRUE"),
    ])  # fmt: skip
    text = (
        f"SELECT x.id, x.at FROM {rtype.table} o CROSS JOIN LATERAL ({start.text} SELECT s.id, s.sort_key, b_a.id AS at"
        f" FROM b_a CROSS JOIN LATERAL (SELECT * FROM {source.table} s WHERE {inside.text} OFFSET 0) s) x"
        f" WHERE o.tenant_id = %s AND o.id = %s ORDER BY x.sort_key, x.id LIMIT {BRANCH}"
    )
    with connection.cursor() as cursor:
        cursor.execute(text, [*start.params, *inside.params, scope.tenant, record_id])
        rows = cursor.fetchall()
    known = names_by_type(scope, {source.key: [i for i, _at in rows], rtype.key: [at for _i, at in rows]})
    return [(known[i], known[at]) for i, at in rows if i in known and at in known]
