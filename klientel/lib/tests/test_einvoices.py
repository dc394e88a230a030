"""E-invoices that are broken, hostile or no invoices: each one clear sentence, quickly."""

from __future__ import annotations

import time
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfWriter

from klientel.lib.einvoices import differences, read, xml_of
from klientel.lib.einvoices.pdf import LARGEST
from klientel.lib.sentences import Unreadable

UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"><ID>R-1</ID><IssueDate>2026-05-01</IssueDate>
<DocumentCurrencyCode>EUR</DocumentCurrencyCode>
<AccountingSupplierParty><Party><PartyName><Name>Müller</Name></PartyName></Party></AccountingSupplierParty>
<TaxTotal><TaxAmount>19</TaxAmount><TaxSubtotal><TaxableAmount>100</TaxableAmount><TaxAmount>19</TaxAmount>
<TaxCategory><ID>S</ID><Percent>19</Percent></TaxCategory></TaxSubtotal></TaxTotal>
<LegalMonetaryTotal><LineExtensionAmount>100</LineExtensionAmount><TaxExclusiveAmount>100</TaxExclusiveAmount>
<TaxInclusiveAmount>119</TaxInclusiveAmount><PayableAmount>119</PayableAmount></LegalMonetaryTotal>
<InvoiceLine><InvoicedQuantity>1</InvoicedQuantity><LineExtensionAmount>100</LineExtensionAmount>
<Item><Name>Press</Name><ClassifiedTaxCategory><ID>S</ID><Percent>19</Percent></ClassifiedTaxCategory></Item>
<Price><PriceAmount>100</PriceAmount></Price></InvoiceLine></Invoice>"""


def pdf(**attached: bytes) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    for name, content in attached.items():
        writer.add_attachment(name.replace("_", ".").replace("factur.x", "factur-x"), content)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def code(data: bytes) -> str:
    begun = time.monotonic()
    with pytest.raises(Unreadable) as no:
        read(xml_of(data))
    assert time.monotonic() - begun < 40
    assert "{" not in no.value.message
    return no.value.code


def test_a_small_invoice_is_read_and_adds_up() -> None:
    found = read(UBL.encode())
    assert (found.number, found.seller.name, found.stated.sums["gross"]) == ("R-1", "Müller", Decimal(119))
    assert differences(found) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_every_encoding_that_is_named_rightly_is_read(encoding: str) -> None:
    named = UBL.replace("UTF-8", encoding.removesuffix("-sig"))
    assert read(named.encode(encoding)).seller.name == "Müller"


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY a{n} '{('&a' + str(n - 1 or '') + ';') * 10}'>" for n in range(1, 10)
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "einvoice.empty"),
        (b" \n", "einvoice.empty"),
        (b"Good morning", "einvoice.no_invoice"),
        (b"\x00\x01\x02\xff" * 40, "einvoice.no_invoice"),
        (b"%PDF-1.7 and then nothing", "einvoice.pdf_damaged"),
        (UBL[:500].encode(), "einvoice.broken"),
        (UBL.encode("iso-8859-1"), "einvoice.broken"),
        (UBL.replace("UTF-8", "klingon").encode(), "einvoice.broken"),
        ((BOMB + "]><Invoice>&a9;</Invoice>").encode(), "einvoice.dtd"),
        (b"<!DOCTYPE Invoice SYSTEM 'file:///etc/passwd'><Invoice/>", "einvoice.dtd"),
        (b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><Invoice><ID>&e;</ID></Invoice>", "einvoice.dtd"),
        (b"<html><body>Invoice</body></html>", "einvoice.other"),
        (b"<CrossIndustryDocument/>", "einvoice.old"),
        (b"<Invoice/>", "einvoice.missing"),
        (b"<CrossIndustryInvoice/>", "einvoice.missing"),
        (b"<Invoice>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</Invoice>", "einvoice.too_large"),
        (b"<Invoice>" + b"<a/>" * 500_000 + b"</Invoice>", "einvoice.too_large"),
        (b"<Invoice>" + b" " * (LARGEST + 1), "einvoice.too_large"),
        (UBL.replace(">119<", ">1e999999<").encode(), "einvoice.number"),
        (UBL.replace(">119<", ">NaN<").encode(), "einvoice.number"),
        (UBL.replace("2026-05-01", "2026-02-30").encode(), "einvoice.date"),
        (UBL.replace("2026-05-01", "yesterday").encode(), "einvoice.date"),
        (UBL.replace(">EUR<", ">euros<").encode(), "einvoice.currency"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(data: bytes, expected: str) -> None:
    assert code(data) == expected


def test_a_pdf_with_one_invoice_is_read_whatever_it_is_called() -> None:
    for name in ("factur_x_xml", "invoice_xml"):
        assert read(xml_of(pdf(**{name: UBL.encode()}))).number == "R-1"
    both = pdf(factur_x_xml=UBL.encode(), order_xml=b"<Order/>", notes_txt=b"hello")
    assert read(xml_of(both)).number == "R-1", "the name says which is the invoice"


def test_a_pdf_without_an_invoice_or_with_two_says_so() -> None:
    assert code(pdf()) == "einvoice.pdf_without"
    assert code(pdf(notes_txt=b"hello")) == "einvoice.pdf_without"
    assert code(pdf(a_xml=UBL.encode(), b_xml=UBL.replace("R-1", "R-2").encode())) == "einvoice.several"
    assert code(pdf(factur_x_xml=b"<a" + BOMB.encode())) == "einvoice.broken"


def test_a_pdf_with_a_password_says_so() -> None:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_attachment("factur-x.xml", UBL.encode())
    writer.encrypt("secret", algorithm="RC4-128")
    out = BytesIO()
    writer.write(out)
    assert code(out.getvalue()) == "einvoice.encrypted"


def test_an_attachment_that_unpacks_to_very_much_is_refused() -> None:
    assert code(pdf(factur_x_xml=b"<Invoice>" + b" " * (LARGEST + 1))) == "einvoice.too_large"


def test_a_wrong_sum_is_told_with_both_figures() -> None:
    wrong = read(UBL.replace("<TaxInclusiveAmount>119", "<TaxInclusiveAmount>120").encode())
    [found] = differences(wrong)
    assert (found.code, found.ours, found.stated) == ("gross", Decimal("119.00"), Decimal(120))
