"""What is worked out of a deal: what comes next and for how long it stands still; and its value by its products."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.conditions.compiling import Scope
from klientel.kernel.conditions.declared import next_day, nothing_planned, worked_out
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import DateTime, YesNo
from klientel.kernel.records import RecordType
from klientel.kernel.sql import Sql
from klientel.sales.models import quoting
from klientel.sales.models.holding import OPEN
from klientel.sales.models.naming import check_products
from klientel.sales.models.quoteform import QuoteForm

_STILL = (("sales.deal", "state"),)
_SINCE = (("sales.deal", "stage"), ("sales.deal", "entered_stage_at"), ("sales.stage", "rots_after"))


def _rots_at(_scope: Scope, _rtype: RecordType, alias: str) -> Sql:
    days = f"SELECT make_interval(days => s.rots_after::int) FROM sales_stage s WHERE s.tenant_id = {alias}.tenant_id"
    since = f"{alias}.entered_stage_at + ({days} AND s.id = {alias}.stage)"
    return Sql(f"(CASE WHEN {alias}.state = %s THEN {since} END)", (OPEN,))


def _rotting(scope: Scope, rtype: RecordType, alias: str) -> Sql:
    at = _rots_at(scope, rtype, alias)
    return Sql(f"coalesce({at.text} < now(), false)", at.params)


# fmt: off
#: fields of a deal that are worked out when they are read
WORKED_OUT = {
    kind.name: kind
    for kind in (
        next_day("next_day", _("next step on")),
        nothing_planned(
            "idle", _("nothing planned"), f"{{t}}.state = '{OPEN}'", reads=_STILL, tone="warn",
            help_text=_("Open, and without an open entry."),
        ),
        worked_out(DateTime, "rots_at", _("too long here from"), _rots_at, reads=(*_STILL, *_SINCE)),
        worked_out(YesNo, "rotting", _("too long in its stage"), _rotting, reads=(*_STILL, *_SINCE), tone="bad"),
    )
}
# fmt: on


def priced(step: Any, draft: Any) -> None:
    """The value of a deal that has products is their net sum, unless somebody says another one by hand."""
    deal, changes = draft.record, draft.changes
    if not changes.keys() & {"positions", "value", "value_by_hand"}:
        return
    check_products(step, draft)
    if not deal.positions:
        if deal.value_by_hand:
            step.stamp(deal, value_by_hand=False)
        return
    if "value" in changes and "positions" not in changes:
        _one_currency(changes["value"])
    total = _total(step, deal)
    if "value" in changes and "value_by_hand" not in changes and deal.value != total:
        step.stamp(deal, value_by_hand=True)
    if not deal.value_by_hand:
        step.stamp(deal, value=total)


def _one_currency(change: list[Any]) -> None:
    was, now = ((one or {}).get("currency") for one in change)
    if was and now and was != now:
        raise Refused("currency_fixed", _("The products have prices in another currency already."), "value")


def _total(step: Any, deal: Any) -> dict[str, str]:
    positions = quoting.with_rates(deal.positions, quoting.first_form(step) or QuoteForm())
    totals, _places = quoting.added_up(deal, positions)
    if positions != deal.positions:
        step.stamp(deal, positions=positions)
    return quoting.as_money(totals, "net")
