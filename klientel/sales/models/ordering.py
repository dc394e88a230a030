"""What follows when an order is written: its date, its number, its sums."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.kernel.kinds import today
from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.tenancy import alone, current
from klientel.sales.models import quoting
from klientel.sales.models.naming import check_products
from klientel.sales.models.positions import SECTION
from klientel.sales.models.quoteform import QuoteForm, number

OPEN, DELIVERED, DONE, CANCELLED = "open", "delivered", "done", "cancelled"
STATES = (
    (OPEN, _("open")),
    (DELIVERED, _("delivered")),
    (DONE, _("done")),
    (CANCELLED, _("called off")),
)
TONES = {OPEN: "info", DELIVERED: "accent", DONE: "ok", CANCELLED: ""}
PATTERN = "AU-{year}-{n:05}"
AMOUNTS = ("net", "tax", "gross")
_PRICED = frozenset(("positions", "discount", "currency"))
#: by field: what follows from it (`About.derives`)
DERIVES = dict.fromkeys((*_PRICED, *AMOUNTS), ("positions", *AMOUNTS))


def derive(step: Any, draft: Any) -> None:
    """Bring a written order in line with its lines; refused where they cannot be added up."""
    order, changes = draft.record, draft.changes
    touched = set(changes)
    if draft.new:
        step.stamp(order, date=order.date or today(), currency=order.currency or _currency_of(order))
    if not (draft.new and order.quote):  # such a one says what was agreed
        check_products(step, draft, deleted=True)
    if order.positions and (draft.new or touched & {*_PRICED, *AMOUNTS}):
        add_up(step, order)
    elif touched & {"currency", *AMOUNTS}:
        one_currency(step, order, AMOUNTS, new=draft.new)
    if draft.new and not order.number:  # last: an order that is refused must not take a number
        _give_number(step, order)


def add_up(step: Any, order: Any) -> None:
    """Its sums by its lines; a line that says no rate has that of the quote form."""
    positions = with_rates(with_products(step, order.positions), quoting.first_form(step) or QuoteForm())
    totals, _places = quoting.added_up(order, positions)
    step.stamp(order, positions=positions, **{name: quoting.as_money(totals, name) for name in AMOUNTS})


def with_products(step: Any, positions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines that say the number of one product only lead to it, so that what sells is counted with it."""
    known: dict[str, str] = step.once("sales.products.numbered", dict)
    asked = {one["number"] for one in positions if one.get("number") and not one.get("product")}
    if unknown := sorted(asked - known.keys()):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT number, min(id::text) FROM sales_product WHERE tenant_id = %s AND number = ANY(%s)"
                " AND archived_at IS NULL GROUP BY number HAVING count(*) = 1",
                [current(), unknown],
            )
            known |= dict.fromkeys(unknown, "") | dict(cursor.fetchall())
    return [
        one | {"product": found} if not one.get("product") and (found := known.get(one.get("number", ""))) else one
        for one in positions
    ]


def with_rates(positions: list[dict[str, Any]], form: QuoteForm) -> list[dict[str, Any]]:
    """Lines with a rate each: their own, which is what was agreed, or the one that the form says now."""
    fresh = quoting.with_rates(positions, form)
    return [
        one if one.get("role") == SECTION or one.get("rate") else new
        for one, new in zip(positions, fresh, strict=True)
    ]  # fmt: skip


def one_currency(step: Any, record: Any, names: tuple[str, ...], *, new: bool) -> None:
    """All amounts of a record are in its currency: what came without one was read in that of the tenant."""
    currency, own = record.currency or _currency_of(record), currency_of_tenant()
    for name in names:
        value = getattr(record, name)
        if value and value["currency"] != currency:
            if value["currency"] != own:
                raise Refused("currencies", _("All amounts are in one currency."), name)
            step.stamp(record, **{name: {"amount": value["amount"], "currency": currency}})
    if new and currency != record.currency:
        step.stamp(record, currency=currency)


def _currency_of(record: Any) -> str:
    own = currency_of_tenant()
    found = [value["currency"] for name in AMOUNTS if (value := getattr(record, name))]
    return next((one for one in found if one != own), own)


def _give_number(step: Any, order: Any) -> None:
    """The next number of our own, one transaction after the other (PostgreSQL, 13.3.5)."""
    year = order.date.year
    given = step.once(("sales.orders", year), lambda: [_last(year)])
    given[0] += 1
    while _taken(text := number(PATTERN, year, given[0])):  # somebody typed it, or an import brought it
        given[0] += 1
    step.stamp(order, number=text, sequence=year * 1_000_000 + given[0])


def _taken(text: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sales_order WHERE tenant_id = %s AND number = %s LIMIT 1", [current(), text])
        return cursor.fetchone() is not None


def _last(year: int) -> int:
    alone("sales.order.number")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(sequence) FROM sales_order WHERE tenant_id = %s AND sequence BETWEEN %s AND %s",
            [current(), year * 1_000_000, year * 1_000_000 + 999_999],
        )
        return int(cursor.fetchone()[0] or year * 1_000_000) - year * 1_000_000
