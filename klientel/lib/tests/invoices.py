"""E-invoices that others wrote (UBL and CII, bare or inside a PDF), read into sheets with the sums they state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from defusedxml import ElementTree
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from klientel.lib.pricing import Allowance, Change, Position, Sheet, Tax

_REASON = "stands in the invoice"


@dataclass
class Stated:
    """What the invoice itself says: sums by the name of our own, nets of lines, the breakdown by group."""

    sums: dict[str, Decimal]
    lines: list[Decimal]
    taxes: dict[tuple[str, Decimal], tuple[Decimal, Decimal]]
    third_party: Decimal = Decimal(0)
    notes: list[str] = field(default_factory=list)


def invoices_in(path: Path) -> bytes | None:
    """The XML of a file: itself, or what a hybrid PDF carries; None where a PDF carries none."""
    data = path.read_bytes()
    if path.suffix.lower() == ".xml":
        return data
    try:
        attached = PdfReader(BytesIO(data)).attachments
    except PyPdfError:
        return None
    return next((content[0] for name, content in attached.items() if name.lower().endswith(".xml")), None)


def read(data: bytes) -> tuple[Sheet, Stated] | None:
    """Sheet and stated sums; None for what is no invoice of EN 16931 (ZUGFeRD 1, profiles without lines)."""
    root = ElementTree.fromstring(data)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag in ("Invoice", "CreditNote"):
        return _ubl(root)
    return _cii(root) if root.tag == "CrossIndustryInvoice" else None


def _number(element: Any, path: str, otherwise: str | None = "0") -> Decimal | None:
    text = element.findtext(path) if element is not None else None
    if text is None or not text.strip():
        return None if otherwise is None else Decimal(otherwise)
    return Decimal(text.strip())


def _tax(element: Any, category: str, rate: str) -> Tax:
    return Tax((element.findtext(category) or "S").strip(), (_number(element, rate) or Decimal(0)).normalize(), _REASON)


def _change(element: Any, *, percent: str, base: str, amount: str, indicator: str) -> Change:
    share, of = _number(element, percent, None), _number(element, base, None)
    surcharge = (element.findtext(indicator) or "").strip() == "true"
    if share is not None and of is not None:
        return Change(percent=share, base=of, surcharge=surcharge)
    return Change(amount=_number(element, amount), surcharge=surcharge)


# --- UBL ------------------------------------------------------------------------------------------------------------
_UBL_CHANGE = {
    "percent": "MultiplierFactorNumeric", "base": "BaseAmount", "amount": "Amount", "indicator": "ChargeIndicator",
}  # fmt: skip


def _ubl(root: Any) -> tuple[Sheet, Stated]:
    total, currency = root.find("LegalMonetaryTotal"), root.findtext("DocumentCurrencyCode").strip()
    lines = root.findall("InvoiceLine") + root.findall("CreditNoteLine")
    allowances = tuple(
        Allowance(_change(one, **_UBL_CHANGE), _tax(one.find("TaxCategory"), "ID", "Percent"))
        for one in root.findall("AllowanceCharge")
    )
    sheet = Sheet(
        currency, tuple(_ubl_line(one) for one in lines), allowances=allowances, corrective=True,
        paid=_number(total, "PrepaidAmount"), rounding=_number(total, "PayableRoundingAmount"),
    )  # fmt: skip
    names = {
        "lines_net": "LineExtensionAmount", "allowances": "AllowanceTotalAmount", "charges": "ChargeTotalAmount",
        "net": "TaxExclusiveAmount", "gross": "TaxInclusiveAmount", "due": "PayableAmount",
    }  # fmt: skip
    stated = Stated(
        {name: _number(total, path) for name, path in names.items()},
        [_number(one, "LineExtensionAmount") for one in lines],
        {
            _tax(one.find("TaxCategory"), "ID", "Percent").group: (
                _number(one, "TaxableAmount"), _number(one, "TaxAmount"),
            )
            for one in root.findall("TaxTotal/TaxSubtotal")
        },
        sum((_number(one, "PaidAmount") for one in root.findall("PrepaidPayment")), Decimal(0)),
    )  # fmt: skip
    stated.sums["tax"] = _number(_in(root.findall("TaxTotal/TaxAmount"), currency), ".")
    return sheet, stated


def _in(elements: list[Any], currency: str) -> Any:
    """The sum in the invoice's currency: BT-111 repeats it in that of the accounts."""
    return next((one for one in elements if one.get("currencyID", currency) == currency), None)


def _ubl_line(one: Any) -> Position:
    quantity = (
        one.find("InvoicedQuantity") if one.find("InvoicedQuantity") is not None else one.find("CreditedQuantity")
    )
    return Position(
        _number(quantity, "."), _number(one, "Price/PriceAmount"),
        _tax(one.find("Item/ClassifiedTaxCategory"), "ID", "Percent"),
        changes=tuple(_change(each, **_UBL_CHANGE) for each in one.findall("AllowanceCharge")),
        per=_number(one, "Price/BaseQuantity", "1"),
    )  # fmt: skip


# --- CII ------------------------------------------------------------------------------------------------------------
_CII_CHANGE = {
    "percent": "CalculationPercent", "base": "BasisAmount", "amount": "ActualAmount",
    "indicator": "ChargeIndicator/Indicator",
}  # fmt: skip
_NET = "SpecifiedLineTradeAgreement/NetPriceProductTradePrice"
_LINE_NET = "SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount"


def _cii(root: Any) -> tuple[Sheet, Stated] | None:
    trade = root.find("SupplyChainTradeTransaction")
    settled = trade.find("ApplicableHeaderTradeSettlement")
    total = settled.find("SpecifiedTradeSettlementHeaderMonetarySummation")
    lines = [one for one in trade.findall("IncludedSupplyChainTradeLineItem") if one.find(_NET) is not None]
    if not lines:
        return None
    currency = settled.findtext("InvoiceCurrencyCode").strip()
    sheet = Sheet(
        currency, tuple(_cii_line(one) for one in lines), allowances=tuple(_cii_allowances(settled)), corrective=True,
        paid=_number(total, "TotalPrepaidAmount"), rounding=_number(total, "RoundingAmount"),
    )  # fmt: skip
    names = {
        "lines_net": "LineTotalAmount", "allowances": "AllowanceTotalAmount", "charges": "ChargeTotalAmount",
        "net": "TaxBasisTotalAmount", "gross": "GrandTotalAmount", "due": "DuePayableAmount",
    }  # fmt: skip
    stated = Stated(
        {name: _number(total, path) for name, path in names.items()},
        [_number(one, _LINE_NET) for one in lines],
        {
            _tax(one, "CategoryCode", "RateApplicablePercent").group: (
                _number(one, "BasisAmount"), _number(one, "CalculatedAmount"),
            )
            for one in settled.findall("ApplicableTradeTax")
        },
        sum((_number(one, "PaidAmount") for one in settled.findall("PrepaidPayment")), Decimal(0)),
    )  # fmt: skip
    stated.sums["tax"] = _number(_in(total.findall("TaxTotalAmount"), currency), ".")
    return sheet, stated


def _cii_allowances(settled: Any) -> Iterator[Allowance]:
    for one in settled.findall("SpecifiedTradeAllowanceCharge"):
        tax = _tax(one.find("CategoryTradeTax"), "CategoryCode", "RateApplicablePercent")
        yield Allowance(_change(one, **_CII_CHANGE), tax)
    for one in settled.findall("SpecifiedLogisticsServiceCharge"):
        tax = _tax(one.find("AppliedTradeTax"), "CategoryCode", "RateApplicablePercent")
        yield Allowance(Change(amount=_number(one, "AppliedAmount"), surcharge=True), tax)


def _cii_line(one: Any) -> Position:
    settled = one.find("SpecifiedLineTradeSettlement")
    return Position(
        _number(one, "SpecifiedLineTradeDelivery/BilledQuantity"), _number(one, f"{_NET}/ChargeAmount"),
        _tax(settled.find("ApplicableTradeTax"), "CategoryCode", "RateApplicablePercent"),
        changes=tuple(_change(each, **_CII_CHANGE) for each in settled.findall("SpecifiedTradeAllowanceCharge")),
        per=_number(one, f"{_NET}/BasisQuantity", "1"),
    )  # fmt: skip
