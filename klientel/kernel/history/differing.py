"""What changed since: which records came into a list after an instant, which left it, and which changed in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.conditions import compile as compile_condition
from klientel.kernel.errors import Refused
from klientel.kernel.history.past import Then
from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType
from klientel.kernel.sql import TRUE, Sql, both, comma
from klientel.kernel.tenancy import current

PAGE = 50


class How(StrEnum):
    """What happened to a record in a list."""

    ENTERED = "entered"
    LEFT = "left"
    CHANGED = "changed"


@dataclass
class Difference:
    """One record: how it was then (none where it is new) and how it is, and who touched it last."""

    how: How
    then: Any
    now: Any
    who: str = ""
    at: dt.datetime | None = None
    changed: list[tuple[Kind, Any, Any]] = field(default_factory=list)  # in plain values


@dataclass
class Differences:
    """How many of each, a page of them, and where the next page begins."""

    counts: dict[How, int]
    rows: list[Difference]
    rest: UUID | None


def differences(
    scope: ActorScope,
    rtype: RecordType,
    at: dt.datetime,
    *,
    where: Any = None,
    columns: tuple[str, ...] = (),
    how: How | None = None,
    last: UUID | None = None,
) -> Differences:
    """Among the records that one may see today. "Today" in the condition is today, then and now.

    Refuses conditions that ask about other records or about what happened: they change without the record.
    """
    if _looks_elsewhere(where):
        raise Refused(
            "not_since",
            _("What changed since can be told for filters that look at the records themselves only."),
            "where",
        )
    kinds = {n: scope.visible(rtype)[n] for n in columns}
    judged = _judged(scope, rtype, at, where, kinds)
    counts = _counts(judged)
    found = _some(judged, how, last)
    rest = found[PAGE - 1][0] if len(found) > PAGE else None
    return Differences(counts, _told(scope, rtype, at, kinds, found[:PAGE]), rest)


def _looks_elsewhere(where: Any) -> bool:
    match where:
        case {"all": list(parts)} | {"any": list(parts)}:
            return any(map(_looks_elsewhere, parts))
        case {"not": part}:
            return _looks_elsewhere(part)
        case {"field": str(path)}:
            return "." in path
        case {"has": _} | {"happened": _} | {"in": _}:
            return True
    return False


def _judged(scope: ActorScope, rtype: RecordType, at: dt.datetime, where: Any, kinds: dict[str, Kind]) -> Sql:
    """WITH … judged (id, how)."""
    then = Then(scope, at)
    since = then.since(rtype)
    source, seen = then.changed(rtype, since)
    was = both([Sql("t.archived_at IS NULL"), _compiled(scope, rtype, where, "t")])
    now = both([Sql("n.archived_at IS NULL"), _compiled(scope, rtype, where, "n")])
    differs = Sql("t.title IS DISTINCT FROM n.title")
    if kinds:
        olds, news = (comma(k.sql(a) for k in kinds.values()) for a in "tn")
        differs = Sql(
            f"ROW(t.title, {olds.text}) IS DISTINCT FROM ROW(n.title, {news.text})", (*olds.params, *news.params)
        )
    new = both([then.made(rtype), now])
    begun = then.begun()
    text = (
        f"{begun.text}, seen AS (SELECT n.id, ({was.text}) IS TRUE AS was, ({now.text}) IS TRUE AS now,"
        f" ({differs.text}) AS differs FROM {source.text} WHERE {seen.text}"
        f" UNION ALL SELECT n.id, false, true, false FROM {rtype.table} n WHERE {new.text}),"
        " judged AS (SELECT id, CASE WHEN NOT was THEN 'entered' WHEN NOT now THEN 'left' ELSE 'changed' END AS how"
        " FROM seen WHERE was <> now OR (was AND now AND differs)) "
    )
    params = (*begun.params, *was.params, *now.params, *differs.params, *source.params, *seen.params, *new.params)
    return Sql(text, params)


def _compiled(scope: ActorScope, rtype: RecordType, where: Any, alias: str) -> Sql:
    return compile_condition(rtype, where, scope, alias) if where else TRUE


def _counts(judged: Sql) -> dict[How, int]:
    with connection.cursor() as cursor:
        cursor.execute(f"{judged.text}SELECT how, count(*) FROM judged GROUP BY how", judged.params)
        found = dict(cursor.fetchall())
    return {how: found.get(how.value, 0) for how in How}


def _some(judged: Sql, how: How | None, last: UUID | None) -> list[tuple[UUID, str]]:
    parts = both([
        Sql("how = %s", (how.value,)) if how else TRUE, Sql("id < %s", (last,)) if last else TRUE
    ])  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"{judged.text}SELECT id, how FROM judged WHERE {parts.text} ORDER BY id DESC LIMIT {PAGE + 1}",
            [*judged.params, *parts.params],
        )
        return list(cursor.fetchall())


def _told(
    scope: ActorScope, rtype: RecordType, at: dt.datetime, kinds: dict[str, Kind], found: list[tuple[UUID, str]]
) -> list[Difference]:
    ids = [i for i, _how in found]
    if not ids:
        return []
    visible = scope.visible(rtype)
    now = {r.pk: r for r in rtype.model.objects.filter(pk__in=ids)}
    then = _then(scope, rtype, at, ids)
    for record in (*now.values(), *then.values()):
        record.title = rtype.title_for(record, visible)
    last = _last(ids, at)
    made = []
    for record_id, how in found:
        who, when = last.get(record_id, ("", None))
        one = Difference(How(how), then.get(record_id), now[record_id], who, when)
        if one.then is not None:
            pairs = ((k, k.plain(rtype.value(one.then, n)), k.plain(rtype.value(one.now, n))) for n, k in kinds.items())
            one.changed = [(k, old, new) for k, old, new in pairs if old != new]
        made.append(one)
    return made


def _then(scope: ActorScope, rtype: RecordType, at: dt.datetime, ids: list[UUID]) -> dict[UUID, Any]:
    then = Then(scope, at, only=ids)
    source, seen = then.changed(rtype, then.since(rtype))
    begun = then.begun()
    text = f"{begun.text}SELECT t.* FROM {source.text} WHERE {seen.text}"
    return {r.pk: r for r in rtype.model.objects.raw(text, [*begun.params, *source.params, *seen.params])}


def _last(ids: list[UUID], at: dt.datetime) -> dict[UUID, tuple[str, dt.datetime]]:
    """Who touched each record last, and when."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (e.record_id) e.record_id, e.actor_name, e.at FROM kernel_about a"
            " JOIN kernel_event e ON e.id = a.event_id AND e.record_id = a.record_id"
            " WHERE a.tenant_id = %s AND a.record_id = ANY(%s) AND a.at > %s AND e.fields <> '{}'"
            " ORDER BY e.record_id, e.id DESC",
            [current(), ids, at],
        )
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


__all__ = ["Difference", "Differences", "How", "differences"]
