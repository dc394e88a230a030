"""What a customer has ordered."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Date, Decimal, Link, LongText, Money, Privacy, Text, Whole
from klientel.kernel.records.record import Record
from klientel.sales.models import ordering, telling
from klientel.sales.models.currency import Currency
from klientel.sales.models.keeping import LETTER, why_kept
from klientel.sales.models.positions import Positions


class Order(Record):
    """An order (Auftrag): of a quote that was accepted, or as a shop or an ERP says it.

    Its sums follow from its lines; one that comes without lines has the sums it comes with.
    """

    name = Text(_("subject"), max_length=300)
    number = Text(_("order number"), max_length=80, search="A")
    source = Text(_("comes from"), max_length=80, help_text=_("The shop or ERP whose number this is"))
    date = Date(_("date"))
    state = Choice(_("state"), of=ordering.STATES, default=ordering.OPEN, tones=ordering.TONES)
    organisation = Link("contacts.organisation", _("organisation"), reverse=_("orders"))
    person = Link("contacts.person", _("contact person"), reverse=_("orders"), privacy=Privacy.PERSONAL)
    quote = Link("sales.quote", _("quote"), reverse=_("orders"))
    deal = Link("sales.deal", _("deal"), reverse=_("orders"))
    customer_reference = Text(_("the customer's order number"), max_length=120, search="B")
    deliver_by = Date(_("deliver by"))
    currency = Currency(_("currency"))
    positions = Positions(_("lines"))
    discount = Decimal(_("discount on all in %"), decimal_places=2)
    net = Money(_("net"))
    tax = Money(_("tax"))
    gross = Money(_("total"))
    sequence = Whole(_("number in the year"), readonly=True)
    description = LongText(_("description"), privacy=Privacy.PERSONAL)

    class Meta(Record.Meta):
        app_label = "sales"
        constraints = [
            models.UniqueConstraint(
                "tenant_id", "source", "number", name="order_number_once", condition=~models.Q(number=""),
            )
        ]  # fmt: skip
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "organisation", "date", "id", name="order_organisation"),
            models.Index("tenant_id", "person", "id", name="order_person"),
            models.Index("tenant_id", "quote", "id", name="order_quote"),
            models.Index("tenant_id", "deal", "id", name="order_deal"),
            models.Index("tenant_id", "date", "id", name="order_date"),
            models.Index("tenant_id", "sequence", name="order_sequence"),
            models.Index("tenant_id", "number", name="order_number"),
        ]

    class About:
        label, plural, slug, icon, group = _("order"), _("orders"), "orders", "shopping-cart", _("Sales")
        confidential = True
        title = staticmethod(lambda one: " ".join(filter(None, (one.number, one.name))))
        made_of = ("number", "name")
        order = "-date"
        columns = ("state", "organisation", "date", "net", "gross", "owner")
        concerns = ("quote", "deal", "organisation", "person")
        derive, derives = ordering.derive, ordering.DERIVES
        fitting = {"discount": "1"}
        retained = staticmethod(lambda one: why_kept(one.date, LETTER))
        mergeable = False
        sections = (
            (_("Order"), ("name", "number", "date", "state", "deliver_by", "organisation", "person", "owner")),
            (_("Amount"), ("net", "tax", "gross", "currency", "discount")),
            (_("Origin"), ("quote", "deal", "customer_reference", "source", "tags", "description")),
        )

    @property
    def told(self) -> dict[str, Any]:
        """Its lines and sums as texts in the active language, see `telling.told`."""
        return telling.told(self, self.positions or [], get_language() or "de")
