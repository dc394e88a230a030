"""From an accepted quote to money: an order, the e-invoice that came, what is open of it, paid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from klientel.site.tests.looking import ID, Demo, scrolls_sideways, violations

pytestmark = pytest.mark.flow
XML = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">
<ID>{number}</ID><IssueDate>2026-05-01</IssueDate>
<DueDate>2026-05-31</DueDate><InvoiceTypeCode>380</InvoiceTypeCode><DocumentCurrencyCode>EUR</DocumentCurrencyCode>
<TaxTotal><TaxAmount>19</TaxAmount><TaxSubtotal><TaxableAmount>100</TaxableAmount><TaxAmount>19</TaxAmount>
<TaxCategory><ID>S</ID><Percent>19</Percent></TaxCategory></TaxSubtotal></TaxTotal>
<LegalMonetaryTotal><LineExtensionAmount>100</LineExtensionAmount><TaxExclusiveAmount>100</TaxExclusiveAmount>
<TaxInclusiveAmount>{gross}</TaxInclusiveAmount><PayableAmount>{gross}</PayableAmount></LegalMonetaryTotal>
<InvoiceLine><InvoicedQuantity unitCode="HUR">2</InvoicedQuantity><LineExtensionAmount>100</LineExtensionAmount>
<Item><Name>Montage</Name><ClassifiedTaxCategory><ID>S</ID><Percent>19</Percent></ClassifiedTaxCategory></Item>
<Price><PriceAmount>50</PriceAmount></Price></InvoiceLine></Invoice>"""


def filed(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_an_accepted_quote_becomes_an_order_and_its_e_invoice_is_paid(demo: Demo, tmp_path: Path) -> None:
    page = demo.page("katrin")
    page.goto("/organisations/new")
    page.fill("[name=name]", "Rechnungskunde Probe")
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(rf"/organisations/{ID}/$"))
    home = str(page.url)
    page.goto("/quotes/new")
    page.fill("[name=name]", "Montage Halle 7")
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(rf"/quotes/{ID}/$"))
    at = str(page.url)
    page.goto(f"{at}lines")
    page.fill("[data-part=name] >> nth=0", "Montage")
    page.fill("[data-part=quantity] >> nth=0", "2")
    page.fill("[data-part=price] >> nth=0", "50")
    page.click("button[name=save]")
    page.wait_for_url(at)
    for verb in ("send", "accept", "order"):
        page.goto(f"{at}do/{verb}")
        page.locator("form .btn.primary, .form-foot .primary").first.click()
        page.wait_for_url(at)
    page.goto("/orders/")
    page.get_by_role("link", name=re.compile("Montage Halle 7")).first.click()
    page.wait_for_url(re.compile(rf"/orders/{ID}/$"))
    assert "119,00" in page.inner_text(".sum-gross") and violations(page) == []

    page.goto(f"{home}")
    page.get_by_role("link", name="E-Rechnungen aufnehmen").first.click()
    page.wait_for_url(re.compile("/invoices/take"))
    files = [
        filed(tmp_path, "gut.xml", XML.format(number="F-1", gross="119")),
        filed(tmp_path, "ungerade.xml", XML.format(number="F-2", gross="120")),
        filed(tmp_path, "brief.pdf", "%PDF-1.7 kein PDF"),
    ]
    page.set_input_files("#take-file", files)
    page.get_by_role("button", name="Aufnehmen").click()
    page.get_by_text("Dieses PDF ist beschädigt").wait_for()
    page.get_by_text("Die Gesamtsumme ergibt 119,00, die Rechnung sagt 120,00.").wait_for()
    assert violations(page) == []
    page.goto(home)
    card = page.locator("section:has(#owed-title)")
    assert "239,00" in card.inner_text() and "überfällig" in card.inner_text()
    assert violations(page) == []
    card.get_by_role("link", name=re.compile("überfällig")).click()
    page.get_by_role("link", name="F-1").first.click()
    page.wait_for_url(re.compile(rf"/invoices/{ID}/$"))
    page.goto(f"{page.url}do/pay")
    page.locator("form .btn.primary, .form-foot .primary").first.click()
    page.wait_for_url(re.compile(rf"/invoices/{ID}/$"))
    page.goto(home)
    assert "120,00" in card.inner_text()


@pytest.mark.parametrize("options", [{"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}])
def test_the_page_of_e_invoices_works_without_scripts_and_on_the_phone(demo: Demo, options: dict[str, object]) -> None:
    page = demo.page("katrin", **options, java_script_enabled=False)
    page.goto("/invoices/take")
    page.set_input_files("#take-file", [{"name": "a.txt", "mimeType": "text/plain", "buffer": b"Guten Tag"}])
    page.get_by_role("button", name="Aufnehmen").click()
    page.get_by_text("Die Datei ist keine E-Rechnung").wait_for()
    assert not scrolls_sideways(page)
