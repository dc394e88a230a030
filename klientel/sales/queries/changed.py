"""The figure of what changed since: from the old sum to the new one, deal by deal."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils.translation import gettext as _

from klientel.insights import figures
from klientel.insights.dashboards import Asked
from klientel.insights.figures import Column, Table, listed
from klientel.insights.queries.adding import Measure, added_up
from klientel.kernel.access.reading import names_by_type
from klientel.kernel.history.past import instant, monday
from klientel.kernel.kinds import zone
from klientel.kernel.web.addresses import place
from klientel.sales.queries.changes import LABELS, MOST, Moved, moved, open_in_period

OPEN_SUM = (Measure("open", "total", "value", day="counts_on"),)


def since(asking: Asked) -> Table:
    """Every deal that moved since the beginning of a day (of Monday, where none is said), the largest first."""
    found = moved(asking, beginning(asking))
    names = names_by_type(asking.scope, {asking.rtype.key: {m.deal for m in found[:MOST]}})
    rows = []
    for one in found[:MOST]:
        title = names[one.deal].title if one.deal in names else _("not visible")
        label = figures.text(title, place("record", asking.rtype.slug, one.deal))
        rows.append((label, [figures.text(LABELS[one.move]), *_amounts(one.before, one.now), _on(asking, one)]))
    where = open_in_period(asking)
    added = added_up(asking.scope, asking.rtype, measures=OPEN_SUM, where=where)
    now = added.groups[0].values["open"]
    before = now - sum((m.difference for m in found), Decimal(0))
    foot = [figures.text(""), *_amounts(before, now, listed(asking.rtype, where)), figures.text("")]
    columns = [
        Column(_("What")), Column(_("Before")), Column(_("Now")), Column(_("Difference")), Column(_("Counts on")),
    ]  # fmt: skip
    return Table(_("Deal"), columns, rows, foot if rows else [], added.apart, _("All open deals"))


def _amounts(before: Decimal, now: Decimal, url: str = "") -> list[figures.Cell]:
    return [figures.money(before), figures.money(now, url), figures.money(now - before)]


def _on(asking: Asked, one: Moved) -> figures.Cell:
    """The day it counts on; where that moved, from when to when."""
    show = asking.rtype.fields["counts_on"].show
    days = [show(day) or "–" for day in (one.then_on, one.now_on)]
    moved_day = one.then_on is not None and one.then_on != one.now_on
    return figures.text(" → ".join(days) if moved_day else days[1])


def beginning(asking: Asked) -> dt.datetime:
    """The instant that is asked about: the beginning of that day where the tenant is."""
    text = asking.chosen.get("since", "")
    day = instant(text).astimezone(zone()).date() if text else monday()
    return dt.datetime.combine(day, dt.time(), zone())
