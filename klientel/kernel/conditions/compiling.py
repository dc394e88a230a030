"""Conditions: the one way to say *which*. JSON in, SQL out, and only ever SQL, also for a single record.

Fails closed: an unknown field, operator or type is refused. ``any: []`` is nothing, ``all: []`` is all. Every hop of a
path, every ``has`` and ``happened`` adds what the scope may see, so that a hidden field or record cannot be guessed at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.conditions.operators import OPERATORS, Operator, positive, value_of
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.kinds import Choices, Entries, Kind, Link, Links, today
from klientel.kernel.records import RecordType, Reverse, aliases, all_types, reverses, type_of
from klientel.kernel.sql import FALSE, TRUE, Sql, among, both, either, loaded
from klientel.kernel.tenancy import current

MOST_PARTS = 200
MOST_DEPTH = 12
#: types with so few records that those a path leads to are best looked up once, before the rows are walked
FEW = ("kernel.member",)


class Scope(Protocol):
    """Under whose eyes a condition is compiled."""

    tenant: UUID
    me: UUID | None
    teams: tuple[UUID, ...]

    def visible(self, rtype: RecordType) -> dict[str, Kind]:
        """The fields that may be asked about."""
        ...

    def restrict(self, rtype: RecordType, alias: str) -> Sql:
        """Which records may be seen."""
        ...

    def reads(self, key: str, name: str) -> bool:
        """Whether a stored field of a type may be read by way of a computed field."""
        ...


class SystemScope:
    """Sees everything in one tenant: for grants themselves and for the kernel's own questions."""

    def __init__(
        self, tenant: UUID, me: UUID | None = None, teams: tuple[UUID, ...] = (), viewer: Scope | None = None
    ) -> None:
        self.tenant, self.me, self.teams, self.viewer = tenant, me, teams, viewer

    def visible(self, rtype: RecordType) -> dict[str, Kind]:
        """Every field."""
        fields = rtype.fields
        if not any(k.computed for k in fields.values()):
            return fields
        return seen[0](self, rtype, {n: k for n, k in fields.items() if not k.computed}, fields)

    def reads(self, key: str, name: str) -> bool:
        """Every field."""
        return True

    def restrict(self, rtype: RecordType, alias: str) -> Sql:
        """Every record."""
        return TRUE


#: makes computed fields readable under a scope (computing.py)
seen: list[Callable[..., dict[str, Kind]]] = []


class Past(Protocol):
    """An instant that is asked about instead of now."""

    at: dt.datetime

    def source(self, rtype: RecordType) -> Sql:
        """What stands after FROM: the rows of a type as they were then, those that the asker may see today."""
        ...


class Compiler:
    """Compiles conditions over ``alias``. What it names itself begins with that alias: a grant that is compiled over
    one of its inner tables, by a compiler of its own, cannot take the same name for another table."""

    def __init__(self, scope: Scope, alias: str, past: Past | None = None) -> None:
        self.scope, self.prefix, self.past, self.parts, self.aliases = scope, alias, past, 0, 0

    def alias(self) -> str:
        """A name for one more table."""
        self.aliases += 1
        return f"{self.prefix}c{self.aliases}"

    def count(self, depth: int, parts: int = 1) -> None:
        """Refuse what is too large to be worked out."""
        self.parts += parts
        if depth > MOST_DEPTH or self.parts > MOST_PARTS:
            raise Refused("too_complex", _("This condition is too large."))

    def condition(self, rtype: RecordType, json: Any, alias: str, depth: int = 0) -> Sql:
        """One condition, or a part of one."""
        self.count(depth)
        match json:
            case {"all": list(parts), **rest} if not rest:
                return both([self.condition(rtype, p, alias, depth + 1) for p in parts])
            case {"any": list(parts), **rest} if not rest:
                return either([self.condition(rtype, p, alias, depth + 1) for p in parts])
            case {"not": dict(part), **rest} if not rest:
                return ~self.condition(rtype, part, alias, depth + 1)
            case {"field": str(path), "op": str(op), **rest} if set(rest) <= {"value"}:
                return self.clause(rtype, path, op, json.get("value"), alias)
            case {"has": str(name), **rest} if set(rest) <= {"where", "times"}:
                return self.has(rtype, name, json.get("where") or {"all": []}, json.get("times"), alias, depth)
            case {"happened": str(kind), **rest} if set(rest) <= {"within", "times"}:
                return self.happened(kind, json.get("within"), json.get("times"), alias)
            case {"seen": str(name), **rest} if not rest:
                return self.seen(rtype, name, alias)
            case {"in": str(name), **rest} if not rest:
                return self.inside(rtype, name, alias, depth)
            case {"id": list(ids), **rest} if not rest and all(isinstance(i, str) for i in ids):
                return aliases.among(alias, self.scope.tenant, [_uuid(i) for i in ids]) if ids else FALSE
        raise Refused("bad_condition", _("This is not a condition we understand."))

    def clause(self, rtype: RecordType, path: str, op: str, value: Any, alias: str) -> Sql:
        operator = OPERATORS.get(op)
        if operator is None:
            raise Refused("bad_operator", _("There is no such comparison."), path)
        if operator.of:
            return ~self.walk(rtype, path.split("."), positive(operator), op, value, alias)
        return self.walk(rtype, path.split("."), operator, op, value, alias)

    def walk(self, rtype: RecordType, path: list[str], operator: Operator, op: str, value: Any, alias: str) -> Sql:
        kind = self.field(rtype, path[0])
        if len(path) == 1:
            if op not in kind.operators or operator.sql is None:
                raise Refused("bad_operator", _("This field cannot be compared like that."), path[0])
            return operator.sql(kind, alias, value_of(kind, operator, value, self.resolve))
        if not isinstance(kind, Link | Links) or kind.to == "*" or len(path) > 5:
            raise Refused("no_such_field", _("There is no such field."), ".".join(path))
        target = type_of(kind.to)
        there = self.joined(target, kind, alias)  # before its name is used
        inner = there or self.alias()
        rest = self.walk(target, path[1:], operator, op, value, inner)
        wanted = ~rest if operator.key == "empty" else rest  # nothing there is empty too
        if there is not None:
            found = both([Sql(f"{inner}.id IS NOT NULL"), wanted])
        elif isinstance(kind, Link) and not kind.custom and target.key in FEW:
            those = self.rows_where(target, inner, wanted)
            ids = Sql(f"ARRAY(SELECT {inner}.id {those.text})", those.params)
            found = among(kind.sql(alias).text, ids)
        else:
            those = self.rows_where(target, inner, both([joins(kind, alias, inner), wanted]))
            found = Sql(f"EXISTS (SELECT 1 {those.text})", those.params)
        return ~found if operator.key == "empty" else found

    def joined(self, target: RecordType, kind: Link | Links, alias: str) -> str | None:
        """The alias under which what this link leads to is joined to the statement already; here nothing is."""
        return None

    def field(self, rtype: RecordType, name: str) -> Kind:
        kind = self.scope.visible(rtype).get(name)
        if kind is None:
            raise Refused("no_such_field", _("There is no such field."), name)
        if kind.computed and self.past is not None:
            raise Refused("not_then", _("What is worked out from other fields is not known of the past."), name)
        return kind

    def rows_where(self, target: RecordType, alias: str, where: Sql, *, alive: bool = False) -> Sql:
        """FROM and WHERE of the rows of a type that may be seen and that a test selects."""
        parts = [Sql(f"{alias}.tenant_id = %s", (self.scope.tenant,))]
        if (base := target.base(alias)) is not None:
            parts.append(base)
        if alive:
            parts.append(Sql(f"{alias}.archived_at IS NULL"))
        source, limit = self.rows(target, alias)
        inside = both([*parts, limit, where])
        return Sql(f"FROM {source.text} {alias} WHERE {inside.text}", (*source.params, *inside.params))

    def rows(self, target: RecordType, alias: str) -> tuple[Sql, Sql]:
        """The rows of a type, now or then, and the limit to those that may be seen."""
        if self.past is not None:
            return self.past.source(target), TRUE
        return Sql(target.table), self.scope.restrict(target, alias)

    def has(self, rtype: RecordType, name: str, where: Any, times: Any, alias: str, depth: int) -> Sql:
        reverse = reverses(rtype).get(name)
        if reverse is None or reverse.field not in self.scope.visible(reverse.source):
            raise Refused("no_such_relation", _("There are no such related records."), name)
        inner = self.alias()
        test = self.condition(reverse.source, where, inner, depth + 1)
        join = _joins_back(reverse, alias, inner)
        those = self.rows_where(reverse.source, inner, both([join, test]), alive=True)
        if times is None and isinstance(reverse.source.fields[reverse.field], Links) and self.past is None:
            times = {"over": 0}  # for a first row the planner would go through all, see :mod:`.declared`
        if times is None:
            return Sql(f"EXISTS (SELECT 1 {those.text})", those.params)
        return _counted(f"SELECT count(*) {those.text}", those.params, times)

    def seen(self, rtype: RecordType, name: str, alias: str) -> Sql:
        """Belongs to a record that the viewer may see: so a note follows the person it is about.

        Only types that follow nothing themselves count as such records, which also ends the chain.
        """
        kind = self.field(rtype, name)
        if not isinstance(kind, Link | Links) or self.past is not None:
            raise Refused("bad_operator", _("This field cannot be compared like that."), name)
        viewer = getattr(self.scope, "viewer", None) or self.scope
        targets = [t for t in all_types() if is_anchor(t)] if kind.to == "*" else [type_of(kind.to)]
        parts: list[Sql] = []
        for target in targets:
            limit = viewer.restrict(target, inner := self.alias())
            if limit is not FALSE:
                tenant = Sql(f"{inner}.tenant_id = %s", (self.scope.tenant,))
                inside = both([tenant, joins(kind, alias, inner), target.base(inner) or TRUE, limit])
                parts.append(Sql(f"EXISTS (SELECT 1 FROM {target.table} {inner} WHERE {inside.text})", inside.params))
        return either(parts)

    def happened(self, kind: str, within: Any, times: Any, alias: str) -> Sql:
        since = ""
        params: list[Any] = []
        if within is not None:
            days = within.get("days") if isinstance(within, dict) and set(within) == {"days"} else None
            if isinstance(days, bool) or not isinstance(days, int) or not 0 < days <= 36_600:
                raise Refused("bad_value", _("Please enter a number of days."), "within")
            since, params = f" AND a.at >= {self.moment()} - make_interval(days => %s)", [days]
            params = [self.past.at, *params] if self.past is not None else params
        if self.past is not None:
            since, params = f"{since} AND a.at <= %s", [*params, self.past.at]
        source = (  # a row without its kind is an old one that the backfill has not reached
            f"FROM kernel_about a WHERE a.tenant_id = %s AND a.record_id = {alias}.id AND a.kind = ANY(%s){since}"
            " AND (a.kind <> '' OR EXISTS (SELECT 1 FROM kernel_event e WHERE e.id = a.event_id AND e.kind = %s))"
        )
        values = (self.scope.tenant, [kind, ""], *params, kind)
        if times is None:
            return Sql(f"EXISTS (SELECT 1 {source})", values)
        return _counted(f"SELECT count(*) {source}", values, times)

    def moment(self) -> str:
        """The instant that is asked about, in SQL."""
        return "%s" if self.past is not None else "now()"

    def inside(self, rtype: RecordType, name: str, alias: str, depth: int) -> Sql:
        """In a saved condition of the same type (``view:…``); one that leads back to itself ends at the depth."""
        known = saved(name)
        if known is None or known.record_type != rtype.key:
            raise Refused("no_such_view", _("There is no such saved view."), "in")
        return self.condition(rtype, known.condition or {"all": []}, alias, depth + 1)

    def resolve(self, kind: Kind, value: Any) -> Any:
        match value:
            case {"me": True, **rest} if not rest and isinstance(kind, Link | Links):
                return self.scope.me or UUID(int=0)
            case {"my_teams": True, **rest} if not rest and isinstance(kind, Link | Links):
                return list(self.scope.teams) or [UUID(int=0)]
            case {"days_ago": int(days), **rest} if not rest and kind.db_type_name in ("date", "timestamptz"):
                return kind.accept((today() - dt.timedelta(days=days)).isoformat())
            case {"today": True, **rest} if not rest and kind.db_type_name in ("date", "timestamptz"):
                return kind.accept(today().isoformat())
        return accept_one(kind, value)


@dataclass(frozen=True)
class Saved:
    """A condition that was saved under a name."""

    record_type: str
    condition: Any
    title: str


def saved(name: str) -> Saved | None:
    """The living saved view behind ``view:…`` in the current tenant, or nothing."""
    what, _colon, text = name.partition(":")
    if what != "view":
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_type, condition, title FROM kernel_view"
            " WHERE tenant_id = %s AND id = %s AND archived_at IS NULL",
            [current(), _uuid(text)],
        )
        row = cursor.fetchone()
    return Saved(row[0], loaded(row[1]), row[2]) if row else None


def is_anchor(rtype: RecordType) -> bool:
    """Whether entries follow records of this type: it follows none itself."""
    return not rtype.system and all(k.to != "*" for k in rtype.links.values())


def accept_one(kind: Kind, value: Any) -> Any:
    """One value to compare a field with."""
    if isinstance(kind, Links):
        return _uuid(value)
    if isinstance(kind, Choices):
        return kind.take([value])[0]
    if isinstance(kind, Entries):
        if not isinstance(value, str) or "\x00" in value:
            raise Refused("bad_value", _("Please enter text to compare with."), kind.name)
        return value
    return kind.take(value)


def _uuid(value: Any) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise Refused("not_a_record", _("There is no such record.")) from None


def joins(kind: Link | Links, alias: str, inner: str) -> Sql:
    """The row ``inner`` is one that the link leads to."""
    x = kind.sql(alias)
    if isinstance(kind, Links):
        return Sql(f"{x.text} ? {inner}.id::text" if kind.custom else f"{inner}.id = ANY({x.text})", x.params)
    return Sql(f"{inner}.id = {x.text}", x.params)


def _joins_back(reverse: Reverse, alias: str, inner: str) -> Sql:
    kind = reverse.source.fields[reverse.field]
    x = kind.sql(inner)
    if isinstance(kind, Links):
        return Sql(f"{x.text} ? {alias}.id::text" if kind.custom else f"{x.text} @> ARRAY[{alias}.id]", x.params)
    return Sql(f"{x.text} = {alias}.id", x.params)


def _counted(text: str, params: tuple[Any, ...], times: Any) -> Sql:
    signs = {"over": ">", "under": "<", "is": "="}
    if not isinstance(times, dict) or len(times) != 1:
        raise Refused("bad_value", _("Please say how many times."), "times")
    [(how, number)] = times.items()
    if how not in signs or isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 10**6:
        raise Refused("bad_value", _("Please say how many times."), "times")
    return Sql(f"({text}) {signs[how]} %s", (*params, number))


def compile(  # noqa: A001
    rtype: RecordType, json: Any, scope: Scope, alias: str, past: Past | None = None
) -> Sql:
    """The condition as SQL over ``alias``, a row of the type's table. :class:`Refused` where it is not understood.

    With ``past`` it asks about that instant: related records as they were then, what had happened by then.
    """
    try:
        return Compiler(scope, alias, past).condition(rtype, json, alias)
    except OverflowError:  # a day beyond the calendar
        raise Refused("bad_value", _("Please enter a value to compare with.")) from None


def check(rtype: RecordType, json: Any, scope: Scope) -> None:
    """Refuse a condition that does not compile under this scope."""
    try:
        compile(rtype, json, scope, "t")
    except Missing as no:
        raise Refused(no.code, no.message, no.field) from None
