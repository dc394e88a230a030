"""What follows when an invoice or a payment is written: signs, missing sums, what is open, who numbered it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, filled
from klientel.kernel.kinds import today
from klientel.kernel.tenancy import current
from klientel.lib.numbers import format_money
from klientel.lib.pricing import rounded
from klientel.lib.words import fold
from klientel.sales.models.currency import money
from klientel.sales.models.naming import check_products
from klientel.sales.models.ordering import one_currency
from klientel.sales.models.positions import COUNTED
from klientel.sales.models.telling import figure

OPEN, PARTLY, PAID, VOID = "open", "partly", "paid", "void"
STATES = ((OPEN, _("open")), (PARTLY, _("partly paid")), (PAID, _("paid")), (VOID, _("voided")))
TONES = {OPEN: "info", PARTLY: "warn", PAID: "ok", VOID: ""}
INVOICE, CREDIT = "invoice", "credit_note"
SORTS = ((INVOICE, _("invoice")), (CREDIT, _("credit note")))
SORT_TONES = {CREDIT: "warn"}
OUTGOING, INCOMING = "outgoing", "incoming"
DIRECTIONS = ((OUTGOING, _("to a customer")), (INCOMING, _("from a supplier")))
#: the invoices and credit notes that make up what a customer brought in
REVENUE = {"all": [
    {"field": "direction", "op": "is", "value": OUTGOING},
    {"field": "state", "op": "is_not", "value": VOID},
]}  # fmt: skip
_SUMS = ("net", "tax", "gross")
_AMOUNTS = (*_SUMS, "paid")
_SETTLED = (*_AMOUNTS, "sort", "findings", "open", "state")
#: by field: what follows from it (`About.derives`)
DERIVES = dict.fromkeys((*_AMOUNTS, "sort", "state", "payments", "paid_on"), _SETTLED) | dict.fromkeys(
    ("direction", "seller", "seller_vat_id", "organisation"), ("issuer",)
)
_ZERO, _CENT = Decimal(0), Decimal("0.01")


def derive(step: Any, draft: Any) -> None:
    """Bring a written invoice in line; refused where its amounts are of several currencies."""
    invoice, touched = draft.record, set(draft.changes)
    if invoice.due and invoice.date and invoice.due < invoice.date - dt.timedelta(days=366):
        raise Refused("due_before_date", _("It is due long before its date."), "due")
    check_products(step, draft, deleted=True)
    if draft.new or touched & {"currency", *_AMOUNTS}:
        one_currency(step, invoice, _AMOUNTS, new=draft.new)
    if draft.new or touched & {"sort", *_AMOUNTS}:
        _sign(step, invoice)
        _fill(step, invoice, touched)
    if touched & {"paid_on"}:
        _paid_by_day(step, invoice)
    step.stamp(invoice, issuer=issuer_of(invoice))
    settle(step, invoice)


def issuer_of(invoice: Any) -> str:
    """Whose number it is: nothing for our own, the supplier's VAT ID or name for what we got."""
    if invoice.direction != INCOMING:
        return ""
    plain = "".join((invoice.seller_vat_id or "").split()).upper()
    return plain or fold(invoice.seller or "")[:200] or str(invoice.organisation or "")


def settle(step: Any, invoice: Any) -> None:
    """What is open and the state that follows. Of what the ERP says and the payments we know, the further one counts.

    Both say the same thing, so they are never added up.
    """
    gross = amount(invoice.gross)
    paid = max((amount(invoice.paid), amount(invoice.payments)), key=lambda one: one if gross >= 0 else -one)
    left = gross - paid
    if invoice.state == VOID:
        left, state = _ZERO, VOID
    elif left == 0 or (left < 0) != (gross < 0):
        state = PAID
    else:
        state = PARTLY if paid else OPEN
    if invoice.gross:
        step.stamp(invoice, open=money(left, invoice.gross["currency"]), state=state)


def amount(value: Any) -> Decimal:
    """The amount of a money value; nothing is nought."""
    return Decimal(value["amount"]) if value else _ZERO


def _sign(step: Any, invoice: Any) -> None:
    """Amounts of a credit note are negative, however they came; a negative invoice is one."""
    if invoice.sort == INVOICE and amount(invoice.gross) < 0:
        step.stamp(invoice, sort=CREDIT)
    for name in _AMOUNTS if invoice.sort == CREDIT else ():
        if (value := getattr(invoice, name)) and Decimal(value["amount"]) > 0:
            step.stamp(invoice, **{name: {"amount": f"-{value['amount']}", "currency": value["currency"]}})


def _fill(step: Any, invoice: Any, touched: set[str]) -> None:
    """The one of net, tax and total that is missing; where all three are there and differ, that is told."""
    net, tax, gross = (getattr(invoice, name) for name in _SUMS)
    if net and not tax:
        step.stamp(invoice, tax=money(amount(gross) - amount(net), gross["currency"]))
    elif tax and not net:
        step.stamp(invoice, net=money(amount(gross) - amount(tax), gross["currency"]))
    elif net and tax and touched & set(_SUMS) and "findings" not in touched:
        ours, stated = amount(net) + amount(tax), amount(gross)
        found = [{"code": "net_and_tax", "ours": f"{ours:.2f}", "stated": f"{stated:.2f}"}]
        rules = [one for one in invoice.findings or () if "rule" in one]  # of the document, which stays as it is
        step.stamp(invoice, findings=[*(found if ours != stated else ()), *rules])


def _paid_by_day(step: Any, invoice: Any) -> None:
    """A list that only says when it was paid means: all of it."""
    if invoice.paid_on is not None and not invoice.paid and not invoice.payments:
        step.stamp(invoice, paid=invoice.gross)


def told_line(one: dict[str, Any], currency: str, language: str) -> dict[str, Any]:
    """A line of an invoice as texts; what it comes to follows from its own figures, without being judged."""
    quantity, price = Decimal(one.get("quantity") or 0), Decimal(one.get("price") or 0)
    full, off = rounded(quantity * price, _CENT), Decimal(one.get("discount") or 0)
    net = full - (off if one.get("discount_in") == "amount" else rounded(full * off / 100, _CENT))
    return {
        "role": one.get("role", COUNTED), "name": one.get("name", ""), "unit": one.get("unit", ""),
        "quantity": figure(quantity, language), "price": figure(price, language, places=2), "discount": "",
        "net": format_money(net, currency, language),
    }  # fmt: skip


def overdue_days(invoice: Any) -> int:
    """For how many days it is overdue; 0 where it is not."""
    if invoice.state not in (OPEN, PARTLY) or invoice.due is None or amount(invoice.open) <= 0:
        return 0
    return int(max(0, (today() - invoice.due).days))


# -- payments ----------------------------------------------------------------------------------------------------------

_PAID = """
SELECT coalesce(sum((amount->>'amount')::numeric), 0), max(date) FROM sales_payment
WHERE tenant_id = %s AND invoice = %s AND archived_at IS NULL
"""


def derive_payment(step: Any, draft: Any) -> None:
    """A payment is in the currency of its invoice, and of today unless somebody says another day."""
    payment = draft.record
    if draft.new and payment.date is None:
        step.stamp(payment, date=today())
    if not {"amount", "invoice"} & set(draft.changes):
        return
    currency = step.once(("sales.invoice.currency", payment.invoice), lambda: _currency(payment.invoice))
    if currency and payment.amount["currency"] != currency:
        raise Refused("currency", filled(_("The invoice is in %(currency)s."), {"currency": currency}), "amount")


def _currency(invoice_id: UUID) -> str:
    gross = apps.get_model("sales", "Invoice").objects.filter(pk=invoice_id).values_list("gross", flat=True).first()
    return str(gross["currency"]) if gross else ""


def take_payments(step: Any, invoice: Any, more: Decimal = _ZERO, day: dt.date | None = None) -> None:
    """Bring an invoice in line with its payments; ``more`` is what is being paid just now."""
    step.settle("sales_payment")
    with connection.cursor() as cursor:
        cursor.execute(_PAID, [current(), invoice.pk])
        known, last = cursor.fetchone()
    days = [one for one in (last, day) if one]
    total = Decimal(known) + more
    if not total and not days and not invoice.payments:
        return
    if days and (invoice.paid_on is None or invoice.payments):
        step.stamp(invoice, paid_on=max(days))
    step.stamp(invoice, payments=money(total, invoice.gross["currency"]))
