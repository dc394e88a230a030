"""The syntax UN/CEFACT CII D16B as EN 16931-3-3 binds it; Factur-X and ZUGFeRD write it too."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from klientel.lib.einvoices.ciiterms import SHAPE
from klientel.lib.einvoices.document import EInvoice, Item, Party, Stated
from klientel.lib.einvoices.parts import change, currency, day, in_currency, needed, number, tax, text
from klientel.lib.einvoices.terms import gather
from klientel.lib.pricing import Allowance, Change, Position
from klientel.lib.sentences import Unreadable

_CHANGE = {
    "percent": "CalculationPercent", "base": "BasisAmount", "amount": "ActualAmount",
    "indicator": "ChargeIndicator/Indicator",
}  # fmt: skip
_SUMS = {
    "lines_net": "LineTotalAmount", "allowances": "AllowanceTotalAmount", "charges": "ChargeTotalAmount",
    "net": "TaxBasisTotalAmount", "gross": "GrandTotalAmount", "due": "DuePayableAmount",
}  # fmt: skip
_NET = "SpecifiedLineTradeAgreement/NetPriceProductTradePrice"
_LINE_NET = "SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount"
_GUIDELINE = "ExchangedDocumentContext/GuidelineSpecifiedDocumentContextParameter/ID"


def read(root: Any) -> EInvoice:
    """What the invoice says; Unreadable where a part is missing that every invoice has."""
    trade, head = root.find("SupplyChainTradeTransaction"), root.find("ExchangedDocument")
    settled = trade.find("ApplicableHeaderTradeSettlement") if trade is not None else None
    total = settled.find("SpecifiedTradeSettlementHeaderMonetarySummation") if settled is not None else None
    if trade is None or settled is None or head is None or total is None:
        raise Unreadable("einvoice.missing", what="BG-22")
    agreed, code = trade.find("ApplicableHeaderTradeAgreement"), currency(settled, "InvoiceCurrencyCode")
    issued = day(needed(head, "IssueDateTime/DateTimeString", "BT-2"))
    assert issued is not None
    due = settled.find("SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString")
    lines = [one for one in trade.findall("IncludedSupplyChainTradeLineItem") if one.find(_NET) is not None]
    return EInvoice(
        "CII", text(root, _GUIDELINE), needed(head, "ID", "BT-1"), issued, text(head, "TypeCode") or "380", code,
        _party(agreed, "SellerTradeParty"), _party(agreed, "BuyerTradeParty"), _stated(settled, total, code),
        day(text(due, ".")), text(agreed, "BuyerReference"),
        text(agreed, "BuyerOrderReferencedDocument/IssuerAssignedID"),
        text(agreed, "ContractReferencedDocument/IssuerAssignedID"),
        text(settled, "InvoiceReferencedDocument/IssuerAssignedID"),
        number(total, "TotalPrepaidAmount"), number(total, "RoundingAmount"),
        tuple(_item(one) for one in lines), tuple(_allowances(settled)), gather(root, SHAPE),
    )  # fmt: skip


def _stated(settled: Any, total: Any, code: str) -> Stated:
    sums = {name: number(total, path) for name, path in _SUMS.items()}
    sums["tax"] = number(in_currency(total.findall("TaxTotalAmount"), code), ".")
    groups = {
        tax(one, "CategoryCode", "RateApplicablePercent").group: (
            number(one, "BasisAmount"), number(one, "CalculatedAmount"),
        )
        for one in settled.findall("ApplicableTradeTax")
    }  # fmt: skip
    third = sum((number(one, "PaidAmount") for one in settled.findall("PrepaidPayment")), Decimal(0))
    return Stated(sums, groups, third)


def _party(agreed: Any, path: str) -> Party:
    one = agreed.find(path) if agreed is not None else None
    ids = {
        each.get("schemeID", ""): text(each, ".", 40)
        for each in (one.findall("SpecifiedTaxRegistration/ID") if one is not None else ())
    }
    at = one.find("PostalTradeAddress") if one is not None else None
    mail = text(one, "DefinedTradeContact/EmailURIUniversalCommunication/URIID")
    return Party(
        text(one, "Name"), ids.get("VA", ""), ids.get("FC", ""), text(one, "ID", 60) or text(one, "GlobalID", 60),
        text(at, "LineOne"), text(at, "PostcodeCode", 20), text(at, "CityName"), text(at, "CountryID", 2), mail,
    )  # fmt: skip


def _allowances(settled: Any) -> Iterator[Allowance]:
    for one in settled.findall("SpecifiedTradeAllowanceCharge"):
        group = tax(one.find("CategoryTradeTax"), "CategoryCode", "RateApplicablePercent")
        yield Allowance(change(one, **_CHANGE), group)
    for one in settled.findall("SpecifiedLogisticsServiceCharge"):
        group = tax(one.find("AppliedTradeTax"), "CategoryCode", "RateApplicablePercent")
        yield Allowance(Change(amount=number(one, "AppliedAmount"), surcharge=True), group)


def _item(one: Any) -> Item:
    settled, product = one.find("SpecifiedLineTradeSettlement"), one.find("SpecifiedTradeProduct")
    quantity = one.find("SpecifiedLineTradeDelivery/BilledQuantity")
    if settled is None:
        raise Unreadable("einvoice.missing", what="BT-131")
    position = Position(
        number(quantity, "."), number(one, f"{_NET}/ChargeAmount"),
        tax(settled.find("ApplicableTradeTax"), "CategoryCode", "RateApplicablePercent"),
        changes=tuple(change(each, **_CHANGE) for each in settled.findall("SpecifiedTradeAllowanceCharge")),
        per=number(one, f"{_NET}/BasisQuantity", "1"),
    )  # fmt: skip
    return Item(
        text(product, "Name", 300), text(product, "Description", 4000), text(product, "SellerAssignedID", 60),
        quantity.get("unitCode", "") if quantity is not None else "", number(one, _LINE_NET), position,
    )  # fmt: skip
