"""What was paid on an invoice."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Date, Link, Money, Privacy, Text
from klientel.kernel.records.record import Record
from klientel.sales.models import invoicing
from klientel.sales.models.keeping import VOUCHER, why_kept


class Payment(Record):
    """A payment, of all of an invoice or part of it. A list of payments that is imported again makes none twice."""

    invoice = Link("sales.invoice", _("invoice"), required=True, reverse=_("payments"))
    date = Date(_("date"))
    amount = Money(_("amount"), required=True)
    reference = Text(_("reference"), max_length=140, privacy=Privacy.PERSONAL, search="B")

    class Meta(Record.Meta):
        app_label = "sales"
        constraints = [
            models.UniqueConstraint(
                "tenant_id", "invoice", "date", "amount", "reference", name="payment_once",
                condition=models.Q(archived_at=None),
            )
        ]  # fmt: skip
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "invoice", "date", "id", name="payment_invoice"),
            models.Index("tenant_id", "date", "id", name="payment_date"),
        ]

    class About:
        label, plural, slug, icon, group = _("payment"), _("payments"), "payments", "banknote", _("Sales")
        aside = True
        title = "reference"
        order = "-date"
        columns = ("invoice", "date", "amount", "owner")
        concerns = ("invoice",)
        derive = invoicing.derive_payment
        retained = staticmethod(lambda one: why_kept(one.date, VOUCHER))
        mergeable = False
        sections = ((_("Payment"), ("invoice", "date", "amount", "reference", "owner", "tags")),)
