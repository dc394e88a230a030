"""The business rules of EN 16931 and XRechnung: told where one of them is broken.

What each change to a sample breaks was compared with the official validation artefacts (CEN/TC 434 for UBL, FNFE/FeRD
for CII): some 3,000 changed samples, each element left out or made nonsense.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from klientel.lib.einvoices import broken_rules, read

_SPEC = spec_from_file_location("lib_tests_rules_given", Path(__file__).parent / "given.py")
assert _SPEC is not None and _SPEC.loader is not None
given = sys.modules[_SPEC.name] = module_from_spec(_SPEC)
_SPEC.loader.exec_module(given)

SAMPLE = "inv_xrechnung/test/technical-cases/cius/01.01_comprehensive_test_{}.xml"


def rules(data: bytes) -> set[str]:
    return {one.rule for one in broken_rules(read(data))}


@cache
def _sample(name: str) -> str:
    return str(given.given(name).read_text())


def ubl(pattern: str, new: str, name: str = SAMPLE.format("ubl")) -> set[str]:
    return _changed(_sample(name), pattern, new)


def _changed(text: str, pattern: str, new: str) -> set[str]:
    changed, n = re.subn(pattern, new, text, count=1, flags=re.S)
    assert n == 1, pattern
    return rules(changed.encode())


#: what is left out of the comprehensive sample, in UBL and in CII (a tag and what comes before it), and what breaks
LEFT_OUT = [
    ("<cbc:CustomizationID>", "<ram:GuidelineSpecifiedDocumentContextParameter>", {"BR-01"}),
    ("<cac:AccountingSupplierParty>.*?<cbc:RegistrationName>", "<ram:SellerTradeParty>.*?<ram:Name>", {"BR-06"}),
    ("<cac:AccountingCustomerParty>.*?<cbc:RegistrationName>", "<ram:BuyerTradeParty>.*?<ram:Name>", {"BR-07"}),
    (
        "<cac:AccountingSupplierParty>.*?<cac:PostalAddress>",
        "<ram:SellerTradeParty>.*?<ram:PostalTradeAddress>",
        {"BR-08"},
    ),
    ("<cac:AccountingSupplierParty>.*?<cac:Country>", "<ram:SellerTradeParty>.*?<ram:CountryID>", {"BR-09"}),
    (
        "<cac:AccountingCustomerParty>.*?<cac:PostalAddress>",
        "<ram:BuyerTradeParty>.*?<ram:PostalTradeAddress>",
        {"BR-10"},
    ),
    ("<cac:AccountingCustomerParty>.*?<cac:Country>", "<ram:BuyerTradeParty>.*?<ram:CountryID>", {"BR-11"}),
    ("<cac:LegalMonetaryTotal>.*?<cbc:TaxExclusiveAmount ", "<ram:TaxBasisTotalAmount>", {"BR-13"}),
    ("<cac:InvoiceLine>.*?<cbc:ID>", "<ram:AssociatedDocumentLineDocument>.*?<ram:LineID>", {"BR-21"}),
    ("<cac:Item>.*?<cbc:Name>", "<ram:SpecifiedTradeProduct>.*?<ram:Name>", {"BR-25"}),
    ("<cac:TaxRepresentativeParty>.*?<cac:PartyName>",
     "<ram:SellerTaxRepresentativeTradeParty>.*?<ram:Name>", {"BR-18"}),
    ("<cbc:PaymentMeansCode", "<ram:SpecifiedTradeSettlementPaymentMeans>.*?<ram:TypeCode>", {"BR-49"}),
    ("<cbc:BuyerReference>", "<ram:BuyerReference>", {"BR-DE-15"}),
    ("<cac:AccountingSupplierParty>.*?<cac:Contact>",
     "<ram:SellerTradeParty>.*?<ram:DefinedTradeContact>", {"BR-DE-2"}),
    ("<cac:AccountingSupplierParty>.*?<cbc:Telephone>",
     "<ram:SellerTradeParty>.*?<ram:TelephoneUniversalCommunication>", {"BR-DE-6"}),
    ("<cac:AccountingSupplierParty>.*?<cbc:CityName>", "<ram:SellerTradeParty>.*?<ram:CityName>", {"BR-DE-3"}),
    ("<cac:AccountingCustomerParty>.*?<cbc:PostalZone>", "<ram:BuyerTradeParty>.*?<ram:PostcodeCode>", {"BR-DE-9"}),
]  # fmt: skip


@pytest.mark.parametrize("syntax", ["ubl", "uncefact"])
@pytest.mark.parametrize(("in_ubl", "in_cii", "broken"), LEFT_OUT)
def test_what_every_invoice_must_say_is_missed_by_its_rule(
    in_ubl: str, in_cii: str, broken: set[str], syntax: str
) -> None:
    before, _lt, tag = (in_ubl if syntax == "ubl" else in_cii).rpartition("<")
    name = tag.rstrip("> ")
    found = _changed(_sample(SAMPLE.format(syntax)), f"({before})<{name}[ >].*?</{name}>", r"\1")
    assert found == broken


@pytest.mark.parametrize(
    ("pattern", "new", "broken"),
    [
        (r"(<cbc:InvoiceTypeCode>)380", r"\g<1>12", {"BR-CL-01", "BR-DE-17"}),
        (r"(<cbc:IdentificationCode>)DE", r"\1QQ", {"BR-CL-14"}),
        (r"(<cbc:PaymentMeansCode[^>]*>)\d+", r"\g<1>99", {"BR-CL-16"}),
        (r"(<cac:ClassifiedTaxCategory>\s*<cbc:ID>)S", r"\1X", {"BR-CL-18"}),
        (r"(<cbc:PriceAmount[^>]*>)", r"\1-", {"BR-27"}),
        (r"(<cbc:PayableAmount[^>]*>\d+)\.\d+", r"\1.123", {"BR-DEC-18"}),
        (r"(<cbc:Telephone>)[^<]*", r"\1ask", {"BR-DE-27"}),
        (r"(<cbc:ElectronicMail>)[^<]*", r"\1nobody at example", {"BR-DE-28"}),
        (r"<cac:InvoiceLine>.*</cac:InvoiceLine>", "", {"BR-16"}),
    ],
)
def test_what_is_said_wrongly_is_told_by_its_rule(pattern: str, new: str, broken: set[str]) -> None:
    assert ubl(pattern, new) == broken


@pytest.mark.parametrize(
    ("pattern", "new", "broken"),
    [
        (r"(<cac:TaxCategory>\s*<cbc:ID>)S", r"\1Z", {"BR-S-01", "BR-Z-09"}),
        (r"(<cac:ClassifiedTaxCategory>\s*<cbc:ID>S</cbc:ID>\s*<cbc:Percent>)[\d.]+", r"\g<1>0", {"BR-S-05"}),
        (r"<cac:PartyTaxScheme>.*?</cac:PartyTaxScheme>", "", {"BR-DE-16", "BR-S-02"}),
        (r"(<cbc:CompanyID>)DE ", r"\1QQ ", {"BR-CO-09"}),
    ],
)
def test_categories_of_tax_have_rules_of_their_own(pattern: str, new: str, broken: set[str]) -> None:
    assert ubl(pattern, new, "inv_xrechnung/test/business-cases/standard/01.01a-INVOICE_ubl.xml") >= broken


@pytest.mark.parametrize(
    ("category", "broken"),
    [
        ("K", {"BR-IC-02", "BR-IC-05", "BR-IC-09", "BR-IC-10", "BR-IC-11", "BR-IC-12"}),
        ("AE", {"BR-AE-02", "BR-AE-05", "BR-AE-09", "BR-AE-10"}),
        ("G", {"BR-G-05", "BR-G-09", "BR-G-10"}),
        ("E", {"BR-E-05", "BR-E-09", "BR-E-10"}),
        ("Z", {"BR-Z-05", "BR-Z-09"}),
        ("O", {"BR-O-02", "BR-O-05", "BR-O-09", "BR-O-10"}),
    ],
)
def test_what_is_sold_abroad_or_exempt_has_no_tax_and_says_why(category: str, broken: set[str]) -> None:
    text = _sample("inv_xrechnung/test/business-cases/standard/01.01a-INVOICE_ubl.xml")
    text = re.sub(r"<cac:(Delivery|InvoicePeriod)>.*?</cac:\1>", "", text, flags=re.S)
    assert rules(text.encode()) == set()
    assert rules(text.replace("<cbc:ID>S</cbc:ID>", f"<cbc:ID>{category}</cbc:ID>").encode()) == broken


def test_rules_of_germany_are_asked_of_an_xrechnung_only_and_none_of_less_than_an_invoice() -> None:
    text = _sample(SAMPLE.format("ubl"))
    bare = re.sub(r"<cbc:BuyerReference>.*?</cbc:BuyerReference>", "", text)
    assert rules(bare.encode()) == {"BR-DE-15"}
    assert rules(re.sub(r"#compliant#[^<]*", "", bare).encode()) == set()
    less = re.sub(r"(<cbc:CustomizationID>)[^<]*", r"\1urn:factur-x.eu:1p0:minimum", bare)
    assert rules(re.sub(r"<cac:InvoiceLine>.*</cac:InvoiceLine>", "", less, flags=re.S).encode()) == set()
