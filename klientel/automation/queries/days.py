"""Workflows that time starts: when to look next, and for which records their day has come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.automation.models import shape
from klientel.automation.queries.acting import acting
from klientel.automation.queries.starting import Wanted
from klientel.automation.queries.triggers import Rule, rules_of
from klientel.automation.queries.values import moment
from klientel.kernel.access import ActorScope
from klientel.kernel.conditions import compile as compile_condition
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import zone
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import TRUE, Sql, both
from klientel.kernel.tenancy import current
from klientel.lib import recurrence
from klientel.lib.sentences import Unreadable

PIECE, MOST_PIECES = 1000, 20
OFTEN = dt.timedelta(minutes=5)  # how exactly the instants in a field are met
LATEST = dt.timedelta(days=14)  # after a standstill nobody wants to hear of more


def next_at(definition: shape.Definition, after: dt.datetime) -> dt.datetime | None:
    """When to look next; none where time does not start it, or it has come to its end."""
    trigger = definition["trigger"]
    day = after.astimezone(zone()).date()
    if trigger["when"] == "date":
        if _exact(type_of(definition["on"]), trigger):
            return after + OFTEN
        return _first_after(after, [day, day + dt.timedelta(days=1)], trigger)
    if trigger["when"] == "schedule":
        rule = read_rule(trigger)
        before = rule.after(day - dt.timedelta(days=1))
        return _first_after(after, [d for d in (before, rule.after(day)) if d], trigger)
    return None


def _first_after(after: dt.datetime, some: list[dt.date], trigger: dict[str, str]) -> dt.datetime | None:
    return next((m for d in some if (m := moment(d, trigger.get("at") or "")) > after), None)


def read_rule(trigger: dict[str, str]) -> recurrence.Rule:
    """How it comes again; :class:`Refused` where nobody understands it."""
    try:
        return recurrence.read(str(trigger.get("rule") or ""))
    except Unreadable:
        raise Refused("bad_rule", _("Please write how often, such as “every Monday”."), "trigger.rule") from None


def _exact(rtype: RecordType, trigger: dict[str, str]) -> bool:
    kind = rtype.fields.get(trigger["field"])
    return kind is not None and kind.key == "date_time"


def due(rule: Rule, since: dt.datetime, now: dt.datetime) -> Iterator[list[Wanted]]:
    """The runs that time has brought since then, some at a time; each has a key of its own."""
    scope, rtype = ActorScope(acting(rule.workflow, rule.name, rule.member)), type_of(rule.on)
    which, key = _which(rule, scope, rtype, since, now)
    after = UUID(int=0)
    for _n in range(MOST_PIECES):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.id, {key.text} FROM {rtype.table} t WHERE {which.text} AND t.id > %s ORDER BY t.id"
                f" LIMIT {PIECE}",
                [*key.params, *which.params, after],
            )
            rows = cursor.fetchall()
        if rows:
            yield [Wanted(rule, record, started_by) for record, started_by in rows]
        if len(rows) < PIECE:
            return
        after = rows[-1][0]


def _which(rule: Rule, scope: ActorScope, rtype: RecordType, since: dt.datetime, now: dt.datetime) -> tuple[Sql, Sql]:
    """The records whose time has come and that fulfil the condition; and what each run is started by."""
    trigger = rule.definition["trigger"]
    since = max(since, now - LATEST)
    parts = [Sql("t.tenant_id = %s AND t.archived_at IS NULL", (current(),)), rtype.base("t") or TRUE]
    if rule.when == "date":
        kind = scope.visible(rtype).get(trigger["field"])
        if kind is None:
            raise Refused("no_such_field", _("There is no such field."), "trigger.field")
        off = dt.timedelta(days=int(trigger.get("days") or 0))
        low, high = since - off, now - off
        value = kind.sql("t")
        if not _exact(rtype, trigger):
            low, high = _day(since, trigger) - off, _day(now, trigger) - off  # type: ignore[assignment]
        parts.append(Sql(f"{value.text} > %s AND {value.text} <= %s", (*value.params, low, *value.params, high)))
        name, params = f"({value.text})::text", value.params
    else:
        name, params = "%s", (f"{moment(now.astimezone(zone()).date(), trigger.get('at') or ''):%Y-%m-%d}",)
    key = Sql(f"md5(%s || {name})::uuid", (f"{rule.version}:", *params))
    parts += [scope.restrict(rtype, "t"), compile_condition(rtype, rule.where, scope, "t")]
    parts.append(Sql(
        "NOT EXISTS (SELECT 1 FROM automation_run r WHERE r.tenant_id = t.tenant_id AND r.version = %s"
        f" AND r.record = t.id AND r.key = {key.text})", (rule.version, *key.params)
    ))  # fmt: skip
    return both(parts), key


def _day(at: dt.datetime, trigger: dict[str, str]) -> dt.date:
    """The last day whose time of day has come."""
    local = at.astimezone(zone())
    day = local.date()
    return day if moment(day, trigger.get("at") or "") <= at else day - dt.timedelta(days=1)


__all__ = ["due", "next_at", "read_rule", "rules_of"]
