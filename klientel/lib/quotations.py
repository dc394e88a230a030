"""A quote for machines: the Quotation of UBL 2.1 (OASIS, ISO/IEC 19845), as it is attached to its PDF.

The elements stand in the order of UBL-Quotation-2.1.xsd. What is counted are quotation lines, whose amounts sum to the
totals as EN 16931 has them for invoices, whose rules hold as far as they are about a quote (decision 0034); an
optional line is one of quantity 0 that may be taken up to its
`MaximumQuantity` for the amount of its `ItemPriceExtension`; an alternative stands as `AlternativeLineItem` within the
line that it can replace.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, tostring

from klientel.lib import pricing, units
from klientel.lib.einvoices import Party
from klientel.lib.pricing import ALTERNATIVE

FILE, MEDIA_TYPE = "quotation.xml", "application/xml"
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_NAMESPACES = {
    "xmlns": f"{_UBL}Quotation-2",
    "xmlns:cac": f"{_UBL}CommonAggregateComponents-2",
    "xmlns:cbc": f"{_UBL}CommonBasicComponents-2",
}
_DISCOUNT = "95"  # UNTDID 5189, as EN 16931 wants a reason for each allowance (BR-33, BR-42)
#: what XML 1.0 cannot say at all (section 2.2)
_UNSAYABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Offer:
    """One line as it is offered; ``place`` is its number on paper, ``mark`` says in words how it counts.

    ``instead_of`` is the place of the line that an alternative can replace; empty where it replaces none.
    """

    place: str
    name: str
    text: str
    article: str
    unit: str
    position: pricing.Position
    line: pricing.Line
    section: str = ""
    mark: str = ""
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Quotation:
    """A quote; ``seller_lines`` and ``buyer_contact`` as they stand on paper, ``discount`` names that on all."""

    number: str
    subject: str
    date: dt.date
    valid_until: dt.date | None
    language: str
    seller: Party
    seller_lines: tuple[str, ...]
    buyer: Party
    buyer_contact: str
    discount: str
    offers: tuple[Offer, ...]
    totals: pricing.Totals


def written(quote: Quotation) -> bytes:
    """The XML in UTF-8; the same bytes for the same quote."""
    root = Element("Quotation", _NAMESPACES)
    totals = quote.totals
    _basic(root, UBLVersionID="2.1", ID=quote.number, IssueDate=quote.date.isoformat())
    SubElement(root, "cbc:Note", {"languageID": quote.language}).text = _sayable(quote.subject)
    top = [one for one in quote.offers if not one.instead_of]
    _basic(root, PricingCurrencyCode=totals.currency, LineCountNumeric=str(len(top)))
    if quote.valid_until:
        _basic(_part(root, "ValidityPeriod"), EndDate=quote.valid_until.isoformat())
    _party(_part(root, "SellerSupplierParty"), quote.seller, lines=quote.seller_lines)
    if quote.buyer.name or quote.buyer_contact:
        _party(_part(root, "BuyerCustomerParty"), quote.buyer, contact=quote.buyer_contact)
    for group, amount in _allowances(quote):
        part = _part(root, "AllowanceCharge")
        _basic(part, ChargeIndicator="false", AllowanceChargeReasonCode=_DISCOUNT, AllowanceChargeReason=quote.discount)
        _amounts(part, totals.currency, Amount=amount)
        _category(_part(part, "TaxCategory"), group, quote.language)
    _tax(root, quote)
    _amounts(
        _part(root, "QuotedMonetaryTotal"), totals.currency, LineExtensionAmount=totals.lines_net,
        TaxExclusiveAmount=totals.net, TaxInclusiveAmount=totals.gross,
        AllowanceTotalAmount=totals.allowances or None, PayableAmount=totals.gross,
    )  # fmt: skip
    for one in top:
        _line(_part(root, "QuotationLine"), one, quote)
    made: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return made


def _part(parent: Element, name: str) -> Element:
    return SubElement(parent, f"cac:{name}")


def _basic(parent: Element, **texts: str) -> None:
    """Elements with a text, left out where it is empty."""
    for name, text in texts.items():
        if text:
            SubElement(parent, f"cbc:{name}").text = _sayable(text)


def _sayable(text: str) -> str:
    return _UNSAYABLE.sub("", text)


def _amounts(parent: Element, currency: str, **amounts: Decimal | None) -> None:
    for name, amount in amounts.items():
        if amount is not None:
            SubElement(parent, f"cbc:{name}", {"currencyID": currency}).text = format(amount, "f")


def _party(parent: Element, party: Party, *, lines: Iterable[str] = (), contact: str = "") -> None:
    found = _part(parent, "Party")
    if party.identifier:
        _basic(_part(found, "PartyIdentification"), ID=party.identifier)
    if party.name:
        _basic(_part(found, "PartyName"), Name=party.name)
    if any((party.street, party.city, party.postcode, party.country, *lines)):
        at = _part(found, "PostalAddress")
        _basic(at, StreetName=party.street, CityName=party.city, PostalZone=party.postcode)
        for one in lines:
            _basic(_part(at, "AddressLine"), Line=one)
        if party.country:
            _basic(_part(at, "Country"), IdentificationCode=party.country)
    for number, scheme in ((party.vat_id, "VAT"), (party.tax_number, "FC")):  # BT-31, BT-32
        if number:
            part = _part(found, "PartyTaxScheme")
            _basic(part, CompanyID=number)
            _basic(_part(part, "TaxScheme"), ID=scheme)
    if party.name:
        _basic(_part(found, "PartyLegalEntity"), RegistrationName=party.name, CompanyID=party.register)
    if contact:
        _basic(_part(found, "Contact"), Name=contact)


def _allowances(quote: Quotation) -> Iterator[tuple[pricing.Tax, Decimal]]:
    """The discount on all as it is spread over the groups of tax: what their lines come to less what is taxed."""
    for group in quote.totals.taxes:
        lines = (one for one in quote.offers if one.line.counts and one.position.tax.group == group.tax.group)
        off = sum((one.line.net for one in lines), Decimal(0)) - group.taxable
        if off:
            yield group.tax, off


def _tax(root: Element, quote: Quotation) -> None:
    currency, total = quote.totals.currency, _part(root, "TaxTotal")
    _amounts(total, currency, TaxAmount=quote.totals.tax)
    for group in quote.totals.taxes:
        part = _part(total, "TaxSubtotal")
        _amounts(part, currency, TaxableAmount=group.taxable, TaxAmount=group.amount)
        _category(_part(part, "TaxCategory"), group.tax, quote.language)


def _category(part: Element, tax: pricing.Tax, language: str) -> None:
    percent = "" if tax.category == "O" else format(tax.rate, "f")
    _basic(part, ID=tax.category, Percent=percent, TaxExemptionReason=pricing.reason(tax, language))
    _basic(_part(part, "TaxScheme"), ID="VAT")


def _line(parent: Element, one: Offer, quote: Quotation) -> None:
    _basic(parent, ID=one.place, Note=one.section)
    _item(_part(parent, "LineItem"), one, quote)
    for other in quote.offers:
        if other.instead_of == one.place:
            _item(_part(parent, "AlternativeLineItem"), other, quote)


def _item(parent: Element, one: Offer, quote: Quotation) -> None:
    currency, position = quote.totals.currency, one.position
    inside = position.role == ALTERNATIVE and one.instead_of != ""  # stands in no sum by where it stands
    taken = one.line.counts or inside
    _basic(parent, ID=one.place, Note=one.mark)
    _quantity(parent, "Quantity", one.unit, position.quantity if taken else Decimal(0))
    _amounts(parent, currency, LineExtensionAmount=one.line.net if taken else Decimal(0).quantize(one.line.net))
    if not taken:
        _quantity(parent, "MinimumQuantity", one.unit, Decimal(0))
        _quantity(parent, "MaximumQuantity", one.unit, position.quantity)
    elif one.line.discount:
        _discount(_part(parent, "AllowanceCharge"), one, currency)
    _amounts(_part(parent, "Price"), currency, PriceAmount=position.unit_price)
    item = _part(parent, "Item")
    _basic(item, Description=one.text, Name=one.name)
    if one.article:
        _basic(_part(item, "SellersItemIdentification"), ID=one.article)
    _category(_part(item, "ClassifiedTaxCategory"), position.tax, quote.language)
    if not taken:
        _amounts(_part(parent, "ItemPriceExtension"), currency, Amount=one.line.net)


def _quantity(parent: Element, name: str, unit: str, quantity: Decimal) -> None:
    SubElement(parent, f"cbc:{name}", {"unitCode": units.code_of(unit)}).text = format(quantity, "f")


def _discount(part: Element, one: Offer, currency: str) -> None:
    percent = one.position.changes[0].percent
    _basic(
        part, ChargeIndicator="false", AllowanceChargeReasonCode=_DISCOUNT,
        MultiplierFactorNumeric="" if percent is None else format(percent, "f"),
    )  # fmt: skip
    _amounts(part, currency, Amount=one.line.discount, BaseAmount=one.line.full if percent is not None else None)
