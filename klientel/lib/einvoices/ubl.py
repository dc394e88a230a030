"""The syntax UBL 2.1 (Invoice and CreditNote) as EN 16931-3-2 binds it."""

from decimal import Decimal
from typing import Any

from klientel.lib.einvoices.document import EInvoice, Item, Party, Stated
from klientel.lib.einvoices.parts import change, currency, day, in_currency, needed, number, tax, text
from klientel.lib.einvoices.terms import gather
from klientel.lib.einvoices.ublterms import SHAPE
from klientel.lib.pricing import Allowance, Position
from klientel.lib.sentences import Unreadable

_CHANGE = {
    "percent": "MultiplierFactorNumeric", "base": "BaseAmount", "amount": "Amount", "indicator": "ChargeIndicator",
}  # fmt: skip
_SUMS = {
    "lines_net": "LineExtensionAmount", "allowances": "AllowanceTotalAmount", "charges": "ChargeTotalAmount",
    "net": "TaxExclusiveAmount", "gross": "TaxInclusiveAmount", "due": "PayableAmount",
}  # fmt: skip


def read(root: Any) -> EInvoice:
    """What the invoice says; Unreadable where a part is missing that every invoice has."""
    total, code = root.find("LegalMonetaryTotal"), currency(root, "DocumentCurrencyCode")
    if total is None:
        raise Unreadable("einvoice.missing", what="BG-22")
    issued = day(needed(root, "IssueDate", "BT-2"))
    assert issued is not None
    credit = root.tag == "CreditNote"
    due = (
        text(root, "DueDate") or text(root, "PaymentMeans/PaymentDueDate") or text(root, "PaymentTerms/PaymentDueDate")
    )
    return EInvoice(
        "UBL", text(root, "CustomizationID"), needed(root, "ID", "BT-1"), issued,
        text(root, "CreditNoteTypeCode" if credit else "InvoiceTypeCode") or ("381" if credit else "380"), code,
        _party(root.find("AccountingSupplierParty/Party")), _party(root.find("AccountingCustomerParty/Party")),
        _stated(root, total, code), day(due), text(root, "BuyerReference"), text(root, "OrderReference/ID"),
        text(root, "ContractDocumentReference/ID"), text(root, "BillingReference/InvoiceDocumentReference/ID"),
        number(total, "PrepaidAmount"), number(total, "PayableRoundingAmount"),
        tuple(_item(one) for one in [*root.findall("InvoiceLine"), *root.findall("CreditNoteLine")]),
        tuple(
            Allowance(change(one, **_CHANGE), tax(one.find("TaxCategory"), "ID", "Percent"))
            for one in root.findall("AllowanceCharge")
        ),
        gather(root, SHAPE),
    )  # fmt: skip


def _stated(root: Any, total: Any, code: str) -> Stated:
    sums = {name: number(total, path) for name, path in _SUMS.items()}
    sums["tax"] = number(in_currency(root.findall("TaxTotal/TaxAmount"), code), ".")
    groups = {
        tax(one.find("TaxCategory"), "ID", "Percent").group: (number(one, "TaxableAmount"), number(one, "TaxAmount"))
        for one in root.findall("TaxTotal/TaxSubtotal")
    }
    third = sum((number(one, "PaidAmount") for one in root.findall("PrepaidPayment")), Decimal(0))
    return Stated(sums, groups, third)


def _party(one: Any) -> Party:
    ids = {
        text(each, "TaxScheme/ID").upper(): text(each, "CompanyID", 40)
        for each in (one.findall("PartyTaxScheme") if one is not None else ())
    }
    at = one.find("PostalAddress") if one is not None else None
    return Party(
        text(one, "PartyLegalEntity/RegistrationName") or text(one, "PartyName/Name"), ids.get("VAT", ""),
        next((value for key, value in ids.items() if key != "VAT"), ""), text(one, "PartyIdentification/ID", 60),
        text(at, "StreetName"), text(at, "PostalZone", 20), text(at, "CityName"),
        text(at, "Country/IdentificationCode", 2), text(one, "Contact/ElectronicMail"),
    )  # fmt: skip


def _item(one: Any) -> Item:
    credited = one.find("InvoicedQuantity") is None
    quantity = one.find("CreditedQuantity" if credited else "InvoicedQuantity")
    unit = quantity.get("unitCode", "") if quantity is not None else ""
    position = Position(
        number(quantity, "."), number(one, "Price/PriceAmount"),
        tax(one.find("Item/ClassifiedTaxCategory"), "ID", "Percent"),
        changes=tuple(change(each, **_CHANGE) for each in one.findall("AllowanceCharge")),
        per=number(one, "Price/BaseQuantity", "1"),
    )  # fmt: skip
    return Item(
        text(one, "Item/Name", 300), text(one, "Item/Description", 4000),
        text(one, "Item/SellersItemIdentification/ID", 60), unit, number(one, "LineExtensionAmount"), position,
    )  # fmt: skip
