"""What was invoiced, as an ERP or the invoice itself says it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Date, File, Link, LongText, Money, Privacy, Text
from klientel.kernel.records import Counted
from klientel.kernel.records.record import Record
from klientel.sales.models import invoicing
from klientel.sales.models.currency import Currency
from klientel.sales.models.findings import Findings, sentences
from klientel.sales.models.keeping import VOUCHER, why_kept
from klientel.sales.models.positions import Positions


class Invoice(Record):
    """An invoice (Rechnung) or credit note. Klientel writes down what others say of it: an ERP, or the e-invoice.

    Amounts of a credit note are negative, so that sums over invoices are right. What is overdue follows from ``due``
    and ``open`` on the day one looks; nothing is stored for it.
    """

    number = Text(_("invoice number"), required=True, max_length=80, search="A")
    date = Date(_("date"), required=True)
    state = Choice(_("state"), of=invoicing.STATES, default="open", tones=invoicing.TONES, readonly=True)
    sort = Choice(_("kind of invoice"), of=invoicing.SORTS, default="invoice", tones=invoicing.SORT_TONES)
    direction = Choice(_("direction"), of=invoicing.DIRECTIONS, default="outgoing")
    organisation = Link("contacts.organisation", _("organisation"), reverse=_("invoices"))
    person = Link("contacts.person", _("contact person"), reverse=_("invoices"), privacy=Privacy.PERSONAL)
    order = Link("sales.order", _("order"), reverse=_("invoices"))
    contract = Link("sales.contract", _("contract"), reverse=_("invoices"))
    corrects = Link("sales.invoice", _("corrects"), reverse=_("corrections"))
    due = Date(_("due"))
    currency = Currency(_("currency"))
    net = Money(_("net"))
    tax = Money(_("tax"))
    gross = Money(_("total"), required=True)
    paid = Money(_("paid"), help_text=_("All that was paid so far, as the ERP says it"))
    paid_on = Date(_("paid on"))
    payments = Money(_("sum of payments"), readonly=True)
    open = Money(_("still open"), readonly=True)
    reference = Text(_("reference of the buyer"), max_length=200, search="B")
    seller = Text(_("seller"), max_length=200, privacy=Privacy.PERSONAL)
    seller_vat_id = Text(_("VAT ID of the seller"), max_length=40, search="B")
    buyer = Text(_("invoiced to"), max_length=200, privacy=Privacy.PERSONAL)
    buyer_vat_id = Text(_("VAT ID of the buyer"), max_length=40, search="B")
    issuer = Text(_("who numbered it"), max_length=200, readonly=True)
    positions = Positions(_("lines"))
    document = File(_("document"))
    format = Text(_("format"), max_length=80, readonly=True)
    findings = Findings(_("what is not right"), readonly=True)
    description = LongText(_("description"), privacy=Privacy.PERSONAL)

    class Meta(Record.Meta):
        app_label = "sales"
        constraints = [
            models.UniqueConstraint(
                "tenant_id", "direction", "issuer", "number", "date", name="invoice_once",
                condition=models.Q(archived_at=None),
            )
        ]  # fmt: skip
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "organisation", "date", "id", name="invoice_organisation"),
            models.Index("tenant_id", "person", "id", name="invoice_person"),
            models.Index("tenant_id", "order", "id", name="invoice_order"),
            models.Index("tenant_id", "contract", "id", name="invoice_contract"),
            models.Index("tenant_id", "corrects", "id", name="invoice_corrects"),
            models.Index("tenant_id", "date", "id", name="invoice_date"),
            models.Index("tenant_id", "number", name="invoice_number"),
            models.Index(
                "tenant_id", "organisation", "due", name="invoice_open",
                condition=models.Q(state__in=("open", "partly"), archived_at=None),
            ),
        ]  # fmt: skip

    class About:
        label, plural, slug, icon, group = _("invoice"), _("invoices"), "invoices", "receipt-text", _("Sales")
        confidential = True
        title = "number"
        order = "-date"
        columns = ("state", "organisation", "date", "due", "gross", "open")
        concerns = ("order", "contract", "organisation", "person")
        tree = {"organisation": Counted(("net",), invoicing.REVENUE, _("issued invoices"))}
        derive, derives = invoicing.derive, invoicing.DERIVES
        retained = staticmethod(lambda one: why_kept(one.date, VOUCHER))
        mergeable = False
        sections = (
            (_("Invoice"), ("number", "date", "sort", "direction", "state", "due", "organisation", "person", "owner")),
            (_("Amount"), ("net", "tax", "gross", "currency", "paid", "paid_on", "payments", "open")),
            (_("Origin"), ("order", "contract", "corrects", "reference", "seller", "seller_vat_id", "buyer",
                           "buyer_vat_id", "document", "format", "tags", "description")),
        )  # fmt: skip

    @property
    def told_findings(self) -> list[str]:
        """What does not add up, in sentences."""
        return sentences(self.findings)

    @property
    def told_lines(self) -> list[dict[str, Any]]:
        """Its lines as texts in the active language, each with what it comes to."""
        language, currency = get_language() or "de", (self.gross or {}).get("currency", "EUR")
        return [invoicing.told_line(one, currency, language) for one in self.positions or []]
