"""The quote for machines within its PDF: the same figures, valid as UBL 2.1, nothing that is not on the paper."""

from __future__ import annotations

import json
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from pypdf import PdfReader

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.sales.models import Quote, QuoteForm
from klientel.sales.queries.einvoice import read_file
from klientel.sales.queries.paper import paper
from klientel.sales.queries.quotation import quotation
from klientel.sales.queries.recipient import recipient
from klientel.sales.tests.invoiced import broken
from klientel.sales.tests.test_paper import sent_to
from klientel.sales.tests.test_quote import quote

pytestmark = pytest.mark.django_db
#: which parts each element of UBL-Quotation-2.1.xsd has, in order: "!" must be there, "*" may come again
STRUCTURE = json.loads((Path(__file__).parent / "ubl_quotation.json").read_text())
LINES = [
    {"role": "section", "name": "Machine"},
    {"name": "Press", "number": "P-1", "quantity": "2", "unit": "Stück", "price": "1000.125", "discount": "10"},
    {"name": "Press XL", "quantity": "2", "unit": "Stück", "price": "1300", "discount": "5", "role": "alternative"},
    {
        "name": "Manual",
        "quantity": "1",
        "price": "49.90",
        "tax": "reduced",
        "discount": "1.10",
        "discount_in": "amount",
    },
    {"role": "section", "name": "Service"},
    {"name": "Training", "quantity": "14", "unit": "Stunde", "price": "95", "role": "optional", "discount": "3"},
    {"name": "Loose", "quantity": "1", "price": "7", "role": "alternative"},
    {"name": "Freight", "quantity": "1", "unit": "pauschal", "price": "80", "text": "ab Werk\nfrei Haus"},
]


def attached(anna: Actor, made: Quote) -> tuple[Element, PdfReader]:
    pdf = PdfReader(BytesIO(paper(ActorScope(anna), made)))
    [(name, [data])] = pdf.attachments.items()
    assert name == "quotation.xml"
    return fromstring(data), pdf


def local(one: Element) -> str:
    return one.tag.rpartition("}")[2]


def prefixed(one: Element) -> str:
    return ("cbc:" if "CommonBasic" in one.tag else "cac:") + local(one)


def valid(one: Element) -> None:
    """The parts of an element are those of its type, in their order and number; amounts name their currency."""
    if "CommonBasic" in one.tag:
        assert one.text and not len(one), local(one)
        assert ("currencyID" in one.attrib) == local(one).endswith("Amount")
        assert ("unitCode" in one.attrib) == local(one).endswith("Quantity")
        return
    allowed = STRUCTURE[local(one)].split()
    order = [name.rstrip("!*") for name in allowed]
    there = [prefixed(part) for part in one]
    assert there == sorted(there, key=order.index), local(one)
    for name in allowed:
        many = there.count(name.rstrip("!*"))
        assert many >= ("!" in name) and (many < 2 or "*" in name), (local(one), name)
    for part in one:
        valid(part)


def values(root: Element, path: str) -> list[str]:
    """The texts at a path of local names."""
    found = [root]
    for name in path.split("/"):
        found = [part for one in found for part in one if local(part) == name]
    return [one.text or "" for one in found]


def test_it_carries_the_same_figures_as_the_paper_in_the_structure_of_ubl(anna: Actor) -> None:
    run(
        anna, "sales.quoteform.create", name="Usual", company="Hansewerk GmbH", sender="Speicherstraße 7",
        vat_id="DE136695976",
    )  # fmt: skip
    made = sent_to(anna, positions=LINES, discount="2.5", date="2026-03-01")
    root, pdf = attached(anna, made)
    valid(root)
    assert local(root) == "Quotation" and values(root, "UBLVersionID") == ["2.1"]
    assert values(root, "ID") == [made.number] and values(root, "ValidityPeriod/EndDate") == ["2026-03-31"]
    total = "QuotedMonetaryTotal/"
    for path, stated in (("TaxExclusiveAmount", made.net), ("TaxInclusiveAmount", made.gross)):
        assert values(root, total + path) == [stated["amount"]]
    assert values(root, "TaxTotal/TaxAmount") == [made.tax["amount"]]
    lines = [Decimal(one) for one in values(root, "QuotationLine/LineItem/LineExtensionAmount")]
    off = [Decimal(one) for one in values(root, "AllowanceCharge/Amount")]
    assert [str(sum(lines))] == values(root, total + "LineExtensionAmount")
    assert [str(sum(off))] == values(root, total + "AllowanceTotalAmount")
    assert sum(lines) - sum(off) == Decimal(made.net["amount"])
    assert sum(Decimal(one) for one in values(root, "TaxTotal/TaxSubtotal/TaxableAmount")) == Decimal(
        made.net["amount"]
    )
    assert values(root, "SellerSupplierParty/Party/PartyName/Name") == ["Hansewerk GmbH"]
    assert values(root, "SellerSupplierParty/Party/PartyTaxScheme/CompanyID") == ["DE136695976"]
    buyer = "BuyerCustomerParty/Party/"
    assert values(root, buyer + "PartyName/Name") == ["Müller & Söhne KG"]
    assert values(root, buyer + "PostalAddress/Country/IdentificationCode") == ["AT"]
    assert values(root, buyer + "Contact/Name") == ["Dr. Eva von Gruber"]
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert "14 Stunden" in text and "1 pauschal" in text


def test_optional_and_alternative_lines_stand_in_no_sum_and_say_what_they_would_come_to(anna: Actor) -> None:
    root, _pdf = attached(anna, quote(anna, positions=LINES))
    valid(root)
    item = "QuotationLine/LineItem/"
    assert values(root, "QuotationLine/ID") == ["1", "3", "4", "5", "6"]
    assert values(root, item + "Item/Name") == ["Press", "Manual", "Training", "Loose", "Freight"]
    assert values(root, item + "Quantity") == ["2", "1", "0", "0", "1"]
    assert values(root, item + "MaximumQuantity") == ["14", "1"]
    assert values(root, item + "ItemPriceExtension/Amount") == ["1290.10", "7.00"]
    other = "QuotationLine/AlternativeLineItem/"
    assert (values(root, other + "Item/Name"), values(root, other + "LineExtensionAmount")) == (
        ["Press XL"],
        ["2470.00"],
    )
    assert values(root, item + "AllowanceCharge/Amount") == ["200.03", "1.10"]
    assert values(root, "QuotationLine/Note") == ["Machine", "Machine", "Service", "Service", "Service"]


def test_it_is_named_as_another_form_of_the_pdf_and_its_bytes_stay(anna: Actor) -> None:
    made = quote(anna)
    first, again = (paper(ActorScope(anna), made) for _n in range(2))
    assert first == again
    [file] = [one.get_object() for one in PdfReader(BytesIO(first)).trailer["/Root"]["/AF"]]
    stream = file["/EF"]["/F"].get_object()
    assert (file["/AFRelationship"], stream["/Subtype"]) == ("/Alternative", "/application/xml")
    assert "/ModDate" in stream["/Params"] and file["/Desc"]


def test_words_that_xml_cannot_say_are_left_out(anna: Actor) -> None:
    made = quote(anna, positions=[{"name": '<a>&\x0b]]> \ufffe "x"', "price": "1"}])
    root = fromstring(quotation(made, QuoteForm.of(made), recipient(ActorScope(anna), made)))
    assert values(root, "QuotationLine/LineItem/Item/Name") == ['<a>&]]>  "x"']


def test_a_quote_that_is_taken_for_an_invoice_is_told_apart(anna: Actor) -> None:
    with pytest.raises(Refused) as no:
        read_file(paper(ActorScope(anna), quote(anna)))
    assert no.value.code == "einvoice.other" and "Quotation" in str(no.value.message)


LETTERHEAD = {
    "name": "Usual", "company": "Hansewerk GmbH", "sender": "Speicherstraße 7\n20457 Hamburg", "vat_id": "DE136695976",
    "exempt_reason": "§ 19 UStG", "register": "HRB 118900",
}  # fmt: skip


def xml(anna: Actor, made: Quote) -> Element:
    root = fromstring(quotation(made, QuoteForm.of(made), recipient(ActorScope(anna), made)))
    valid(root)
    return root


@pytest.mark.parametrize("discount", ["", "2.5"])
@pytest.mark.parametrize(
    ("taxes", "letterhead"),
    [
        (("standard", "reduced", "zero"), {}),
        (("exempt", "export"), {}),
        (("reverse",), {}),
        (("eu",), {}),
        (("none",), {"vat_id": "", "tax_number": "27/123/45678"}),
        (("exempt",), {"vat_id": "", "tax_number": "27/123/45678"}),
    ],
)
def test_it_keeps_the_rules_for_invoices_as_far_as_they_are_about_a_quote(
    anna: Actor, taxes: tuple[str, ...], letterhead: dict[str, str], discount: str
) -> None:
    run(anna, "sales.quoteform.create", **LETTERHEAD | letterhead)
    lines = [{"name": f"Press {tax}", "quantity": "3", "price": "33.333", "tax": tax, "discount": "7"} for tax in taxes]
    lines += [{"name": "Option", "quantity": "1", "price": "9", "tax": "reduced", "role": "optional"}]
    made = sent_to(anna, positions=lines, discount=discount or None)
    run(anna, "contacts.organisation.change", made.organisation, vat_id="ATU12345675")
    assert broken(xml(anna, made)) == set()


@pytest.mark.parametrize(
    ("without", "rules"),
    [
        ({"vat_id": ""}, {"BR-S-02", "BR-S-03"}),
        ({"vat_id": "", "register": ""}, {"BR-S-02", "BR-S-03", "BR-CO-26"}),
        ({"company": "", "name": "-"}, set()),
    ],
)
def test_what_a_letterhead_lacks_breaks_the_rule_that_asks_for_it(
    anna: Actor, without: dict[str, str], rules: set[str]
) -> None:
    run(anna, "sales.quoteform.create", **LETTERHEAD | without)
    assert broken(xml(anna, sent_to(anna, discount="2"))) == rules


@pytest.mark.parametrize(
    ("said", "country"),
    [({"country": "AT"}, "AT"), ({}, "DE"), ({"vat_id": "EL123456783"}, "GR"), ({"vat_id": ""}, "DE")],
)
def test_the_seller_has_country_street_and_town(anna: Actor, said: dict[str, str], country: str) -> None:
    run(anna, "sales.quoteform.create", **LETTERHEAD | {"sender": "Tor 3\nSpeicherstraße 7\n20457 Hamburg"} | said)
    root, at = xml(anna, sent_to(anna)), "SellerSupplierParty/Party/PostalAddress/"
    assert values(root, at + "Country/IdentificationCode") == [country]
    assert (values(root, at + "StreetName"), values(root, at + "PostalZone"), values(root, at + "CityName")) == (
        ["Speicherstraße 7"], ["20457"], ["Hamburg"],
    )  # fmt: skip
    assert values(root, at + "AddressLine/Line") == ["Tor 3"]


def test_whoever_owes_the_tax_finds_their_vat_id_on_the_paper(anna: Actor) -> None:
    line = {"name": "Press", "quantity": "1", "price": "100"}
    for tax, there in (("reverse", True), ("standard", False)):
        made = sent_to(anna, positions=[line | {"tax": tax}])
        run(anna, "contacts.organisation.change", made.organisation, vat_id="ATU12345675")
        root, pdf = attached(anna, made)
        text = " ".join(page.extract_text() for page in pdf.pages)
        assert ("ATU12345675" in text) is there
        assert bool(values(root, "BuyerCustomerParty/Party/PartyTaxScheme/CompanyID")) is there
