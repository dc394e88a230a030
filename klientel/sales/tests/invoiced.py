"""Our quotation read as the invoice that it would become, so that the rules for incoming invoices judge it."""

from __future__ import annotations

from xml.etree.ElementTree import Element, tostring

from klientel.lib.einvoices import EInvoice, broken_rules, differences, read

#: what an invoice calls the parts of a quotation (UBL 2.1); all others are called the same
_CALLED = {
    "Quotation": "Invoice", "PricingCurrencyCode": "DocumentCurrencyCode", "LineItem": "InvoiceLine",
    "SellerSupplierParty": "AccountingSupplierParty", "BuyerCustomerParty": "AccountingCustomerParty",
    "QuotedMonetaryTotal": "LegalMonetaryTotal", "Quantity": "InvoicedQuantity",
}  # fmt: skip
#: rules that are about an invoice and not about an offer, and why
NOT_ASKED = {
    "BR-01": "a quotation follows no specification of invoices, so it names none (BT-24)",
    "BR-04": "its root says what it is; UNTDID 1001 is about invoices (BT-3)",
    "BR-CO-25": "nothing is due before somebody accepts (BT-9, BT-20)",
    "BR-IC-11": "nothing was delivered yet (BT-72)",
    "BR-IC-12": "where to is said by the order (BT-80)",
}


def invoice_of(root: Element) -> EInvoice:
    """The lines that count; optional ones and alternatives would be none of an invoice's."""
    return read(tostring(_renamed(root)))


def _renamed(one: Element) -> Element:
    made = Element(_name(one), one.attrib)
    made.text = one.text
    for part in one:
        if part.tag.endswith("}QuotationLine"):
            [item] = [each for each in part if each.tag.endswith("}LineItem")]
            if not any(each.tag.endswith("}MaximumQuantity") for each in item):
                made.append(_renamed(item))
        else:
            made.append(_renamed(part))
    return made


def _name(one: Element) -> str:
    name = one.tag.rpartition("}")[2]
    return _CALLED.get(name, name)


def broken(root: Element) -> set[str]:
    """The rules of EN 16931 that the quotation does not keep, and sums that do not follow from its lines."""
    made = invoice_of(root)
    return {one.rule for one in broken_rules(made)} - NOT_ASKED.keys() | {one.code for one in differences(made)}
