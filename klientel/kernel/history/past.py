"""The time machine: records as they were at an instant, seen under today's rights.

The past is made from now: whatever changed since is rolled back by the old values that its events keep, in SQL and for
all records of a type at once. What was made since is not there, what was put into the trash since is. Values of erased
persons are gone from the past too.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import reading
from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.access.ordering import Order, Sort, decode, encode, order_of
from klientel.kernel.conditions import compile as compile_condition
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.events import read
from klientel.kernel.kinds import looking_at, today, zone
from klientel.kernel.records import RecordType
from klientel.kernel.sql import TRUE, Sql, both, comma
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7_at

MOST = 1000
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
SLACK = dt.timedelta(days=1)  # ids may be a little older than what they name

_SINCE = """{name} AS MATERIALIZED (
 SELECT record_id, jsonb_object_agg(key, old ORDER BY id DESC) AS was,
        jsonb_object_agg(key, old ORDER BY id DESC) FILTER (WHERE key = ANY(%s)) AS own,
        array_agg(DISTINCT key) FILTER (WHERE erased) AS erased
 FROM (SELECT e.record_id, e.id, f.key, f.old, f.erased
       FROM kernel_event e LEFT JOIN kernel_event_private p ON p.event_id = e.id AND p.event_id >= %s
       CROSS JOIN LATERAL (
         SELECT key, value -> 0 AS old, false AS erased
         FROM jsonb_each(e.changes || coalesce(p.changes, '{{}}') || coalesce(p.was, '{{}}'))
         UNION ALL
         SELECT x, NULL, true FROM unnest(e.fields) x WHERE p.event_id IS NULL AND x = ANY(%s)) f
       WHERE e.tenant_id = %s AND e.record_type = %s AND e.id >= %s AND e.at > %s
         AND NOT e.parameters @> '{{"new": true}}' AND (%s::uuid[] IS NULL OR e.record_id = ANY(%s))) x
 GROUP BY record_id)"""

_OWN = """ || jsonb_build_object('extra', (n.extra - coalesce(ARRAY(SELECT jsonb_object_keys(s.own)), '{}'))
 || coalesce((SELECT jsonb_object_agg(key, value) FROM jsonb_each(s.own)
              WHERE value NOT IN ('null', '""', '[]', '{}')), '{}'))"""

_CHANGED_AT = """ || jsonb_build_object('changed_at', coalesce((
 SELECT max(e.at) FROM kernel_about a JOIN kernel_event e ON e.id = a.event_id AND e.record_id = a.record_id
 WHERE a.tenant_id = n.tenant_id AND a.record_id = n.id AND a.at <= %s AND e.fields <> '{}'), n.created_at))"""


@dataclass
class Then:
    """An instant to look at, for one asker; collects the rolled-back tables that a statement needs."""

    scope: ActorScope
    at: dt.datetime
    with_changed_at: bool = False
    only: list[UUID] | None = None  # where only some records are looked at
    ctes: dict[str, Sql] = field(default_factory=dict)

    def since(self, rtype: RecordType) -> str:
        """The name of the table of what changed since, by record: its old values."""
        name = f"since_{len(self.ctes)}"
        found = next((known for known in self.ctes if known.endswith(f" {rtype.key}")), None)
        if found is not None:
            return found.split(" ")[0]
        own = _own(rtype)
        first = uuid7_at(max(self.at, EARLIEST))
        told: list[Any] = [own, first, rtype.personal_fields(), self.scope.tenant, rtype.key, first, self.at]
        params = (*told, self.only, self.only)
        self.ctes[f"{name} {rtype.key}"] = Sql(_SINCE.format(name=name), params)
        return name

    def source(self, rtype: RecordType) -> Sql:
        """All rows of a type as they were then, those the asker may see today: what stands after FROM."""
        since = self.since(rtype)
        same, then = self.unchanged(rtype, since), self.changed(rtype, since)
        text = f"(SELECT t.* FROM {same[0].text} WHERE {same[1].text} UNION ALL SELECT t.* FROM {then[0].text}"
        params = (*same[0].params, *same[1].params, *then[0].params, *then[1].params)
        return Sql(f"{text} WHERE {then[1].text})", params)

    def unchanged(self, rtype: RecordType, since: str) -> tuple[Sql, Sql]:
        """FROM and WHERE of the rows, ``t``, that are as they were."""
        untouched = Sql(f"NOT EXISTS (SELECT 1 FROM {since} s WHERE s.record_id = t.id)")
        return Sql(f"{rtype.table} t"), both([*self._seen(rtype, "t"), untouched])

    def changed(self, rtype: RecordType, since: str) -> tuple[Sql, Sql]:
        """FROM and WHERE of the rows, ``t``, rolled back; ``n`` is the row as it is now, ``s`` what changed."""
        values, params = "s.was", list[Any]()
        if _own(rtype):
            values += f" || CASE WHEN s.own IS NULL THEN '{{}}' ELSE '{{}}'::jsonb{_OWN} END"
        if self.with_changed_at:
            values, params = values + _CHANGED_AT, [self.at]
        text = (
            f"{since} s JOIN {rtype.table} n ON n.id = s.record_id"
            f" CROSS JOIN LATERAL jsonb_populate_record(n, {values}) t"
        )
        return Sql(text, tuple(params)), both(self._seen(rtype, "n"))

    def made(self, rtype: RecordType) -> Sql:
        """WHERE of the rows, ``n``, that were made since; the asker sees them."""
        first = uuid7_at(self.at - SLACK)
        since = Sql("n.tenant_id = %s AND n.created_at > %s AND n.id >= %s", (self.scope.tenant, self.at, first))
        return both([since, rtype.base("n") or TRUE, allowed(self.scope, rtype, "view", "n")])

    def _seen(self, rtype: RecordType, alias: str) -> list[Sql]:
        parts = [Sql(f"{alias}.tenant_id = %s AND {alias}.created_at <= %s", (self.scope.tenant, self.at))]
        return [*parts, rtype.base(alias) or TRUE, allowed(self.scope, rtype, "view", alias)]

    def condition(self, rtype: RecordType, where: Any, alias: str = "t") -> Sql:
        """A condition about then; "today" in it is that day."""
        if not where:
            return TRUE
        with looking_at(self.at.astimezone(zone()).date()):
            return compile_condition(rtype, where, self.scope, alias, self)

    def begun(self) -> Sql:
        """WITH and the tables collected so far."""
        made = comma(self.ctes.values())
        return Sql(f"WITH {made.text} ", made.params) if self.ctes else Sql("")


def _own(rtype: RecordType) -> list[str]:
    """The fields of a tenant's own; what is worked out when read has no past of its own."""
    return [name for name, kind in rtype.fields.items() if kind.custom and not kind.computed]


@dataclass
class PastPage:
    """Records of a list of the past as they were, not saved anywhere, and the cursors beside them."""

    rows: list[Any]
    after: str | None
    before: str | None
    erased: dict[UUID, list[str]]  # fields whose values then were erased


def instant(text: str) -> dt.datetime:
    """The instant of an address (``2026-10-31``: the end of that day; ``2026-10-31T12:00``), where the tenant is.

    Refuses what is no instant, and what lies ahead.
    """
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Refused("bad_value", _no_date(), "as_of") from None
    if "T" not in text and " " not in text:
        at = dt.datetime.combine(at.date(), dt.time(23, 59, 59, 999999))
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone())
    now = dt.datetime.now(dt.UTC)
    if not at >= EARLIEST:
        raise Refused("bad_value", _no_date(), "as_of")
    return min(at, now)


def monday() -> dt.date:
    """The last Monday that is over, where the tenant is: on a Monday, the one a week before."""
    return today() - dt.timedelta(days=today().weekday() or 7)


def _no_date() -> Any:
    return _("Please enter a date of the past.")


def select(
    scope: ActorScope,
    rtype: RecordType,
    at: dt.datetime,
    *,
    where: Any = None,
    columns: tuple[str, ...] = (),
    sort: Sort | str = "title",
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> PastPage:
    """One page of a list as it was: records that were alive, as the condition chose them then.

    Who may see what is decided as of today: grants look at the records as they are now. Raises :class:`Refused` as
    the list of today does.
    """
    order = sort if isinstance(sort, Sort) else Sort.of(sort)
    sorted_by = order_of(scope, rtype, order)
    if order.field in rtype.fields and rtype.fields[order.field].computed:
        raise Refused("not_sortable", _("This list cannot be sorted by that."), order.field)
    named = "changed_at" in (*columns, order.field) or '"changed_at"' in orjson.dumps(where or {}).decode()
    then = Then(scope, at, with_changed_at=named)
    backwards = before is not None
    parts = [Sql("t.archived_at IS NULL"), then.condition(rtype, where)]
    if cursor := (before if backwards else after):
        parts.append(sorted_by.beyond(decode(cursor), backwards=backwards))
    limit = max(1, min(limit, MOST))
    text, params = _statement(then, rtype, both(parts), sorted_by, backwards, limit + 1)
    found: list[Any] = list(rtype.model.objects.raw(text, params))
    more, found = len(found) > limit, found[:limit]
    if backwards:
        found.reverse()
    return _page(scope, rtype, found, more=more, backwards=backwards, more_before=bool(after or before))


def _statement(
    then: Then, rtype: RecordType, which: Sql, order: Order, backwards: bool, limit: int
) -> tuple[str, list[Any]]:
    """Two halves, each sorted and cut by itself, so that an index may serve the one that did not change."""
    since, expression = then.since(rtype), order.expression
    inner = order.by(expression.text, "t.id", backwards=backwards)
    halves, params = [], []
    for (source, seen), erased in (
        (then.unchanged(rtype, since), "NULL::text[]"),
        (then.changed(rtype, since), "s.erased"),
    ):
        halves.append(
            f"(SELECT t.*, {expression.text} AS o, {erased} AS erased FROM {source.text}"
            f" WHERE {seen.text} AND {which.text} ORDER BY {inner} LIMIT {limit})"
        )
        params += [*expression.params, *source.params, *seen.params, *which.params, *expression.params]
    begun = then.begun()
    outer = order.by("u.o", "u.id", backwards=backwards)
    text = f"{begun.text}SELECT * FROM ({' UNION ALL '.join(halves)}) u ORDER BY {outer} LIMIT {limit}"
    return text, [*begun.params, *params]


def _page(
    scope: ActorScope, rtype: RecordType, found: list[Any], *, more: bool, backwards: bool, more_before: bool
) -> PastPage:
    visible = scope.visible(rtype)
    for record in found:
        record.title = rtype.title_for(record, visible)
    erased = {r.pk: list(r.erased) for r in found if r.erased}
    if not found:
        return PastPage([], None, None, erased)
    first, last = (encode(r.o, r.pk) for r in (found[0], found[-1]))
    has_after, has_before = (True, more) if backwards else (more, more_before)
    return PastPage(found, last if has_after else None, first if has_before else None, erased)


def ids(scope: ActorScope, rtype: RecordType, at: dt.datetime, where: Any = None) -> set[UUID]:
    """All records of a list as it was."""
    then = Then(scope, at, with_changed_at='"changed_at"' in orjson.dumps(where or {}).decode())
    which = both([Sql("t.archived_at IS NULL"), then.condition(rtype, where)])
    source = then.source(rtype)
    begun = then.begun()
    text = f"{begun.text}SELECT t.id FROM {source.text} t WHERE {which.text}"
    return {r.pk for r in rtype.model.objects.raw(text, [*begun.params, *source.params, *which.params])}


@dataclass
class PastRecord:
    """One record as it was, and the fields whose values of then were erased."""

    record: Any
    erased: list[str]


def record(scope: ActorScope, rtype: RecordType, record_id: UUID, at: dt.datetime) -> PastRecord:
    """A record that one may see today, as it was; not saved anywhere. :class:`Missing` where it was not made yet."""
    found = reading.get(scope, rtype, record_id)
    if found.created_at > at:
        raise Missing("not_yet", _("This record did not exist yet."))
    join = "JOIN kernel_about a ON a.event_id = e.id"
    where = Sql(
        "a.tenant_id = e.tenant_id AND a.record_id = %s AND a.at > %s AND e.record_id = a.record_id", (record_id, at)
    )
    fields, changed = rtype.fields, False
    erased: set[str] = set()
    some = read(where, order="e.id DESC", join=join)
    told = _fields_of([e.id for e in some])
    for event in some:
        for name, (old, _new) in event.changes.items():
            if name in fields:
                rtype.put(found, name, fields[name].from_plain(old))
        changed = True
        erased -= set(event.changes)
        erased |= told.get(event.id, set()) - set(event.changes)
    for name in erased & set(fields):
        rtype.put(found, name, fields[name].blank_value())
    if changed:
        last = Sql(
            "a.tenant_id = e.tenant_id AND a.record_id = %s AND a.at <= %s AND e.record_id = a.record_id",
            (record_id, at),
        )
        before = read(last, order="a.at DESC, e.id DESC", join=join, limit=1)
        found.changed_at = before[0].at if before else found.created_at
        found.title = rtype.title_of(found)
        found.title = rtype.title_for(found, scope.visible(rtype))
    return PastRecord(found, sorted(erased & set(fields)))


def _fields_of(events: list[UUID]) -> dict[UUID, set[str]]:
    """Which fields events told of, also where the values are erased by now."""
    if not events:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, fields FROM kernel_event WHERE tenant_id = %s AND id = ANY(%s)", [current(), events])
        return {row[0]: set(row[1]) for row in cursor.fetchall()}


def linked_names(scope: ActorScope, rtype: RecordType, some: list[Any], columns: tuple[str, ...]) -> dict[UUID, Any]:
    """Names, as they are today, of the records that these rows led to."""
    rows = [reading.Row(r.pk, r.version, r.title, {c: rtype.value(r, c) for c in columns}) for r in some]
    return reading.linked(scope, rtype, rows, columns)


__all__ = ["PastPage", "PastRecord", "Then", "ids", "instant", "linked_names", "record", "select"]
