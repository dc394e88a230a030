"""Fields that a type declares and nobody stores: worked out by SQL whenever they are read, under the reader's rights.

Like a tenant's own formulas they can be shown, filtered, sorted and exported. A type names them in ``About.own``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from klientel.kernel.conditions.compiling import Scope
from klientel.kernel.conditions.compiling import compile as compile_condition
from klientel.kernel.kinds import Date, Kind, Links, YesNo, zone
from klientel.kernel.kinds.computed import computed
from klientel.kernel.records import RecordType, all_types
from klientel.kernel.sql import FALSE, Sql, both

#: how an entry says when it is due: a task by its day, a meeting by its beginning
WHEN = ("due", "begins")
Make = Callable[[Scope, RecordType, str], Sql]


@dataclass(frozen=True)
class _Recipe:
    make: Make

    def sql(self, scope: Scope, rtype: RecordType, alias: str) -> Sql:
        """Its value over ``alias``."""
        return self.make(scope, rtype, alias)


def worked_out(
    result: type[Kind],
    name: str,
    label: Any,
    make: Make,
    *,
    reads: Iterable[tuple[str, str]] = (),
    tone: str = "",
    **facts: Any,
) -> Any:
    """A field whose value is the SQL of ``make``; who may not see what it ``reads`` (type, field) does not see it.

    With a ``tone`` a yes is shown as a sign of that colour.
    """
    kind = computed(result, label=label, name=name, **facts)
    kind.tone = tone
    kind.recipe, kind.leaves, kind.size = _Recipe(make), frozenset(reads), 1
    return kind


def truth(name: str, label: Any, where: Callable[[Scope], Any], **facts: Any) -> Any:
    """Whether a condition holds."""

    def make(scope: Scope, rtype: RecordType, alias: str) -> Sql:
        found = compile_condition(rtype, where(scope), scope, f"{alias}")
        return Sql(f"({found.text})", found.params)

    return worked_out(YesNo, name, label, make, **facts)


def concern(rtype: RecordType) -> str:
    """The field by which an entry stands on any record, or nothing. What joins two records is no entry."""
    ways = [n for n in rtype.concerns if isinstance(k := rtype.fields.get(n), Links) and k.to == "*"]
    return ways[0] if len(ways) == 1 else ""


def when(rtype: RecordType) -> str:
    """The field that says when an entry is due, or nothing."""
    return next((n for n in WHEN if n in rtype.fields), "")


def planned(scope: Scope) -> list[tuple[RecordType, str, dict[str, Any]]]:
    """The entries that can be planned and that the scope may see: type, field of its day, condition of being open."""
    found = []
    for rtype in all_types():
        day, seen = when(rtype), scope.visible(rtype)
        if not (rtype.group and concern(rtype) in seen and day in seen) or scope.restrict(rtype, "t") is FALSE:
            continue
        ticked = "done_at" in rtype.fields
        if ticked and "done_at" not in seen:
            continue
        still = (
            {"field": "done_at", "op": "empty"} if ticked else {"field": day, "op": "after", "value": {"days_ago": 1}}
        )
        found.append((rtype, day, still))
    return found


def nothing_planned(scope: Scope) -> dict[str, Any]:
    """The condition that no entry which is still to come stands on a record."""
    having = [{"has": f"{rtype.key}.{concern(rtype)}", "where": still} for rtype, _day, still in planned(scope)]
    return {"not": {"any": having}}


def next_day(name: str, label: Any, **facts: Any) -> Any:
    """The day of what comes next on a record: the soonest entry that is still to come."""

    def make(scope: Scope, _rtype: RecordType, alias: str) -> Sql:
        parts = [_soonest(scope, one, day, still, alias) for one, day, still in planned(scope)]
        if not parts:
            return Sql("(NULL::date)")
        return Sql(f"LEAST({', '.join(p.text for p in parts)})", tuple(v for p in parts for v in p.params))

    return worked_out(Date, name, label, make, **facts)


def _soonest(scope: Scope, source: RecordType, day: str, still: Any, alias: str) -> Sql:
    inner, at = f"{alias}n", source.fields[day]
    inside = both([
        Sql(f"{inner}.tenant_id = %s AND {inner}.archived_at IS NULL", (scope.tenant,)),
        Sql(f"{inner}.{concern(source)} @> ARRAY[{alias}.id]"),
        compile_condition(source, still, scope, inner), scope.restrict(source, inner),
    ])  # fmt: skip
    value = f"{inner}.{day}" if at.db_type_name == "date" else f"({inner}.{day} AT TIME ZONE %s)::date"
    zoned = () if at.db_type_name == "date" else (str(zone()),)
    return Sql(f"(SELECT min({value}) FROM {source.table} {inner} WHERE {inside.text})", (*zoned, *inside.params))
