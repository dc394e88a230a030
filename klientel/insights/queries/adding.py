"""Sums over records by dimensions: one statement, under the rights of who asks, every number with its condition.

What somebody may not see is in no sum; a field that is hidden can be neither measured nor asked by. The condition of a
number is the one that a list understands, so that the list behind it holds exactly the records that were counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.insights.queries.kept import CURRENCY, Kept, kept_of
from klientel.insights.queries.rates import converted
from klientel.kernel.access import ActorScope
from klientel.kernel.access.granting import allowed
from klientel.kernel.access.reading import names_by_type, which
from klientel.kernel.conditions import compile as compile_condition
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Kind, Link, zone
from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import TRUE, Sql, both, comma
from klientel.lib.dates import add_months

MONTHS = {"month": 1, "quarter": 3, "year": 12}
MOST = 2000


@dataclass(frozen=True)
class By:
    """A dimension: a field, or one behind a link (``organisation.industry``); of days, the month, quarter or year."""

    path: str
    bucket: str = ""


@dataclass(frozen=True)
class Measure:
    """What is worked out of the records of a group.

    ``how``: ``count``; ``total`` of a money field in our currency, weighed by a per cent field where one is named, by
    the rate of ``day`` (a date field; without one of today); ``mean`` of an expression over ``t``, whose fields are
    named in ``needs``. ``where`` narrows to some of the records.
    """

    key: str
    how: str = "count"
    field: str = ""
    weight: str = ""
    day: str = ""
    expression: Sql | None = None
    needs: tuple[str, ...] = ()
    where: Any = None

    @property
    def asks(self) -> tuple[str, ...]:
        """The fields that must be visible."""
        return tuple(n for n in (self.field, self.weight, self.day, *self.needs) if n)


@dataclass
class Group:
    """Keys of the dimensions and the values of the measures, by name; amounts are not rounded."""

    keys: tuple[Any, ...]
    values: dict[str, Any]


@dataclass
class Added:
    """The groups, the names of records that are keys, and what could not be converted: amounts by currency."""

    rtype: RecordType
    by: tuple[By, ...]
    where: Any
    groups: list[Group]
    names: dict[UUID, str] = field(default_factory=dict)
    apart: dict[str, Decimal] = field(default_factory=dict)

    def condition(self, keys: Sequence[Any], more: Any = None) -> Any:
        """Which records stand behind a group; ``more`` is the condition of a measure."""
        own = [condition_of(self.rtype, one, key) for one, key in zip(self.by, keys, strict=False)]
        return {"all": [part for part in (self.where, *own, more) if part]}


def added_up(
    scope: ActorScope, rtype: RecordType, *, by: Sequence[By] = (), measures: Sequence[Measure], where: Any = None
) -> Added:
    """Groups in the order of their keys. Measures of hidden fields are left out; a dimension that is hidden refuses."""
    visible = scope.visible(rtype)
    some = [m for m in measures if all(n in visible for n in m.asks)]
    dimensions = [_dimension(scope, rtype, one, f"d{n}") for n, one in enumerate(by)]
    for source in (*_kept(scope, rtype, by, some, where), Source(scope, rtype, which(scope, rtype, where))):
        rows = _rows(source, dimensions, some)
        if rows is not None:
            break
    n, keys = len(by), [m.key for m in some]
    groups = [Group(row[:n], dict(zip(keys, row[n:], strict=False))) for row in rows or ()]
    made = Added(rtype, tuple(by), where, groups)
    made.names = _names(scope, rtype, by, groups)
    if any(m.how == "total" for m in some) and any(row[-2] for row in rows or ()):
        made.apart = _apart(source, next(m for m in some if m.how == "total"))
    return made


def _rows(source: Source, dimensions: Sequence[tuple[Sql, Sql]], some: Sequence[Measure]) -> list[Any] | None:
    """Keys, values, how many amounts are of another currency; None where the source cannot be trusted."""
    picked = comma([*(d for _join, d in dimensions), *(source.value(m) for m in some), source.foreign(some),
                    source.stale])  # fmt: skip
    joins = comma([join for join, _d in dimensions if join.text], " ")
    places = ", ".join(str(n + 1) for n in range(len(dimensions)))
    group = f" GROUP BY {places} {source.having} ORDER BY {places} LIMIT {MOST}" if dimensions else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {picked.text} FROM {source.table} t {joins.text} WHERE {source.inside.text}{group}",
            [*picked.params, *joins.params, *source.inside.params],
        )
        rows = cursor.fetchall()
    return None if source.doubtful and (not rows or any(row[-1] for row in rows)) else rows


class Source:
    """The records themselves, that measures are worked out of."""

    having, doubtful, stale = "", False, Sql("false")

    def __init__(self, scope: ActorScope, rtype: RecordType, inside: Sql) -> None:
        self.scope, self.rtype, self.inside, self.table = scope, rtype, inside, rtype.table
        self.visible = scope.visible(rtype)

    def number(self, narrowed: Sql) -> Sql:
        """How many records."""
        return Sql(f"count(*){narrowed.text}", narrowed.params)

    def total(self, measure: Measure) -> Sql:
        """An amount in our currency, weighed."""
        worth = self.worth(measure)
        if not measure.weight:
            return worth
        share = self.visible[measure.weight].sql("t")
        return Sql(f"{worth.text} * coalesce({share.text}, 0) * 0.01", (*worth.params, *share.params))

    def worth(self, measure: Measure) -> Sql:
        """An amount in our currency, or NULL."""
        return worth_of(self.visible[measure.field], self.visible[measure.day] if measure.day else None)

    def money(self, measure: Measure) -> tuple[Sql, Sql]:
        """An amount and its currency as they are."""
        money = self.visible[measure.field].sql("t")
        return Sql(f"({money.text}->>'amount')::numeric", money.params), Sql(f"{money.text}->>'currency'", money.params)

    def value(self, measure: Measure) -> Sql:
        """What a measure comes to in a group."""
        narrowed = Sql("")
        if measure.where:
            test = compile_condition(self.rtype, measure.where, self.scope, "t")
            narrowed = Sql(f" FILTER (WHERE {test.text})", test.params)
        if measure.how == "count":
            return self.number(narrowed)
        if measure.how == "total":
            worth = self.total(measure)
            return Sql(f"coalesce(sum({worth.text}){narrowed.text}, 0)", (*worth.params, *narrowed.params))
        assert measure.expression is not None
        x = measure.expression
        return Sql(f"avg({x.text}){narrowed.text}", (*x.params, *narrowed.params))

    def foreign(self, some: Sequence[Measure]) -> Sql:
        """How many amounts are of another currency: only where there are any it is asked which have no rate."""
        measure = next((m for m in some if m.how == "total"), None)
        if measure is None:
            return Sql("0")
        _amount, currency = self.money(measure)
        return self.number(Sql(f" FILTER (WHERE {currency.text} <> %s)", (*currency.params, currency_of_tenant())))


class Ready(Source):
    """Sums that are kept ready: a row of them stands for many records."""

    having, doubtful = "HAVING sum(t.n) <> 0", True

    def __init__(self, scope: ActorScope, rtype: RecordType, inside: Sql, kept: Kept) -> None:
        super().__init__(scope, rtype, inside)
        self.kept, self.table, self.stale = kept, kept.table, kept.stale(scope)

    def number(self, narrowed: Sql) -> Sql:
        """How many records."""
        return Sql(f"coalesce(sum(t.n){narrowed.text}, 0)::bigint", narrowed.params)

    def total(self, measure: Measure) -> Sql:
        """An amount in our currency, weighed when it was added up."""
        return self.kept.worth(measure.field, measure.weight, measure.day)

    def worth(self, measure: Measure) -> Sql:
        """An amount in our currency, or NULL."""
        return self.kept.worth(measure.field, "", measure.day)

    def money(self, measure: Measure) -> tuple[Sql, Sql]:
        """An amount and its currency as they are."""
        return Sql(f"t.{self.kept.totals[measure.field, '', measure.day]}"), CURRENCY


def _kept(
    scope: ActorScope, rtype: RecordType, by: Sequence[By], some: Sequence[Measure], where: Any
) -> Iterator[Ready]:
    """The sums that are kept ready and can answer this."""
    for kept in kept_of(rtype):
        if not all(kept.groups(one.path, one.bucket) for one in by):
            continue
        if not all(kept.gives(m.how, (m.field, m.weight, m.day)) and kept.tells(m.where or {"all": []}) for m in some):
            continue
        inside = kept.inside(scope, rtype, where)
        if inside is not None:
            yield Ready(scope, rtype, inside, kept)


def _dimension(scope: ActorScope, rtype: RecordType, by: By, alias: str) -> tuple[Sql, Sql]:
    """What to join and the expression to group by."""
    first, _dot, rest = by.path.partition(".")
    kind = _kind(scope, rtype, first)
    if not rest:
        return Sql(""), _bucket(kind, kind.sql("t"), by.bucket)
    if not isinstance(kind, Link) or kind.to == "*":
        raise Refused("no_such_field", _("There is no such field."), by.path)
    target = type_of(kind.to)
    inner, link = _kind(scope, target, rest), kind.sql("t")
    of_tenant = Sql(f"{alias}.tenant_id = %s", (scope.tenant,))
    seen = both([of_tenant, target.base(alias) or TRUE, allowed(scope, target, "view", alias)])
    join = Sql(
        f"LEFT JOIN {target.table} {alias} ON {alias}.id = {link.text} AND {seen.text}", (*link.params, *seen.params)
    )
    return join, _bucket(inner, inner.sql(alias), by.bucket)


def _kind(scope: ActorScope, rtype: RecordType, name: str) -> Kind:
    kind = scope.visible(rtype).get(name)
    if kind is None:
        raise Refused("no_such_field", _("There is no such field."), name)
    return kind


def _bucket(kind: Kind, inner: Sql, bucket: str) -> Sql:
    if not bucket:
        if kind.key == "text":  # as "is" compares
            return Sql(f"NULLIF(lower({inner.text}), '')", inner.params)
        return Sql(f"NULLIF({inner.text}, '')", inner.params) if kind.key == "choice" else inner
    if kind.db_type_name == "timestamptz":
        return Sql(f"date_trunc('{bucket}', {inner.text} AT TIME ZONE %s)::date", (*inner.params, zone().key))
    return Sql(f"date_trunc('{bucket}', {inner.text})::date", inner.params)


def worth_of(money: Kind, day: Kind | None, alias: str = "t") -> Sql:
    """What a money field of a row is worth in our currency, by the rate of a date field of it; else of today."""
    of_day = Sql("CURRENT_DATE") if day is None else Sql(f"coalesce({day.sql(alias).text}, CURRENT_DATE)")
    return converted(money.sql(alias), of_day)


def _apart(source: Source, measure: Measure) -> dict[str, Decimal]:
    worth, (amount, currency) = source.worth(measure), source.money(measure)
    text = (
        f"SELECT {currency.text}, trim_scale(sum({amount.text})) FROM {source.table} t WHERE {source.inside.text}"
        f" AND {currency.text} <> %s AND {worth.text} IS NULL GROUP BY 1 {source.having} ORDER BY 1"
    )
    with connection.cursor() as cursor:
        params = [*currency.params, *amount.params, *source.inside.params, *currency.params, currency_of_tenant()]
        cursor.execute(text, [*params, *worth.params])
        return dict(cursor.fetchall())


def _names(scope: ActorScope, rtype: RecordType, by: Sequence[By], groups: Iterable[Group]) -> dict[UUID, str]:
    wanted: dict[str, set[UUID]] = {}
    for n, one in enumerate(by):
        kind = kind_of(rtype, one.path)
        if isinstance(kind, Link):
            wanted.setdefault(kind.to, set()).update(g.keys[n] for g in groups if g.keys[n] is not None)
    return {i: name.title for i, name in names_by_type(scope, wanted).items()} if any(wanted.values()) else {}


def kind_of(rtype: RecordType, path: str) -> Kind:
    """The kind at the end of a path of at most two fields."""
    first, _dot, rest = path.partition(".")
    kind = rtype.fields[first]
    return type_of(kind.to).fields[rest] if rest and isinstance(kind, Link) else kind


def condition_of(rtype: RecordType, by: By, key: Any) -> Any:
    """Which records have this key."""
    kind = kind_of(rtype, by.path)
    if key is None:
        return {"field": by.path, "op": "empty"}
    if by.bucket:
        return days(kind, by.path, key, add_months(key, MONTHS[by.bucket]))
    return {"field": by.path, "op": "is", "value": kind.plain(key)}


def days(kind: Kind, path: str, first: dt.date, after: dt.date) -> Any:
    """From the first day to before the day ``after``, where the tenant is."""
    if kind.db_type_name == "timestamptz":
        begin = dt.datetime.combine(first, dt.time(), zone())
        end = dt.datetime.combine(after, dt.time(), zone()) - dt.timedelta(microseconds=1)
        return {"field": path, "op": "between", "value": [begin.isoformat(), end.isoformat()]}
    last = after - dt.timedelta(days=1)
    return {"field": path, "op": "between", "value": [first.isoformat(), last.isoformat()]}
