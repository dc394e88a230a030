"""The forecast: open, weighted, committed and won by month, person, team and pipeline, beside targets and what people
submitted; and how right it was in the end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from klientel.insights import figures
from klientel.insights.dashboards import Asked
from klientel.insights.figures import Cell, Column, Table, bucket_head, bucket_name, listed, named
from klientel.insights.queries.adding import MONTHS, Added, By, Measure, added_up, days
from klientel.kernel.access import ActorScope
from klientel.kernel.kinds import today
from klientel.kernel.web.addresses import place
from klientel.lib.dates import add_months
from klientel.sales.models.holding import OPEN, WON
from klientel.sales.models.pipeline import COMMITTED, OMITTED
from klientel.sales.queries.goals import Goal, goal_of, is_asked, submitted, targets

STATE, CATEGORY, DAY = "state", "category", "counts_on"
OPEN_NOW = {"field": STATE, "op": "is", "value": OPEN}
WON_NOW = {"field": STATE, "op": "is", "value": WON}
COUNTED = {"all": [OPEN_NOW, {"field": CATEGORY, "op": "is_not", "value": OMITTED}]}
SURE = {"all": [OPEN_NOW, {"field": CATEGORY, "op": "is", "value": COMMITTED}]}
MEASURES = (
    Measure("open", "total", "value", day=DAY, where=COUNTED),
    Measure("weighted", "total", "value", weight="probability", day=DAY, where=COUNTED),
    Measure("committed", "total", "value", day=DAY, where=SURE),
    Measure("won", "total", "value", day=DAY, where=WON_NOW),
)
SUMS = tuple(m.key for m in MEASURES)


def in_period(asking: Asked) -> Any:
    """What the forecast of a period is about: open deals that are not left out, and won ones."""
    return asking.where(days(asking.rtype.fields[DAY], DAY, asking.first, asking.after), {"any": [COUNTED, WON_NOW]})


def summed(asking: Asked, *by: By) -> Added:
    """The sums of a period by some dimensions, in one statement."""
    return added_up(asking.scope, asking.rtype, by=by, measures=MEASURES, where=in_period(asking))


# -- figures ----------------------------------------------------------------------------------------------------------


def by_time(asking: Asked) -> Table:
    """By month, quarter or year: what is won, what weighted open deals promise, and the target."""
    added, goals, said = summed(asking, By(DAY, asking.bucket)), targets(asking), submitted(asking)
    known = {g.keys[0]: g.values for g in added.groups}
    rows, total, goal_total, said_total = [], dict.fromkeys(SUMS, Decimal(0)), Decimal(0), Decimal(0)
    for first in asking.buckets(known):
        begin, after = asking.part(first)
        values = known.get(first, dict.fromkeys(SUMS, Decimal(0)))
        goal = goal_of(goals, asking, begin, after)
        mine = sum((s.part(begin, after) for s in said if is_asked(asking, s)), Decimal(0))
        where = asking.where(days(asking.rtype.fields[DAY], DAY, begin, after))
        rows.append((figures.text(_told(asking, first)), _cells(asking, values, where, goal, mine)))
        total = {k: total[k] + (values.get(k) or 0) for k in SUMS}
        goal_total, said_total = goal_total + (goal or 0), said_total + mine
    foot = _cells(asking, total, in_period(asking), goal_total or None, said_total) if rows else []
    return Table(bucket_head(asking.bucket), _columns(), rows, foot, added.apart)


def _told(asking: Asked, first: dt.date) -> str:
    """The name of a step; one of which the period has only a part says so."""
    name = bucket_name(asking.bucket, first)
    whole = asking.part(first) == (first, add_months(first, MONTHS[asking.bucket]))
    return name if whole else _("%(name)s (a part)") % {"name": name}


def _columns() -> list[Column]:
    return [
        Column(_("Won"), "c"), Column(_("Weighted"), "b"), Column(_("Target"), "f", "line"), Column(_("Committed")),
        Column(_("Open amount")), Column(_("Still missing")), Column(_("Coverage")), Column(_("Submitted")),
    ]  # fmt: skip


def _cells(asking: Asked, values: dict[str, Any], where: Any, goal: Decimal | None, said: Decimal) -> list[Cell]:
    """Coverage: weighted open amounts in per cent of what is still missing from the target."""
    rtype = asking.rtype

    def cell(name: str, part: Any) -> Cell:
        amount = values.get(name)
        return figures.money(amount, listed(rtype, {"all": [where, part]}) if amount else "")

    missing = None if goal is None else max(Decimal(0), goal - (values.get("won") or 0))
    return [
        cell("won", WON_NOW),
        cell("weighted", COUNTED),
        figures.money(goal),
        cell("committed", SURE),
        cell("open", COUNTED),
        figures.money(missing),
        figures.share(values.get("weighted"), missing),
        figures.money(said or None, place("list", "submitted-forecasts") if said else ""),
    ]


def by(path: str) -> Callable[[Asked], Table]:
    """The same sums by person, team or pipeline."""

    def draw(asking: Asked) -> Table:
        added, goals, said = summed(asking, By(path)), targets(asking), submitted(asking)
        rows = []
        for group in sorted(added.groups, key=lambda g: named(added, 0, g)):
            key = group.keys[0]
            mine = [g for g in goals if _whose(path, g) == key] if key else []
            goal = sum((g.part(asking.first, asking.after) for g in mine), Decimal(0)) or None
            told = [s for s in said if key and _whose(path, s) == key]
            promised = sum((s.part(asking.first, asking.after) for s in told), Decimal(0))
            cells = _cells(asking, group.values, added.condition(group.keys), goal, promised)
            rows.append((figures.text(named(added, 0, group)), cells))
        return Table("", _columns(), rows, apart=added.apart)

    return draw


def _whose(path: str, goal: Goal) -> UUID | None:
    return goal.member if path == "owner" else goal.team if path == "owner.team" else None


# -- how right it was -------------------------------------------------------------------------------------------------

_KEPT = """
SELECT d.month, sum(d.weighted + d.won), sum(d.committed + d.won), min(d.day)
FROM sales_forecastday d
JOIN (SELECT month, min(day) AS day FROM sales_forecastday WHERE tenant_id = %s AND day >= month GROUP BY month) f
  ON f.month = d.month AND f.day = d.day
WHERE d.tenant_id = %s AND d.month >= %s AND d.month < %s AND f.day < d.month + 7
  AND (%s OR d.owner = %s) AND (%s::uuid IS NULL OR d.pipeline = %s::uuid)
GROUP BY d.month ORDER BY d.month
"""
YEARS_BACK = 3


def accuracy(asking: Asked) -> Table:
    """What the forecast said in the first week of each month that is over, and what was won in it.

    Who sees all deals gets all, others what was kept of their own.
    """
    scope: ActorScope = asking.scope
    everything = scope.extent(asking.rtype) == "all" and not asking.chosen.get("owner.team")
    person = asking.chosen.get("owner") or (None if everything else str(scope.me) if scope.me else None)
    pipeline = asking.chosen.get("pipeline") or None
    this = today().replace(day=1)
    begin = max(asking.first, add_months(this, -12 * YEARS_BACK)) if asking.first < this else add_months(this, -12)
    if not {"value", "probability", DAY} <= scope.visible(asking.rtype).keys():
        return Table(_("Month"), [], [])
    with connection.cursor() as cursor:
        params: list[Any] = [
            scope.tenant,
            scope.tenant,
            begin,
            min(asking.after, this) if asking.first < this else this,
        ]
        cursor.execute(_KEPT, [*params, everything and not person, person, pipeline, pipeline])
        kept = cursor.fetchall()
    won = _won(asking, begin, this, person)
    rows = []
    for month, forecast, committed, _day in kept:
        got, url = won.get(month, (Decimal(0), ""))
        deviation = figures.share(forecast - got, got) if got else figures.share(None, 0)
        cells = [figures.money(forecast), figures.money(got, url), figures.money(committed), deviation]
        rows.append((figures.text(bucket_name("month", month)), cells))
    columns = [
        Column(_("Forecast then"), "b"), Column(_("Won"), "c"), Column(_("Committed then")), Column(_("Off by")),
    ]  # fmt: skip
    return Table(_("Month"), columns, rows)


def _won(asking: Asked, first: dt.date, after: dt.date, person: str | None) -> dict[dt.date, tuple[Decimal, str]]:
    parts = [days(asking.rtype.fields[DAY], DAY, first, after), WON_NOW]
    parts += [{"field": "owner", "op": "is", "value": person}] if person else []
    added = added_up(
        asking.scope, asking.rtype, by=[By(DAY, "month")], measures=MEASURES[3:], where=asking.where(*parts)
    )
    return {g.keys[0]: (g.values["won"], listed(asking.rtype, added.condition(g.keys))) for g in added.groups}
