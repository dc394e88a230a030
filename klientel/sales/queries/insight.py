"""Figures about deals: the funnel with its times, won and lost, win rates, the sales cycle, who does what."""

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
from klientel.insights.queries.adding import Added, By, Group, Measure, added_up, days
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import Row, select, which
from klientel.kernel.errors import Missing
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import Sql
from klientel.kernel.web.speech import large
from klientel.sales.models.holding import LOST, WON
from klientel.sales.queries.kept import STAYS

MOST_STAGES = 30
MOST_ROWS = 25
STATE = "state"


def state(which_one: str) -> dict[str, Any]:
    """Deals that are open, won or lost."""
    return {"field": STATE, "op": "is", "value": which_one}


def within(asking: Asked, name: str) -> Any:
    """Deals whose day lies in the period asked about."""
    return days(asking.rtype.fields[name], name, asking.first, asking.after)


def ended(asking: Asked) -> Any:
    """Deals that were won or lost in the period asked about."""
    return asking.where(within(asking, "counts_on"), {"any": [state(WON), state(LOST)]})


#: of the deals that came to an end in a period: how many and what they were worth
CLOSED = (
    Measure("won", where=state(WON)),
    Measure("lost", where=state(LOST)),
    Measure("won_value", "total", "value", day="counts_on", where=state(WON)),
    Measure("lost_value", "total", "value", day="counts_on", where=state(LOST)),
)


def closed_by(asking: Asked, by: By) -> Added:
    """What came to an end in the period, by a dimension."""
    return added_up(asking.scope, asking.rtype, by=[by], measures=CLOSED, where=ended(asking))


# -- won and lost ---------------------------------------------------------------------------------------------------


def won_and_lost(asking: Asked) -> Table:
    """By month: what was won and lost, in amounts and numbers, and the share that was won."""
    added = closed_by(asking, By("counts_on", asking.bucket))
    columns = [
        Column(_("Won"), "c"), Column(_("Lost"), "e"), Column(_("Number won")), Column(_("Number lost")),
        Column(_("Win rate")),
    ]  # fmt: skip
    known = {g.keys[0]: g for g in added.groups}
    rows = [
        (figures.text(bucket_name(asking.bucket, first)), _outcome(added, known.get(first) or _nothing(first)))
        for first in (asking.buckets(known) if known else [])
    ]
    return Table(bucket_head(asking.bucket), columns, rows, _sums(asking, added), added.apart)


def _nothing(first: dt.date) -> Group:
    return Group((first,), {"won": 0, "lost": 0, "won_value": Decimal(0), "lost_value": Decimal(0)})


def _outcome(added: Added, group: Group) -> list[Cell]:
    urls = {s: listed(added.rtype, added.condition(group.keys, state(s))) for s in (WON, LOST)}
    return _cells(group.values, urls)


def _cells(values: dict[str, Any], urls: dict[str, str]) -> list[Cell]:
    return [
        figures.money(values.get("won_value"), urls[WON] if values["won"] else ""),
        figures.money(values.get("lost_value"), urls[LOST] if values["lost"] else ""),
        figures.count(values["won"], urls[WON]),
        figures.count(values["lost"], urls[LOST]),
        figures.share(values["won"], values["won"] + values["lost"]),
    ]


def _sums(asking: Asked, added: Added) -> list[Cell]:
    names = [n for n in ("won", "lost", "won_value", "lost_value") if all(n in g.values for g in added.groups)]
    total = {n: sum((g.values[n] for g in added.groups), Decimal(0)) for n in names}
    urls = {s: listed(asking.rtype, added.condition([], state(s))) for s in (WON, LOST)}
    return _cells(total, urls) if added.groups else []


def win_rate(path: str) -> Callable[[Asked], Table]:
    """The share of won deals among those that ended, by a field or one behind a link; the most frequent first."""

    def draw(asking: Asked) -> Table:
        added = closed_by(asking, By(path))
        most = sorted(added.groups, key=lambda g: g.values["won"] + g.values["lost"], reverse=True)[:MOST_ROWS]
        rows = []
        for group in most:
            won, lost, number, number_lost, rate = _outcome(added, group)
            rows.append((figures.text(named(added, 0, group)), [rate, number, number_lost, won, lost]))
        columns = [
            Column(_("Win rate"), "c"),
            Column(_("Number won"), beside=True),
            Column(_("Number lost")),
            Column(_("Won")),
            Column(_("Lost")),
        ]
        return Table("", columns, rows, apart=added.apart)

    return draw


def reasons(asking: Asked) -> Table:
    """Why deals were lost, the most frequent reason first."""
    where = asking.where(within(asking, "counts_on"), state(LOST))
    measures = (Measure("n"), Measure("value", "total", "value", day="counts_on"))
    added = added_up(asking.scope, asking.rtype, by=[By("reason")], measures=measures, where=where)
    rows = []
    for group in sorted(added.groups, key=lambda g: g.values["n"], reverse=True):
        url = listed(asking.rtype, added.condition(group.keys))
        cells = [figures.count(group.values["n"], url), figures.money(group.values.get("value"), url)]
        rows.append((figures.text(named(added, 0, group)), cells))
    return Table(_("Reason"), [Column(_("Number lost"), "e"), Column(_("Value"))], rows, apart=added.apart)


def cycle(asking: Asked) -> Table:
    """For how many days won deals had been under way, by the month in which they were won."""
    length = Sql("(t.counts_on - t.begun) * 86400")
    measures = (Measure("n"), Measure("mean", "mean", expression=length, needs=("begun", "counts_on")))
    where = asking.where(within(asking, "counts_on"), state(WON))
    added = added_up(asking.scope, asking.rtype, by=[By("counts_on", asking.bucket)], measures=measures, where=where)
    rows = []
    for group in added.groups:
        url = listed(asking.rtype, added.condition(group.keys))
        cells = [figures.days(group.values.get("mean"), url), figures.count(group.values["n"], url)]
        rows.append((figures.text(named(added, 0, group)), cells))
    return Table(bucket_head(asking.bucket), [Column(_("Sales cycle"), "a", "line"), Column(_("Number won"))], rows)


# -- the funnel -----------------------------------------------------------------------------------------------------


def funnel(asking: Asked) -> Table:
    """Of the deals begun in the period: how many reached each stage of a pipeline, how many went on, how long they
    stayed there, and how many are there now."""
    stages = stages_of(asking.scope, asking.chosen.get("pipeline", ""))
    found = reached(asking, [s.id for s in stages]) if stages else {}
    shown = [s for s in stages if s.values["outcome"] != LOST]
    rows: list[tuple[Cell, list[Cell]]] = []
    first = found[shown[0].id]["reached"] if shown and shown[0].id in found else 0
    for place, stage in enumerate(shown):
        here = found.get(stage.id, _NONE)
        after = found.get(shown[place + 1].id, _NONE)["reached"] if place + 1 < len(shown) else None
        there = asking.where(within(asking, "begun"), {"field": "stage", "op": "is", "value": str(stage.id)})
        rows.append((
            figures.text(stage.title),
            [
                figures.count(here["reached"]),
                figures.share(after, here["reached"]) if after is not None else figures.share(None, 0),
                figures.share(here["reached"], first),
                figures.days(here["mean"]),
                figures.count(here["now"], listed(asking.rtype, there)),
            ],
        ))  # fmt: skip
    columns = [
        Column(_("Reached"), "a"),
        Column(_("Went on")),
        Column(_("Of all"), beside=True),
        Column(_("Mean time there"), beside=True),
        Column(_("Here now")),
    ]
    return Table(_("Stage"), columns, rows if found else [])


_NONE: dict[str, Any] = {"reached": 0, "mean": None, "now": 0}


def stages_of(scope: ActorScope, pipeline: str) -> list[Row]:
    """The stages of a pipeline in their order; without one named, of that for new deals."""
    rtype = type_of("sales.stage")
    if not pipeline:
        pipelines = select(scope, type_of("sales.pipeline"), columns=["standard"], sort="position", limit=100).rows
        chosen = sorted(pipelines, key=lambda p: not p.values["standard"])
        if not chosen:
            return []
        pipeline = str(chosen[0].id)
    where = {"field": "pipeline", "op": "is", "value": pipeline}
    return select(scope, rtype, columns=["outcome"], where=where, sort="position", limit=MOST_STAGES).rows


_REACHED = """
SELECT s.stage, count(*), avg(s.seconds) FILTER (WHERE s.left_at IS NOT NULL AND NOT s.passed),
  count(*) FILTER (WHERE s.stage = t.stage), false
FROM sales_stay s JOIN {table} t ON t.id = s.deal
WHERE s.tenant_id = %s AND s.stage = ANY(%s) AND {inside} GROUP BY s.stage
"""
_READY = """
SELECT t.place, sum(t.reached)::bigint, sum(t.seconds) / nullif(sum(t.ended), 0), sum(t.now)::bigint, {stale}
FROM sales_staysum t WHERE t.place = ANY(%s) AND {inside} GROUP BY t.place HAVING sum(t.reached) <> 0
"""


def reached(asking: Asked, stages: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """By stage: how many of the deals begun in the period reached it, the mean seconds they stayed, and who is there.

    Only stays that have ended and that took place count for the mean.
    """
    scope, rtype, where = asking.scope, asking.rtype, asking.where(within(asking, "begun"))
    inside, stale = STAYS.inside(scope, rtype, where), STAYS.stale(scope)
    rows = []
    if inside is not None:
        text = _READY.format(inside=inside.text, stale=stale.text)
        rows = _fetched(text, [*stale.params, stages, *inside.params])
    if not rows or any(row[-1] for row in rows):
        inside = which(scope, rtype, where)
        text = _REACHED.format(table=rtype.table, inside=inside.text)
        rows = _fetched(text, [scope.tenant, stages, *inside.params])
    return {row[0]: {"reached": row[1], "mean": row[2], "now": row[3]} for row in rows}


def _fetched(text: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return list(cursor.fetchall())


# -- who does what --------------------------------------------------------------------------------------------------

#: what people do, with the day it counts on
ACTIVITIES = (("work.call", "at"), ("work.meeting", "begins"), ("work.task", "done_at"), ("work.note", "created_at"))


def activity(asking: Asked) -> Table:
    """Calls, meetings, tasks done and notes in the period, by whose they are."""
    kinds: list[tuple[RecordType, Added]] = []
    for key, day in ACTIVITIES:
        try:
            rtype = type_of(key)
        except Missing:
            continue
        seen = asking.scope.visible(rtype)
        if not asking.scope.may(rtype, "view") or day not in seen or "owner" not in seen:
            continue
        where = {"all": [days(rtype.fields[day], day, asking.first, asking.after)]}
        kinds.append((rtype, added_up(asking.scope, rtype, by=[By("owner")], measures=[Measure("n")], where=where)))
    people: dict[Any, str] = {}
    for _rtype, added in kinds:
        people |= {g.keys[0]: named(added, 0, g) for g in added.groups}
    rows = []
    for person, name in sorted(people.items(), key=lambda one: one[1]):
        rows.append((figures.text(name), [_of(added, person) for _rtype, added in kinds]))
    columns = [Column(large(rtype.plural), "abcd"[n]) for n, (rtype, _added) in enumerate(kinds)]
    return Table(_("Person"), columns, rows)


def _of(added: Added, person: Any) -> Cell:
    group = next((g for g in added.groups if g.keys[0] == person), None)
    if group is None:
        return figures.count(0)
    return figures.count(group.values["n"], listed(added.rtype, added.condition(group.keys)))


__all__ = ["activity", "cycle", "funnel", "reached", "reasons", "win_rate", "won_and_lost"]
