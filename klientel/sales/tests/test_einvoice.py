"""E-invoices taken in: read, kept as they came, recognised, told when they are there already."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import tostring

import pytest
from defusedxml.ElementTree import fromstring
from django.utils import translation

from klientel import lib
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.files.models import File
from klientel.kernel.files.opening import open_file
from klientel.kernel.files.storing import store
from klientel.kernel.identity.actor import Actor
from klientel.lib.einvoices import broken_rules, read
from klientel.lib.sentences import Unreadable
from klientel.sales.models import Invoice
from klientel.sales.models.findings import sentences
from klientel.sales.models.findingterms import kept

_SPEC = spec_from_file_location("sales_tests_given", Path(lib.__file__).parent / "tests" / "given.py")
assert _SPEC is not None and _SPEC.loader is not None
_GIVEN = module_from_spec(_SPEC)
_SPEC.loader.exec_module(_GIVEN)
given, given_files = _GIVEN.given, _GIVEN.given_files

pytestmark = pytest.mark.django_db
UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">
<CustomizationID>urn:cen.eu:en16931:2017</CustomizationID><ID>R-1</ID><IssueDate>2026-05-01</IssueDate>
<DueDate>2026-05-31</DueDate><InvoiceTypeCode>380</InvoiceTypeCode><DocumentCurrencyCode>EUR</DocumentCurrencyCode>
<BuyerReference>0401</BuyerReference><OrderReference><ID>AU-2026-00001</ID></OrderReference>
<AccountingSupplierParty><Party><PostalAddress><Country><IdentificationCode>DE</IdentificationCode></Country>
</PostalAddress><PartyTaxScheme><CompanyID>DE136695976</CompanyID><TaxScheme><ID>VAT</ID></TaxScheme>
</PartyTaxScheme><PartyLegalEntity><RegistrationName>Wir GmbH</RegistrationName></PartyLegalEntity></Party>
</AccountingSupplierParty><AccountingCustomerParty><Party><PostalAddress><Country><IdentificationCode>DE
</IdentificationCode></Country></PostalAddress><PartyTaxScheme><CompanyID>DE 811 907 980</CompanyID>
<TaxScheme><ID>VAT</ID></TaxScheme></PartyTaxScheme><PartyLegalEntity><RegistrationName>Kunde AG</RegistrationName>
</PartyLegalEntity></Party></AccountingCustomerParty>
<TaxTotal><TaxAmount>19</TaxAmount><TaxSubtotal><TaxableAmount>100</TaxableAmount><TaxAmount>19</TaxAmount>
<TaxCategory><ID>S</ID><Percent>19</Percent><TaxScheme><ID>VAT</ID></TaxScheme></TaxCategory></TaxSubtotal></TaxTotal>
<LegalMonetaryTotal><LineExtensionAmount>100</LineExtensionAmount><TaxExclusiveAmount>100</TaxExclusiveAmount>
<TaxInclusiveAmount>119</TaxInclusiveAmount><PayableAmount>119</PayableAmount></LegalMonetaryTotal>
<InvoiceLine><ID>1</ID><InvoicedQuantity unitCode="HUR">2</InvoicedQuantity>
<LineExtensionAmount>100</LineExtensionAmount>
<Item><Name>Press</Name><ClassifiedTaxCategory><ID>S</ID><Percent>19</Percent><TaxScheme><ID>VAT</ID>
</TaxScheme></ClassifiedTaxCategory></Item>
<Price><PriceAmount>50</PriceAmount></Price></InvoiceLine></Invoice>"""


def taken(anna: Actor, text: str | bytes = UBL, **values: Any) -> Invoice:
    data = text.encode() if isinstance(text, str) else text
    file = store(anna, data, name="invoice.xml").record
    made = run(anna, "sales.invoice.take", document=str(file.id), **values).record
    return Invoice.objects.get(pk=made.pk)


def refused(anna: Actor, text: str | bytes = UBL, **values: Any) -> Refused:
    with pytest.raises(Refused) as no:
        taken(anna, text, **values)
    return no.value


def test_it_says_all_that_the_invoice_says_and_the_bytes_are_those_that_came(anna: Actor) -> None:
    customer = run(anna, "contacts.organisation.create", name="Kunde", vat_id="DE811907980").record
    order = run(anna, "sales.order.create", number="AU-2026-00001", organisation=str(customer.pk)).record
    made = taken(anna)
    assert (made.organisation, made.order, made.direction) == (customer.pk, order.pk, "outgoing")
    assert (made.number, str(made.date), str(made.due)) == ("R-1", "2026-05-01", "2026-05-31")
    assert (made.net["amount"], made.tax["amount"], made.gross["amount"], made.open["amount"]) == (
        "100.00", "19.00", "119.00", "119.00",
    )  # fmt: skip
    assert made.positions[0]["quantity"] == "2" and made.positions[0]["unit"] == "h"
    assert (made.format, made.findings, made.reference) == ("EN 16931 (UBL)", [], "0401")
    opened = open_file(ActorScope(anna), made.document)
    assert opened.path is not None and opened.path.read_bytes() == UBL.encode()
    assert opened.record.digest == hashlib.sha256(UBL.encode()).hexdigest()
    assert opened.record.concerns == [made.pk]


def test_our_own_vat_id_says_who_sold_to_whom(anna: Actor) -> None:
    firm = run(anna, "contacts.organisation.create", name="Kunde AG", vat_id="DE811907980").record
    form = run(anna, "sales.quoteform.create", name="Ours", vat_id="DE 811907980").record
    supplier = run(anna, "contacts.organisation.create", name="Wir", vat_id="DE136695976").record
    assert (taken(anna).direction, Invoice.objects.get().organisation) == ("incoming", supplier.pk)
    assert Invoice.objects.get().issuer == "DE136695976"
    run(anna, "sales.quoteform.change", form.pk, vat_id="DE136695976")
    made = taken(anna)
    assert (made.direction, made.organisation, made.issuer) == ("outgoing", firm.pk, "")


def test_on_the_page_of_a_customer_it_is_theirs(anna: Actor) -> None:
    home = run(anna, "contacts.organisation.create", name="Anybody").record
    assert taken(anna, organisation=str(home.pk)).organisation == home.pk


def test_another_firm_of_the_same_name_with_another_vat_id_is_not_the_customer(anna: Actor) -> None:
    run(anna, "contacts.organisation.create", name="Kunde AG", vat_id="DE129273398")
    assert taken(anna).organisation is None


def test_the_same_invoice_again_is_told_and_leaves_nothing(anna: Actor) -> None:
    made = taken(anna)
    no = refused(anna)
    assert no.code == "known_already" and no.details == {"id": str(made.pk), "document": True}
    assert "R-1" in str(no.message) and Invoice.objects.count() == 1


def test_an_invoice_that_the_erp_told_gets_its_document(anna: Actor) -> None:
    told = run(anna, "sales.invoice.create", number="R-1", date="2026-05-01", gross="119", paid="19").record
    assert refused(anna).details == {"id": str(told.pk), "document": False}
    file = store(anna, UBL.encode(), name="r.xml").record
    run(anna, "sales.invoice.attach", told.pk, document=str(file.id))
    again = Invoice.objects.get()
    assert (again.document, again.net["amount"], again.open["amount"]) == (file.id, "100.00", "100.00")
    other = store(anna, UBL.replace("R-1", "R-2").encode(), name="r2.xml").record
    second = run(anna, "sales.invoice.create", number="R-3", date="2026-05-01", gross="119").record
    with pytest.raises(Refused) as no:
        run(anna, "sales.invoice.attach", second.pk, document=str(other.id))
    assert (no.value.code, no.value.field) == ("other_invoice", "document")


def test_a_credit_note_gives_back(anna: Actor) -> None:
    made = taken(anna, UBL.replace(">380<", ">381<"))
    assert (made.sort, made.gross["amount"], made.open["amount"]) == ("credit_note", "-119.00", "-119.00")


def test_what_does_not_add_up_is_taken_in_and_told(anna: Actor) -> None:
    made = taken(anna, UBL.replace("<TaxInclusiveAmount>119", "<TaxInclusiveAmount>120"))
    assert [one["code"] for one in made.findings] == ["gross"]
    assert made.gross["amount"] == "120.00"


@pytest.mark.parametrize(
    ("language", "said"),
    [("de", "Die Steuer von 10,7\u00a0% ergibt 1.000,00, die Rechnung sagt 0,00."),
     ("en", "The tax of 10.7% comes to 1,000.00, the invoice says 0.00.")],
)  # fmt: skip
def test_a_rate_in_a_finding_is_written_as_the_reader_writes_it(language: str, said: str) -> None:
    with translation.override(language):
        assert sentences([{"code": "tax_of_rate", "ours": "1000", "stated": "0", "rate": "10.70"}]) == [said]


def test_rules_of_the_norm_that_it_breaks_are_told_as_sentences_and_stay_told(anna: Actor) -> None:
    broken = UBL.replace("<ID>1</ID><Inv", "<Inv").replace("<DueDate>2026-05-31</DueDate>", "")
    made = taken(anna, broken)
    told = [
        "Neither a due date nor terms of payment are told, though an amount is due. (BR-CO-25)",
        "Line 1: Number of the line is missing. (BT-126, BR-21)",
    ]
    with translation.override("en"):
        assert made.told_findings == told
    run(anna, "sales.invoice.change", made.pk, gross="120")
    with translation.override("en"):
        found = Invoice.objects.get().told_findings
    assert found == ["Net and tax come to 119.00, the total says 120.00.", *told]


def test_each_rule_has_its_sentence_in_every_language() -> None:
    path = given("inv_xrechnung/test/technical-cases/cius/01.01_comprehensive_test_ubl.xml")
    root = fromstring(path.read_bytes())
    places = [(parent, place) for parent in root.iter() for place in range(len(parent))]
    for language in ("en", "de"):
        with translation.override(language):
            for parent, place in places:
                part = parent[place]
                parent.remove(part)
                with suppress(Unreadable):
                    found = broken_rules(read(tostring(root)))
                    assert all(text.endswith(")") and "{" not in text for text in sentences(kept(found)))
                    assert len(sentences(kept(found))) == len(found)
                parent.insert(place, part)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Good morning", "einvoice.no_invoice"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><Invoice/>", "einvoice.dtd"),
        (UBL[:900], "einvoice.broken"),
        (UBL.replace(">EUR<", ">XXQ<"), "not_a_choice"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_makes_nothing(anna: Actor, text: str, code: str) -> None:
    no = refused(anna, text)
    assert no.code == code and str(no.message)
    assert not Invoice.objects.exists()


def test_bytes_that_were_changed_are_not_read(anna: Actor) -> None:
    file = store(anna, UBL.encode(), name="invoice.xml").record
    opened = open_file(ActorScope(anna), file.id)
    assert opened.path is not None
    opened.path.write_bytes(UBL.replace("119", "911").encode())
    with pytest.raises(Refused) as no:
        run(anna, "sales.invoice.take", document=str(file.id))
    assert no.value.code == "bytes_changed"


def test_every_official_sample_becomes_an_invoice_or_one_sentence(anna: Actor) -> None:
    given("inv_xrechnung")
    told: dict[str, list[str]] = {}
    paths = [one for one in given_files("inv_xrechnung", "inv_zugferd") if one.suffix == ".xml"]
    paths += [one for one in given_files("inv_zugferd") if one.suffix == ".pdf"][::8]
    for path in paths:
        try:
            made = taken(anna, path.read_bytes())
        except Refused as no:
            told.setdefault(no.code, []).append(path.name)
            continue
        file = File.objects.get(pk=made.document)
        assert file.digest == hashlib.sha256(path.read_bytes()).hexdigest()
        run(anna, "sales.invoice.archive", made.pk)  # many samples have one number and day
    # its XML names an encoding that there is not, on purpose
    damaged = [one.name for one in paths if one.name == "factur-x-invalid-xml-encoding-attribute.pdf"]
    assert told.pop("einvoice.broken", []) == damaged and told == {}
    assert Invoice.objects.count() == len(paths) - len(damaged) > 100
