"""What changed since: every deal that moved in the forecast of a period, with its amounts, adding up exactly.

Read from the past of the records themselves, which their events keep: no copy of all deals of each day is needed. What
an amount was worth follows the rates known today, then and now alike.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.insights.dashboards import Asked
from klientel.insights.queries.adding import days, worth_of
from klientel.kernel.conditions import compile as compile_condition
from klientel.kernel.errors import Refused
from klientel.kernel.history.past import Then
from klientel.kernel.sql import Sql, both
from klientel.sales.models.holding import LOST, OPEN, WON
from klientel.sales.queries.forecast import COUNTED

MOST = 1000
NEEDED = ("value", "counts_on", "state", "stage")


class Move(StrEnum):
    """What became of a deal."""

    NEW = "new"
    WON = "won"
    LOST = "lost"
    REMOVED = "removed"
    REOPENED = "reopened"
    LATER = "later"
    EARLIER = "earlier"
    UP = "up"
    DOWN = "down"
    STAGE = "stage"
    OTHER = "other"


LABELS = {
    Move.NEW: _("new"),
    Move.WON: _("won"),
    Move.LOST: _("lost"),
    Move.REMOVED: _("removed"),
    Move.REOPENED: _("reopened"),
    Move.LATER: _("later than before"),
    Move.EARLIER: _("earlier than before"),
    Move.UP: _("amount up"),
    Move.DOWN: _("amount down"),
    Move.STAGE: _("another stage"),
    Move.OTHER: _("something else"),
}


@dataclass(frozen=True)
class Moved:
    """One deal: what it was in the sum then and is now, in our currency, not rounded; zero where it is not in it."""

    deal: UUID
    move: Move
    before: Decimal
    now: Decimal
    then_on: dt.date | None
    now_on: dt.date | None

    @property
    def difference(self) -> Decimal:
        """What it adds to the sum."""
        return self.now - self.before


def moved(asking: Asked, since: dt.datetime) -> list[Moved]:
    """The deals that moved in the open amounts of the period since an instant; the largest difference first."""
    scope, rtype = asking.scope, asking.rtype
    seen = scope.visible(rtype)
    if not all(n in seen for n in NEEDED):
        raise Refused("no_such_field", _("There is no such field."), "value")
    then = Then(scope, since)
    source, allowed_then = then.changed(rtype, then.since(rtype))
    where = open_in_period(asking)
    was = both([Sql("t.archived_at IS NULL"), then.condition(rtype, where)])
    now = both([Sql("n.archived_at IS NULL"), compile_condition(rtype, where, scope, "n")])
    worth_then, worth_now = (worth_of(seen["value"], seen["counts_on"], a) for a in "tn")
    new = both([then.made(rtype), now])
    begun = then.begun()
    text = (
        f"{begun.text}SELECT * FROM ("
        f"SELECT n.id, false AS new, ({was.text}) IS TRUE AS was, ({now.text}) IS TRUE AS is_in,"
        f" {worth_then.text} AS before, {worth_now.text} AS worth, t.state AS was_state, n.state,"
        " t.counts_on AS was_on, n.counts_on, t.stage IS DISTINCT FROM n.stage AS restaged,"
        f" n.archived_at IS NOT NULL AS gone FROM {source.text} WHERE {allowed_then.text}"
        f" UNION ALL SELECT n.id, true, false, true, NULL, {worth_now.text}, NULL, n.state, NULL, n.counts_on, false,"
        f" false FROM {rtype.table} n WHERE {new.text}) x WHERE was <> is_in OR (was AND (restaged"
        " OR before IS DISTINCT FROM worth OR was_on IS DISTINCT FROM counts_on))"
    )
    params = (
        *begun.params, *was.params, *now.params, *worth_then.params, *worth_now.params, *source.params,
        *allowed_then.params, *worth_now.params, *new.params,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        found = [_moved(*row) for row in cursor.fetchall()]
    return sorted(found, key=lambda m: (-abs(m.difference), str(m.deal)))


def open_in_period(asking: Asked) -> Any:
    """Open deals that count in the forecast of the period."""
    return asking.where(days(asking.rtype.fields["counts_on"], "counts_on", asking.first, asking.after), COUNTED)


def _moved(
    deal: UUID, new: bool, was: bool, is_in: bool, before: Any, worth: Any,
    was_state: str | None, state: str, was_on: Any, now_on: Any, restaged: bool, gone: bool,
) -> Moved:  # fmt: skip
    old, now = (before or Decimal(0)) if was else Decimal(0), (worth or Decimal(0)) if is_in else Decimal(0)
    if new:
        move = Move.NEW
    elif gone:
        move = Move.REMOVED
    elif was_state == OPEN and state in (WON, LOST):
        move = Move.WON if state == WON else Move.LOST
    elif was_state != OPEN and state == OPEN:
        move = Move.REOPENED
    else:
        move = _change(old, now, was_on, now_on, restaged=restaged)
    return Moved(deal, move, old, now, was_on, now_on)


def _change(old: Decimal, now: Decimal, was_on: Any, now_on: Any, *, restaged: bool) -> Move:
    if was_on != now_on:
        return Move.EARLIER if was_on is None or (now_on is not None and now_on < was_on) else Move.LATER
    if old and now and old != now:
        return Move.UP if now > old else Move.DOWN
    return Move.STAGE if restaged else Move.OTHER
