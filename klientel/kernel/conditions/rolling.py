"""Roll-ups: how many, how much, from when to when, over the records that lead to a record, or to its whole tree."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.conditions.compiling import Scope
from klientel.kernel.conditions.compiling import compile as compile_condition
from klientel.kernel.conditions.using import fields_of
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.kinds import Date, DateTime, Decimal, Kind, Link, Links, Money, Whole
from klientel.kernel.kinds.computed import computed
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql, both

#: how far down a tree is followed
DEEPEST = 20
WHATS = (
    ("count", _("number of records")),
    ("sum", _("sum")),
    ("min", _("smallest or earliest")),
    ("max", _("largest or latest")),
    ("avg", _("average")),
    ("latest", _("value of the newest record")),
)
COSTS = _("Worked out from other records: filtering and sorting by it takes longer the more records a list has.")


@dataclass(frozen=True)
class RollUp:
    """Over ``source`` records whose link ``by`` leads here: ``what`` of ``field``, where a condition holds."""

    source: str
    by: str
    what: str
    field: str
    where: Any
    tree: bool
    name: str

    @classmethod
    def of(cls, key: str, row: Any) -> RollUp:
        """From the row of a custom field; :class:`Refused` at the part that makes no sense."""
        source_key, _dot, by = row.roll_by.rpartition(".")
        try:
            source = type_of(source_key)
        except Missing:
            raise Refused("no_such_relation", _("There are no such related records."), "roll_by") from None
        link = source.static.get(by) or source.fields.get(by)
        if not isinstance(link, Link | Links) or link.to not in (key, "*"):
            raise Refused("no_such_relation", _("There are no such related records."), "roll_by")
        if row.roll_what not in dict(WHATS):
            raise Refused("bad_value", _("Please say what is to be worked out."), "roll_what")
        if row.roll_tree and not isinstance(type_of(key).static.get("parent"), Link):
            raise Refused("no_tree", _("These records do not form a tree."), "roll_tree")
        field = "" if row.roll_what == "count" else row.roll_field
        if row.roll_what != "count" and not field:
            raise Refused("required", _("Please say over which field."), "roll_field")
        return cls(source.key, by, row.roll_what, field, row.roll_where or None, row.roll_tree, row.name)

    def kind(self, over: Kind | None, facts: dict[str, Any]) -> Any:
        """The kind of the result."""
        made = computed(Whole, **facts) if self.what == "count" else self._over(over, facts)
        if self.tree:  # a walk down the tree for every row of a list: shown, not searched
            made.operators, made.sortable = (), False
        made.cost_note = COSTS
        return made

    def _over(self, over: Kind | None, facts: dict[str, Any]) -> Any:
        numbers, times = (Whole, Decimal, Money), (Date, DateTime)
        allowed: dict[str, tuple[type, ...]] = {"sum": numbers, "avg": numbers, "latest": (Kind,)}
        if over is None or not isinstance(over, allowed.get(self.what, (*numbers, *times))):
            raise Refused("bad_field", _("This cannot be worked out from that field."), "roll_field")
        base = next((t for t in type(over).__mro__ if t.__module__ != "klientel.kernel.kinds.computed"), type(over))
        if isinstance(over, Link | Links) or (base.__name__ in ("Emails", "Phones", "Addresses", "Json", "Options")):
            raise Refused("bad_field", _("This cannot be worked out from that field."), "roll_field")
        if self.what in ("sum", "avg") and isinstance(over, Whole):
            base = Whole if self.what == "sum" else Decimal
        made = computed(base, **facts)
        if hasattr(over, "of"):
            made.of, made.tones = copy.copy(over.of), getattr(over, "tones", {})
        return made

    def leaves(self) -> Iterator[tuple[str, str]]:
        """The fields it reads, by type."""
        yield self.source, self.by
        if self.field:
            yield self.source, self.field
        if self.where:
            yield from fields_of(type_of(self.source), self.where)

    def sql(self, scope: Scope, rtype: Any, alias: str) -> Sql:
        """Its value over ``alias``, under the eyes of the scope."""
        source, inner, below = type_of(self.source), f"r_{self.name}", f"b_{self.name}"
        link = scope.visible(source)[self.by].sql(inner)
        custom = scope.visible(source)[self.by].custom
        many = isinstance(source.fields[self.by], Links)
        here = f"{below}.id" if self.tree else f"{alias}.id"
        on = f"{link.text} = {here}"
        if many:
            on = f"{link.text} ? {here}::text" if custom else f"{link.text} @> ARRAY[{here}]"
        parts = [
            Sql(f"{inner}.tenant_id = %s AND {inner}.archived_at IS NULL", (scope.tenant,)),
            Sql(on, link.params),
            source.base(inner),
            scope.restrict(source, inner),
            compile_condition(source, self.where, scope, inner) if self.where else None,
        ]
        inside = both([p for p in parts if p is not None])
        picked, order = self.picked(scope, source, inner)
        if not self.tree:
            rows = f"{source.table} {inner} WHERE {inside.text}"
            if many:  # else the least of a column is looked for along its index, see :mod:`.declared`
                rows = f"(SELECT * FROM {source.table} {inner} WHERE {inside.text} OFFSET 0) {inner}"
            text = f"(SELECT {picked.text} FROM {rows}{order})"
            return Sql(text, (*picked.params, *inside.params))
        start = self.below(scope, rtype, alias)
        rows = f"{below} CROSS JOIN LATERAL (SELECT * FROM {source.table} {inner} WHERE {inside.text} OFFSET 0) {inner}"
        text = f"({start.text} SELECT {picked.text} FROM {rows}{order})"
        return Sql(text, (*start.params, *picked.params, *inside.params))

    def below(self, scope: Scope, rtype: Any, alias: str) -> Sql:
        """The record and all below it. ``OFFSET 0`` makes the planner look up each one's children by the index, which
        it would not do because it cannot know that a tree has few of them.
        """
        below, part = f"b_{self.name}", f"p_{self.name}"
        limit = scope.restrict(rtype, part)
        return Sql(
            f"WITH RECURSIVE {below} AS (SELECT {alias}.id AS id, 0 AS n UNION ALL SELECT {part}.id, n + 1 FROM {below}"
            f" CROSS JOIN LATERAL (SELECT {part}.id FROM {rtype.table} {part} WHERE {part}.parent = {below}.id"
            f" AND {part}.tenant_id = %s AND {part}.archived_at IS NULL AND {limit.text} OFFSET 0) {part}"
            f" WHERE n < {DEEPEST})",
            (scope.tenant, *limit.params),
        )

    def picked(self, scope: Scope, source: Any, inner: str) -> tuple[Sql, str]:
        """What is worked out, and in which order the newest comes first."""
        if self.what == "count":
            return Sql("count(*)"), ""
        kind = scope.visible(source)[self.field]
        x = kind.sql(inner)
        if self.what == "latest":
            return x, f" ORDER BY {inner}.created_at DESC, {inner}.id DESC LIMIT 1"
        if isinstance(kind, Money):
            return _money(self.what, x), ""
        if isinstance(kind, Date | DateTime):
            return Sql(f"{self.what}({x.text})", x.params), ""
        cast = "::bigint" if isinstance(kind, Whole) and self.what == "sum" else ""
        return Sql(f"kernel_bounded({self.what}({x.text})::numeric){cast}", x.params), ""


def _money(what: str, x: Sql) -> Sql:
    """An amount with its currency; nothing where the records have several currencies, which cannot be added up."""
    amount, currency = f"({x.text}->>'amount')::numeric", f"({x.text}->>'currency')"
    return Sql(
        f"CASE WHEN count(DISTINCT {currency}) = 1 THEN jsonb_build_object("
        f"'amount', to_char(kernel_bounded({what}({amount})), 'FM9999999999999999990.00'),"
        f" 'currency', min({currency})) END",
        x.params * 3,
    )
