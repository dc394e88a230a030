"""An e-invoice as values of our invoice: whose it is, to which order it belongs, what does not add up."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import visible_ids
from klientel.kernel.errors import Refused, phrased
from klientel.kernel.records import type_of
from klientel.kernel.twins.checking import similar
from klientel.lib.einvoices import EInvoice, Item, Party, broken_rules, differences, read, xml_of
from klientel.lib.pricing import rounded
from klientel.lib.sentences import Unreadable
from klientel.sales.models import Contract, Invoice, Order, QuoteForm
from klientel.sales.models.findingterms import kept
from klientel.sales.models.invoicing import CREDIT, INCOMING, INVOICE, OUTGOING
from klientel.sales.models.positions import MOST
from klientel.sales.models.taxing import CATEGORIES

SENTENCES = {
    "einvoice.empty": gettext_noop("The file is empty."),
    "einvoice.no_invoice": gettext_noop("The file is no e-invoice: it is neither XML nor a PDF that carries XML."),
    "einvoice.pdf_without": gettext_noop("This PDF carries no e-invoice: no XML is attached to it."),
    "einvoice.pdf_damaged": gettext_noop("This PDF is damaged and cannot be opened."),
    "einvoice.encrypted": gettext_noop("This PDF is protected with a password. Please send it without one."),
    "einvoice.several": gettext_noop(
        "Several XML files are attached to this PDF, and it is not clear which one is the invoice."
    ),
    "einvoice.too_large": gettext_noop("The e-invoice is too large or too deeply nested to be read."),
    "einvoice.broken": gettext_noop("The XML is damaged or not in the encoding that it names."),
    "einvoice.dtd": gettext_noop(
        "The XML defines entities or a document type. E-invoices have none, so it was not read."
    ),
    "einvoice.old": gettext_noop(
        "This is ZUGFeRD 1, which is no invoice of EN 16931. Please ask for ZUGFeRD 2 or XRechnung."
    ),
    "einvoice.other": gettext_noop("The XML is no invoice but “{name}”."),
    "einvoice.missing": gettext_noop("The invoice does not say what every invoice says ({what})."),
    "einvoice.number": gettext_noop("“{text}” in the invoice is not a number."),
    "einvoice.date": gettext_noop("“{text}” in the invoice is not a date."),
    "einvoice.currency": gettext_noop("“{text}” in the invoice is not a currency."),
}
_SURE = 0.9  # from which likeness a name and an address are the same customer without a VAT ID
_TAXES = {"AE": "reverse", "K": "eu", "G": "export", "E": "exempt", "O": "none", "Z": "zero"}
_UNITS = {"C62": "", "H87": "Stück", "XPP": "Stück", "HUR": "h", "DAY": "Tag", "KGM": "kg", "MTR": "m", "LTR": "l",
          "MON": "Monat", "LS": ""}  # fmt: skip
_FOURTH = Decimal("0.0001")


def read_file(data: bytes) -> EInvoice:
    """The e-invoice of a file; :class:`Refused` at ``document`` with one sentence where there is none."""
    try:
        return read(xml_of(data))
    except Unreadable as no:
        text = phrased(SENTENCES.get(no.code, no.message), no.details)
        raise Refused(no.code, text, "document") from no


def values_of(scope: ActorScope, found: EInvoice, home: UUID | None) -> dict[str, Any]:
    """Fields of an invoice. ``home`` is the organisation on whose page it was given, if any."""
    direction, organisation = _parties(scope, found, home)
    sums, currency = found.stated.sums, found.currency

    def money(amount: Decimal) -> dict[str, str]:
        return {"amount": format(amount, "f"), "currency": currency}

    values: dict[str, Any] = {
        "number": found.number, "date": found.date, "direction": direction, "organisation": organisation,
        "sort": CREDIT if found.is_credit_note else INVOICE, "due": found.due, "currency": currency,
        "net": money(sums["net"]), "tax": money(sums["tax"]), "gross": money(sums["gross"]),
        "paid": money(found.paid) if found.paid else None,
        "seller": found.seller.name, "seller_vat_id": found.seller.vat_id,
        "buyer": found.buyer.name, "buyer_vat_id": found.buyer.vat_id,
        "reference": found.buyer_reference or found.order_reference, "positions": positions_of(found),
    }  # fmt: skip
    return values | (_related(scope, found) if direction == OUTGOING else {})


def facts_of(found: EInvoice) -> dict[str, Any]:
    """What Klientel itself says of it: the format, what does not add up, which rules of the norm it does not keep."""
    name = (
        "XRechnung" if "xrechnung" in found.profile else "ZUGFeRD / Factur-X" if found.syntax == "CII" else "EN 16931"
    )
    told = [
        {"code": one.code, "ours": f"{one.ours:.2f}", "stated": f"{one.stated:.2f}"}
        | ({"line": one.line} if one.line else {})
        | ({"rate": format(one.rate, "f")} if one.code == "tax_of_rate" else {})
        for one in differences(found)[:50]
    ]
    told += kept(islice(broken_rules(found), 50))
    if len(found.items) > MOST:
        told.append({"code": "more_lines", "n": MOST, "all": len(found.items)})
    return {"format": f"{name} ({found.syntax})", "findings": told}


def positions_of(found: EInvoice) -> list[dict[str, str]]:
    """Its lines as far as a record holds them; each comes to what the invoice says."""
    return [_line(one) for one in found.items[:MOST]]


def _line(one: Item) -> dict[str, str]:
    position = one.position
    price = rounded(position.unit_price / position.per, _FOURTH) if position.per else position.unit_price
    quantity = rounded(position.quantity, Decimal("0.001"))
    if rounded(quantity * price, Decimal("0.01")) != one.net or abs(quantity) >= 10**12:
        quantity, price = Decimal(1).copy_sign(one.net), abs(one.net)
    rate = position.tax.rate
    tax = _TAXES.get(position.tax.category) or ("reduced" if 0 < rate < 10 else "standard")
    line = {
        "role": "counted", "name": one.name or "–", "text": one.text, "number": one.article,
        "unit": _UNITS.get(one.unit, one.unit)[:30], "quantity": format(quantity, "f"), "price": format(price, "f"),
        "tax": tax if tax in CATEGORIES else "standard", "rate": format(rounded(rate, Decimal("0.01")), "f"),
    }  # fmt: skip
    return {name: value for name, value in line.items() if value}


def _plain(vat_id: str) -> str:
    return "".join(c for c in vat_id.upper() if c.isalnum())


def _parties(scope: ActorScope, found: EInvoice, home: UUID | None) -> tuple[str, UUID | None]:
    """Whether it is ours or a supplier's, and the organisation at the other end."""
    own = {_plain(one) for one in QuoteForm.objects.filter(archived_at=None).values_list("vat_id", flat=True) if one}
    seller, buyer = _plain(found.seller.vat_id), _plain(found.buyer.vat_id)
    if seller and seller in own:
        return OUTGOING, home or match(scope, found.buyer)
    if buyer and buyer in own:
        return INCOMING, home or match(scope, found.seller)
    customer, supplier = match(scope, found.buyer), match(scope, found.seller)
    if home is not None:
        return (INCOMING if supplier == home else OUTGOING), home
    if customer is None and supplier is not None:
        return INCOMING, supplier
    return OUTGOING, customer


def match(scope: ActorScope, party: Party) -> UUID | None:
    """The organisation that a party is: by VAT ID or customer number, else by name and address where that is sure."""
    rtype = type_of("contacts.organisation")
    address = {"street": party.street, "postcode": party.postcode, "city": party.city, "country": party.country}
    values = {"name": party.name, "vat_id": party.vat_id, "customer_number": party.identifier,
              "addresses": [address | {"purpose": "work"}]}  # fmt: skip
    wanted = _plain(party.vat_id)
    likely = similar(scope, rtype, values)
    records = {one.pk: one for one in rtype.model.objects.filter(pk__in=[one.id for one in likely])}
    for one in likely:
        there = records[one.id]
        if wanted and _plain(there.vat_id) == wanted:
            return one.id
    for one in likely:
        theirs = _plain(records[one.id].vat_id)
        if one.score >= _SURE and not (wanted and theirs):  # two VAT IDs that differ are two firms
            return one.id
    return None


def _related(scope: ActorScope, found: EInvoice) -> dict[str, Any]:
    """The order, the contract and the invoice it names, as far as the actor sees them."""
    reference = found.order_reference
    orders = Order.objects.filter(archived_at=None)
    order = (
        orders.filter(number=reference).first() or orders.filter(customer_reference=reference).first()
        if reference
        else None
    )
    contract = Contract.objects.filter(archived_at=None, number=found.contract_reference or None).first()
    before = Invoice.objects.filter(archived_at=None, number=found.preceding or None, direction=OUTGOING).first()
    links = {"order": order, "contract": contract, "corrects": before}
    return {
        name: one.pk
        for name, one in links.items()
        if one is not None and visible_ids(scope, type_of(one), [one.pk])
    }  # fmt: skip
