"""Stored conditions against records: which saved views, segments, rules each of some records fulfils, in one statement.

A condition compiled alone asks its own sub-queries. Compiled together, what a link leads to is joined once however many
conditions look behind it, and a sub-condition that several of them share is compiled once and, where it asks other rows
(``has``, ``happened``, ``seen``), worked out once per record. A condition that is not understood, or that the database
cannot work out, is reported and fulfilled by nothing; it never stands in the way of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from django.db import DataError, connection, transaction
from django.utils.translation import gettext_lazy as _

from klientel.kernel.conditions.compiling import Compiler, Scope, joins
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Link, Links
from klientel.kernel.records import RecordType
from klientel.kernel.sql import FALSE, TRUE, Sql, both, comma

MOST_SHARED = 1000  # PostgreSQL takes 1,664 columns
K = TypeVar("K", bound=Hashable)


@dataclass
class Matches(Generic[K]):
    """Which conditions each record fulfils, by the records' ids; and which conditions are broken, with the reason.

    A record that is not there, is in the trash or may not be seen fulfils none.
    """

    fulfilled: dict[UUID, set[K]]
    broken: dict[K, Refused] = field(default_factory=dict)


def matching(scope: Scope, rtype: RecordType, conditions: Mapping[K, Any], ids: Iterable[UUID]) -> Matches[K]:
    """For each of these records the keys of those conditions that it fulfils, under the eyes of ``scope``.

    One statement for all of them, in the open transaction. ``conditions`` are JSON as they were saved.
    """
    wanted = list(dict.fromkeys(ids))
    found: Matches[K] = Matches({one: set() for one in wanted})
    if wanted:
        _ask(scope, rtype, dict(conditions), wanted, found)
    return found


def _ask(scope: Scope, rtype: RecordType, conditions: dict[K, Any], ids: list[UUID], found: Matches[K]) -> None:
    together = _Together(scope, conditions.values())
    compiled: dict[K, Sql] = {}
    for key, json in conditions.items():
        try:
            compiled[key] = together.one(rtype, json)
        except Refused as no:
            found.broken[key] = no
        except OverflowError:
            found.broken[key] = Refused("bad_value", _("Please enter a value to compare with."))
    kept = {key: sql for key, sql in compiled.items() if sql is not FALSE}
    if not kept:
        return
    statement = together.statement(rtype, list(kept.values()), ids)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.text, statement.params)
            rows = cursor.fetchall()
    except DataError:
        _halved(scope, rtype, {key: conditions[key] for key in kept}, ids, found)
        return
    keys = list(kept)
    for record_id, numbers in rows:
        found.fulfilled[record_id].update(keys[n] for n in numbers)


def _halved(scope: Scope, rtype: RecordType, conditions: dict[K, Any], ids: list[UUID], found: Matches[K]) -> None:
    """One of these cannot be worked out, say because a stored value is damaged: find it, answer the others."""
    if len(conditions) == 1:
        found.broken |= dict.fromkeys(conditions, Refused("bad_condition", _("This condition could not be checked.")))
        return
    items = list(conditions.items())
    for part in (items[: len(items) // 2], items[len(items) // 2 :]):
        _ask(scope, rtype, dict(part), ids, found)


@dataclass(frozen=True)
class _Shared:
    """A sub-condition of several: its SQL, how deep it was found to be good, how many parts it has."""

    sql: Sql
    depth: int
    parts: int


class _Together(Compiler):
    """Compiles many conditions into one statement over ``t``."""

    def __init__(self, scope: Scope, conditions: Iterable[Any]) -> None:
        super().__init__(scope, "t")
        self.tables: dict[str, Sql] = {}  # LEFT JOINs, by the alias of what they join
        self._behind: dict[tuple[str, str], str] = {}
        self._asked: Counter[bytes] = Counter()
        self._shared: dict[bytes, _Shared] = {}
        self.columns: list[Sql] = []
        for json in conditions:
            self._count(json)

    def one(self, rtype: RecordType, json: Any) -> Sql:
        """One of the conditions."""
        self.parts = 0
        return self.condition(rtype, json, "t")

    def condition(self, rtype: RecordType, json: Any, alias: str, depth: int = 0) -> Sql:
        """As alone; what other conditions ask too is compiled once, and worked out once where it asks other rows."""
        key = _key(json) if alias == "t" else None
        if key is None or self._asked[key] < 2:
            return super().condition(rtype, json, alias, depth)
        known = self._shared.get(key)
        if known is not None and depth <= known.depth:
            self.count(depth, known.parts)
            return known.sql
        before = self.parts
        made = super().condition(rtype, json, alias, depth)  # also where it is known: it may lie too deep here
        known = _Shared(known.sql if known else self._once(made), depth, self.parts - before)
        self._shared[key] = known
        return known.sql

    def _once(self, made: Sql) -> Sql:
        if "SELECT" not in made.text or len(self.columns) >= MOST_SHARED:
            return made
        self.columns.append(made)
        return Sql(f"shared.s{len(self.columns) - 1}")

    def joined(self, target: RecordType, kind: Link | Links, alias: str) -> str | None:
        """A link has one target at most, so joining it keeps the rows as they are; many links are asked apart."""
        if not isinstance(kind, Link) or (alias != "t" and alias not in self.tables):
            return None
        known = self._behind.get((alias, kind.name))
        if known is None:
            known = self._behind[(alias, kind.name)] = self.alias()
            tenant = Sql(f"{known}.tenant_id = %s", (self.scope.tenant,))
            parts = [tenant, joins(kind, alias, known), target.base(known) or TRUE, self.scope.restrict(target, known)]
            inside = both(parts)
            self.tables[known] = Sql(f"LEFT JOIN {target.table} {known} ON {inside.text}", inside.params)
        return known

    def statement(self, rtype: RecordType, conditions: list[Sql], ids: list[UUID]) -> Sql:
        """Rows of an id and the numbers of the conditions that it fulfils."""
        numbers = comma([Sql(f"CASE WHEN {c.text} THEN {n} END", c.params) for n, c in enumerate(conditions)])
        tables = [Sql(f"{rtype.table} t"), *self.tables.values()]
        if self.columns:
            columns = comma([Sql(f"({c.text}) IS TRUE AS s{n}", c.params) for n, c in enumerate(self.columns)])
            tables.append(Sql(f"CROSS JOIN LATERAL (SELECT {columns.text} OFFSET 0) shared", columns.params))
        source = comma(tables, " ")
        where = both([
            Sql("t.tenant_id = %s AND t.id = ANY(%s) AND t.archived_at IS NULL", (self.scope.tenant, ids)),
            rtype.base("t") or TRUE, self.scope.restrict(rtype, "t"),
        ])  # fmt: skip
        return Sql(
            f"SELECT t.id, array_remove(ARRAY[{numbers.text}]::int[], NULL) FROM {source.text} WHERE {where.text}",
            (*numbers.params, *source.params, *where.params),
        )

    def _count(self, json: Any) -> None:
        if (key := _key(json)) is not None:
            self._asked[key] += 1
        elif isinstance(json, dict):
            inner = json.get("all") or json.get("any") or json.get("not")
            for part in inner if isinstance(inner, list) else [inner]:
                self._count(part)


def _key(json: Any) -> bytes | None:
    """What sub-conditions are equal by that hold no others beside each other."""
    if not isinstance(json, dict) or "all" in json or "any" in json or "not" in json:
        return None
    try:
        return orjson.dumps(json, option=orjson.OPT_SORT_KEYS, default=str)
    except TypeError:
        return None


__all__ = ["Matches", "matching"]
