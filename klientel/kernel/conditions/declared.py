"""Fields that a type declares and nobody stores: worked out by SQL whenever they are read, under the reader's rights.

Like a tenant's own formulas they can be shown, filtered, sorted and exported. A type names them in ``About.own``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from klientel.kernel.conditions.compiling import Scope, is_anchor
from klientel.kernel.kinds import Date, Kind, Links, YesNo, today, zone
from klientel.kernel.kinds.computed import computed
from klientel.kernel.records import RecordType, all_types
from klientel.kernel.sql import FALSE, TRUE, Sql, both

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


def concern(rtype: RecordType) -> str:
    """The field by which an entry stands on any record, or nothing. What joins two records is no entry."""
    ways = [n for n in rtype.concerns if isinstance(k := rtype.fields.get(n), Links) and k.to == "*"]
    return ways[0] if len(ways) == 1 else ""


def when(rtype: RecordType) -> str:
    """The field that says when an entry is due, or nothing."""
    return next((n for n in WHEN if n in rtype.fields), "")


@dataclass(frozen=True)
class _Open:
    """Where entries that are still to come stand: their table, the day of one, and the test over ``inner``."""

    day: Sql
    those: Sql  # FROM and WHERE


def _planned(scope: Any, on: RecordType, alias: str) -> list[_Open]:
    """The entries that are still to come on the row ``alias``, of every type that the scope may see."""
    if hasattr(scope, "known"):  # whoever looks asks it for several fields
        found: list[_Open] = scope.known(("planned", on.key, alias), lambda: _look(scope, on, alias))
        return found
    return _look(scope, on, alias)


def _follow(scope: Any, rtype: RecordType, by: str) -> bool:
    """Whether a grant shows entries on whatever is seen: a row is worked out for who sees it, so they see its entries.

    To ask that of the database would look at every type an entry may stand on, for each entry once more.
    """
    return any(_says_seen(dict(grant.where), by) for grant in getattr(scope, "grants", _nothing)(rtype, "view"))


def _nothing(_rtype: RecordType, _verb: str) -> list[Any]:
    return []


def _says_seen(where: Any, by: str) -> bool:
    return where == {"seen": by} or any(_says_seen(part, by) for part in where.get("any", ()))


def _look(scope: Scope, on: RecordType, alias: str) -> list[_Open]:
    inner, found = f"{alias}n", []
    for rtype in all_types():
        by = concern(rtype) if rtype.group and rtype.concerns else ""
        day = when(rtype) or (rtype.calendar.start if rtype.calendar else "") if by else ""
        if not day:
            continue
        seen = scope.visible(rtype)
        limit = TRUE if is_anchor(on) and _follow(scope, rtype, by) else scope.restrict(rtype, inner)
        ticked = "done_at" in rtype.fields
        if limit is FALSE or not {day, by, *(("done_at",) * ticked)} <= seen.keys():
            continue
        on_day = _day(rtype, day, inner)
        inside = both([
            Sql(f"{inner}.tenant_id = %s AND {inner}.archived_at IS NULL", (scope.tenant,)),
            Sql(f"{inner}.{by} @> ARRAY[{alias}.id]"),
            Sql(f"{inner}.done_at IS NULL") if ticked else _ahead(on_day), limit,
        ])  # fmt: skip
        found.append(_Open(on_day, Sql(f"FROM {rtype.table} {inner} WHERE {inside.text}", inside.params)))
    return found


def _day(rtype: RecordType, field: str, alias: str) -> Sql:
    if rtype.fields[field].db_type_name == "date":
        return Sql(f"{alias}.{field}")
    return Sql(f"({alias}.{field} AT TIME ZONE %s)::date", (str(zone()),))


def _ahead(day: Sql) -> Sql:
    """That the day has not passed: asked of what is no column, as in :func:`_soonest`. It is the same for every planner
    then, whatever day it is asked on, so that a kept plan is as good as a new one."""
    return Sql(f"coalesce({day.text}, '-infinity'::date) >= %s", (*day.params, today()))


def nothing_planned(name: str, label: Any, where: str, **facts: Any) -> Any:
    """Whether no entry that is still to come stands on a record; ``where`` is SQL over ``t`` that must hold besides."""

    def make(scope: Scope, rtype: RecordType, alias: str) -> Sql:
        soonest = _soonest(scope, rtype, alias)
        return Sql(f"({where.format(t=alias)} AND {soonest.text} IS NULL)", soonest.params)

    return worked_out(YesNo, name, label, make, **facts)


def next_day(name: str, label: Any, **facts: Any) -> Any:
    """The day of what comes next on a record: the soonest entry that is still to come."""

    def make(scope: Scope, rtype: RecordType, alias: str) -> Sql:
        soonest = _soonest(scope, rtype, alias)
        return Sql(f"NULLIF({soonest.text}, 'infinity'::date)", soonest.params)

    return worked_out(Date, name, label, make, **facts)


def _soonest(scope: Scope, rtype: RecordType, alias: str) -> Sql:
    """The soonest day on which an entry is still to come, ``infinity`` where none of them has a day; NULL without any.

    Each is an aggregate over what is no column: for a first row, or for the least of a column, the planner would go
    through an index by day, as it takes an array to contain one value in every two hundred, until an entry of this
    very record comes; and where the record has none, to the end.
    """
    parts = [_first_day(one) for one in _planned(scope, rtype, alias)]
    if not parts:
        return Sql("(NULL::date)")
    return Sql(f"LEAST({', '.join(p.text for p in parts)})", tuple(v for p in parts for v in p.params))


def _first_day(one: _Open) -> Sql:
    least = f"SELECT min(coalesce({one.day.text}, 'infinity'::date)) {one.those.text}"
    return Sql(f"({least})", (*one.day.params, *one.those.params))
