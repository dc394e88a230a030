"""Where customers come from: leads that came in, deals begun and deals won within a period, by source or campaign.

The last touch is what brought a lead (its own source and campaign); the first one what brought its person to us.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from klientel.insights import figures
from klientel.insights.dashboards import Asked
from klientel.insights.figures import Cell, Column, Table, listed, named
from klientel.insights.queries.adding import Added, By, Measure, added_up
from klientel.kernel.records import type_of
from klientel.sales.models.holding import WON
from klientel.sales.models.leading import CONVERTED
from klientel.sales.queries.insight import state, within

MOST_ROWS = 25
QUALIFIED = {"field": "status", "op": "one_of", "value": ["mql", "sql", CONVERTED]}


def origins(path: str) -> Callable[[Asked], Table]:
    """Leads, those of them that were qualified, deals begun, deals won and their value; what brought most first."""

    def draw(asking: Asked) -> Table:
        came = _added(asking, path, "created_at", Measure("n"), Measure("good", where=QUALIFIED))
        deals = replace(asking, rtype=type_of("sales.deal"))
        begun = _added(deals, path, "created_at", Measure("n"))
        value = Measure("value", "total", "value", day="counts_on")
        won = _added(deals, path, "counts_on", Measure("n"), value, more=state(WON))
        parts = (came, begun, won)
        found = [{group.keys[0]: group for group in one.groups} for one in parts]
        keys = sorted(set().union(*found), key=lambda key: _worth(found, key), reverse=True)[:MOST_ROWS]
        rows = [(figures.text(_name(parts, found, key)), _cells(parts, found, key)) for key in keys]
        columns = [
            Column(_("Leads"), "a"), Column(_("Qualified")), Column(_("Deals begun"), beside=True),
            Column(_("Number won"), "c"), Column(_("Won")),
        ]  # fmt: skip
        return Table("", columns, rows, apart=won.apart)

    return draw


def _added(asking: Asked, path: str, day: str, *measures: Measure, more: Any = None) -> Added:
    where = asking.where(within(asking, day), more)
    return added_up(asking.scope, asking.rtype, by=[By(path)], measures=measures, where=where)


def _worth(found: list[dict[Any, Any]], key: Any) -> tuple[Any, ...]:
    won = found[2][key].values if key in found[2] else {}
    return won.get("value") or 0, *(one[key].values["n"] if key in one else 0 for one in found)


def _name(parts: tuple[Added, ...], found: list[dict[Any, Any]], key: Any) -> str:
    return next(named(one, 0, groups[key]) for one, groups in zip(parts, found, strict=True) if key in groups)


def _cells(parts: tuple[Added, ...], found: list[dict[Any, Any]], key: Any) -> list[Cell]:
    came, begun, won = (groups[key].values if key in groups else {} for groups in found)
    urls = [listed(one.rtype, one.condition([key])) for one in parts]
    good = listed(parts[0].rtype, parts[0].condition([key], QUALIFIED))
    return [
        figures.count(came.get("n"), urls[0]), figures.count(came.get("good"), good),
        figures.count(begun.get("n"), urls[1]), figures.count(won.get("n"), urls[2]),
        figures.money(won.get("value"), urls[2] if won else ""),
    ]  # fmt: skip
