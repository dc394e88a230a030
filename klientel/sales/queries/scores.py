"""Scores of leads, worked out for many at once: two statements, whatever their number and that of the rules."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from klientel.kernel import writing
from klientel.kernel.conditions import SystemScope, matching
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.lib import clock
from klientel.sales.models import ScoreRule
from klientel.sales.models.leading import WARMING
from klientel.sales.models.leadrule import EVERY

PIECE = 500

_STALE = """
SELECT id FROM sales_lead WHERE tenant_id = %s AND scored_at IS NULL AND closed_at IS NULL AND archived_at IS NULL
ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
#: when each kind last happened to a lead or its person; to its organisation only where no person is known
_LAST = """
SELECT l.id, k.kind, max(a.at) FROM sales_lead l
CROSS JOIN unnest(%(kinds)s::text[]) k(kind)
CROSS JOIN LATERAL unnest(ARRAY[l.id, coalesce(l.person, l.organisation)]) r(id)
JOIN kernel_about a ON a.tenant_id = l.tenant_id AND a.record_id = r.id AND a.kind = k.kind
WHERE l.tenant_id = %(tenant)s AND l.id = ANY(%(ids)s) GROUP BY 1, 2
"""
_KEEP = """
UPDATE sales_lead l SET score = r.score, score_lines = r.lines, scored_at = %s
FROM json_to_recordset(%s::json) r(id uuid, score int, lines jsonb) WHERE l.tenant_id = %s AND l.id = r.id
"""
#: which of these leads have as many points as their inbox asks of an MQL, and never had been qualified by that
_REACHED = """
SELECT l.id, l.score, i.mql_from FROM sales_lead l
JOIN sales_leadinbox i ON i.tenant_id = l.tenant_id AND i.team = l.team AND i.archived_at IS NULL
WHERE l.tenant_id = %(tenant)s AND l.id = ANY(%(ids)s) AND l.score >= i.mql_from AND l.status = ANY(%(status)s)
  AND NOT EXISTS (
    SELECT 1 FROM kernel_about a WHERE a.tenant_id = l.tenant_id AND a.record_id = l.id AND a.kind = %(kind)s)
"""
_TOUCH = """
UPDATE sales_lead SET scored_at = NULL
WHERE tenant_id = %s AND scored_at IS NOT NULL AND closed_at IS NULL AND archived_at IS NULL
"""


def refresh() -> list[UUID]:
    """Work out the scores of some leads whose score is out of date, at most `PIECE`: which."""
    with connection.cursor() as cursor:
        cursor.execute(_STALE, [current(), PIECE])
        ids = [row[0] for row in cursor.fetchall()]
    if ids:
        keep(ids)
    return ids


def keep(ids: list[UUID]) -> None:
    """Work out the scores of these leads, and store them with what they are made of."""
    found, now = lines(ids), clock.now()
    rows = [{"id": i, "score": sum(one["points"] for one in some), "lines": some} for i, some in found.items()]
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_KEEP, [now, orjson.dumps(rows).decode(), current()])


def reached(ids: list[UUID], kind: str) -> list[tuple[UUID, int, int]]:
    """Of these leads those to be qualified: id, score, what it had to be; not where ``kind`` happened already."""
    facts: dict[str, Any] = {"tenant": current(), "ids": ids, "status": list(WARMING), "kind": kind}
    with connection.cursor() as cursor:
        cursor.execute(_REACHED, facts)
        return list(cursor.fetchall())


def rules() -> list[ScoreRule]:
    """The rules that give points, those that give most first."""
    return list(ScoreRule.objects.filter(archived_at=None).order_by("-points", "id"))


def lines(ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """For each lead what gives it points: ``rule`` id, ``points`` now, ``of`` how many, ``at`` when it happened."""
    some_rules = rules()
    found: dict[UUID, list[dict[str, Any]]] = {one: [] for one in ids}
    if not some_rules:
        return found
    asked = {rule.pk: rule.condition or EVERY for rule in some_rules}
    fits = matching(SystemScope(current()), type_of("sales.lead"), asked, ids).fulfilled
    last, now = _last(ids, {rule.event for rule in some_rules if rule.event}), clock.now()
    for one, some in found.items():
        made = (_line(rule, last.get((one, rule.event)), now) for rule in some_rules if rule.pk in fits[one])
        some += [line for line in made if line is not None]
    return found


def _last(ids: list[UUID], kinds: set[str]) -> dict[tuple[UUID, str], dt.datetime]:
    if not kinds:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LAST, {"kinds": sorted(kinds), "tenant": current(), "ids": ids})
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _line(rule: ScoreRule, at: dt.datetime | None, now: dt.datetime) -> dict[str, Any] | None:
    if rule.event and at is None:
        return None
    points, told = rule.points, {"rule": str(rule.pk), "of": rule.points}
    if at is not None:
        told["at"] = at.isoformat()
        points = faded(rule.points, rule.half_life, now - at)
    return {**told, "points": points} if points else None


def faded(points: int, half_life: int | None, age: dt.timedelta) -> int:
    """Points after some time, whole: half of them after each half-life in days, all of them without one."""
    if not half_life:
        return points
    left: float = 0.5 ** (max(age, dt.timedelta()) / dt.timedelta(days=half_life))
    return round(points * left)


def touch(ids: list[UUID] | None = None) -> bool:
    """Note that the scores of open leads are out of date: all, or those that are or hang on these records."""
    text, params = _TOUCH, list[Any]([current()])
    if ids is not None:
        text += " AND (id = ANY(%s) OR person = ANY(%s) OR organisation = ANY(%s))"
        params += [ids, ids, ids]
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(text, params)
        return bool(cursor.rowcount > 0)


def fade() -> bool:
    """As :func:`touch`, of those worked out most of a day ago that something fades for."""
    if not ScoreRule.objects.filter(archived_at=None, half_life__isnull=False).exists():
        return False
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(f"{_TOUCH} AND scored_at < %s AND score_lines @? '$[*].at'", [
            current(), clock.now() - dt.timedelta(hours=20)
        ])  # fmt: skip
        return bool(cursor.rowcount > 0)
