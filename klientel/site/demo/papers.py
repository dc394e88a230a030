"""Orders, contracts and invoices of the demo's company, as its ERP tells them, and an e-invoice of a supplier."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any
from uuid import UUID

from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.files.storing import store
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.lib.dates import add_months
from klientel.sales.models import Invoice, Order, QuoteForm
from klientel.site.demo.products import Range

VAT_ID = "DE136695976"
ORDERED, INVOICED = 14, 46
NAMES = ("Regalanlage Halle 2", "Erweiterung Lager", "Nachlieferung", "Umbau Versand")
#: name, months of the term, notice in months, value a month, renewal, months since it began
CONTRACTS = (
    ("Wartung der Regalanlage", 12, 3, "290", "automatic", 10),
    ("Regalprüfung nach DIN EN 15635", 24, 3, "85", "automatic", 21),
    ("Software Lagerplanung", 12, 1, "149", "automatic", 12),
    ("Miete Kommissionierwagen", 6, 1, "420", "ends", 3),
    ("Rahmenvertrag Ersatzteile", 0, 3, "120", "open", 30),
)


class Papers:
    """What was ordered and invoiced."""

    def __init__(self, system: Actor, dice: random.Random, sold: Range) -> None:
        self.system, self.dice, self.sold = system, dice, sold

    def bring_in(self, firms: list[dict[str, Any]]) -> None:
        """All of it at once, as an import does."""
        form = QuoteForm.first()
        if form is not None:
            run(self.system, "sales.quoteform.change", form.pk, vat_id=VAT_ID)
        else:
            run(self.system, "sales.quoteform.create", name="Hansewerk", company="Hansewerk GmbH", vat_id=VAT_ID)
        customers = self.dice.sample(firms, min(16, len(firms)))
        orders = self._orders(customers[:ORDERED])
        self._invoices(customers, orders)
        self._contracts(customers)
        self._einvoice(customers[0])

    def _made(self, rtype: str, values: list[dict[str, Any]]) -> list[Any]:
        outcomes = list(run_many(self.system, f"{rtype}.create", [Item(None, one) for one in values]))
        for one in outcomes:
            if one.refused is not None:
                raise one.refused
        return [one.record for one in outcomes]

    def _day(self, months: int) -> dt.date:
        return add_months(today(), -months) - dt.timedelta(days=self.dice.randint(0, 27))

    def _orders(self, customers: list[dict[str, Any]]) -> list[Order]:
        values = [
            {
                "name": self.dice.choice(NAMES),
                "organisation": firm["id"], "owner": firm["owner"], "date": self._day(n // 2),
                "state": "open" if n < 4 else "delivered" if n < 7 else "done", "positions": self.sold.positions(),
            }
            for n, firm in enumerate(customers)
        ]  # fmt: skip
        return self._made("sales.order", values)

    def _invoices(self, customers: list[dict[str, Any]], orders: list[Order]) -> None:
        values = []
        for n in range(INVOICED):
            firm = self.dice.choice(customers)
            net = Decimal(self.dice.randint(20, 900)) * 10
            day = self._day(n // 3)
            values.append(self._invoice(n, firm, net, day))
        for n, order in enumerate(orders[4:]):
            order = Order.objects.get(pk=order.pk)
            facts = self._invoice(
                INVOICED + n, {"id": order.organisation, "owner": order.owner}, Decimal(0), order.date
            )
            amounts = {"net": order.net, "tax": order.tax, "gross": order.gross, "positions": order.positions}
            values.append(facts | amounts | {"order": order.pk})
        made = self._made("sales.invoice", values)
        for n, one in enumerate(made):
            invoice = Invoice.objects.get(pk=one.pk)
            if invoice.due and invoice.due < today() - dt.timedelta(days=10) and n % 6:
                run(self.system, "sales.invoice.pay", invoice.pk, date=invoice.due, reference=f"RG {invoice.number}")
            elif n % 6 == 0 and n % 4 == 0:
                run(self.system, "sales.invoice.pay", invoice.pk, amount="150", reference="Teilzahlung")

    def _invoice(self, n: int, firm: dict[str, Any], net: Decimal, day: dt.date) -> dict[str, Any]:
        credit = n % 23 == 22
        return {
            "number": f"RE-{day.year}-{4100 - n:05}", "date": day, "due": day + dt.timedelta(days=30),
            "sort": "credit_note" if credit else "invoice", "organisation": firm["id"], "owner": firm["owner"],
            "net": f"{net:.2f}", "gross": f"{net * Decimal('1.19'):.2f}",
        }  # fmt: skip

    def _contracts(self, customers: list[dict[str, Any]]) -> None:
        values = [
            {
                "name": name, "number": f"V-{1000 + n}", "organisation": firm["id"], "owner": firm["owner"],
                "begins": add_months(today(), -since).replace(day=1), "renewal": renewal, "term": term or None,
                "notice": notice, "notice_to": "quarter", "value": {"amount": value, "currency": "EUR"},
            }
            for n, ((name, term, notice, value, renewal, since), firm) in enumerate(
                zip(CONTRACTS, customers, strict=False)
            )
        ]  # fmt: skip
        self._made("sales.contract", values)

    def _einvoice(self, firm: dict[str, Any]) -> UUID:
        """An invoice of a supplier, as XRechnung."""
        day = today() - dt.timedelta(days=6)
        text = _XRECHNUNG.format(day=day, due=day + dt.timedelta(days=14), vat_id=VAT_ID)
        file = store(self.system, text.encode(), name="rechnung-nordstahl.xml").record
        made: UUID = run(self.system, "sales.invoice.take", document=str(file.id)).record.id
        return made


_XRECHNUNG = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0</cbc:CustomizationID>
<cbc:ID>2026-7731</cbc:ID><cbc:IssueDate>{day}</cbc:IssueDate><cbc:DueDate>{due}</cbc:DueDate>
<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
<cac:AccountingSupplierParty><cac:Party><cac:PartyTaxScheme><cbc:CompanyID>DE129273398</cbc:CompanyID><cac:TaxScheme>
<cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme><cac:PartyLegalEntity>
<cbc:RegistrationName>Nordstahl Handels GmbH</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party>
</cac:AccountingSupplierParty><cac:AccountingCustomerParty><cac:Party><cac:PartyTaxScheme>
<cbc:CompanyID>{vat_id}</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>Hansewerk GmbH</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party>
</cac:AccountingCustomerParty>
<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">456.00</cbc:TaxAmount><cac:TaxSubtotal>
<cbc:TaxableAmount currencyID="EUR">2400.00</cbc:TaxableAmount><cbc:TaxAmount currencyID="EUR">456.00</cbc:TaxAmount>
<cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>19</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:LineExtensionAmount>2400.00</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount>2400.00</cbc:TaxExclusiveAmount><cbc:TaxInclusiveAmount>2856.00</cbc:TaxInclusiveAmount>
<cbc:PayableAmount>2856.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
<cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="H87">40</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount>2400.00</cbc:LineExtensionAmount><cac:Item><cbc:Name>Stahlprofil 80 x 60</cbc:Name>
<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>19</cbc:Percent></cac:ClassifiedTaxCategory></cac:Item>
<cac:Price><cbc:PriceAmount>60.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine></Invoice>"""
