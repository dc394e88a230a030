"""What products cost: price lists by currency, time and group of customers, with tiers by quantity."""

from __future__ import annotations

import decimal
from typing import Any

from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions.workspace import CURRENCIES
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choice, Date, Decimal, Link, Text
from klientel.kernel.records.once import Once
from klientel.kernel.records.record import Record


def _in_order(record: Any) -> None:
    if record.valid_from and record.valid_until and record.valid_until < record.valid_from:
        raise Refused("ends_before_it_begins", _("The end lies before the beginning."), "valid_until")


def _price_in_order(record: Any) -> None:
    if record.price is not None and record.price < 0:
        raise Refused("negative_price", _("A price cannot be negative."), "price")
    if record.from_quantity is not None and record.from_quantity < 0:
        raise Refused("negative_quantity", _("A quantity cannot be negative."), "from_quantity")


def _older_prices(rows: list[Any]) -> list[Any]:
    """Where products or lists became one: of two prices for one quantity the one that was written first."""
    last: dict[Any, Any] = {}
    newest = sorted(rows, key=lambda r: r.id, reverse=True)
    return [r for r in newest if last.setdefault((r.price_list, r.product, r.from_quantity or 0), r) is not r]


class PriceList(Record):
    """Prices of one currency, for everybody or for the customers with one tag, for a time or for good."""

    name = Text(_("name"), required=True, max_length=120)
    currency = Choice(_("currency"), of=[(c, c) for c in CURRENCIES], required=True)
    group = Link("kernel.tag", _("for customers with the tag"), reverse=_("price lists"))
    valid_from = Date(_("valid from"))
    valid_until = Date(_("valid until"))

    class Meta(Record.Meta):
        app_label = "sales"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "group", "id", name="pricelist_group"),
        ]

    class About:
        label, plural, slug, icon, group = _("price list"), _("price lists"), "price-lists", "tags", _("Sales")
        aside = True
        title = "name"
        columns = ("currency", "group", "valid_from", "valid_until")
        sections = ((_("Price list"), ("name", "currency", "group", "valid_from", "valid_until", "tags")),)
        check = staticmethod(_in_order)


class Price(Record):
    """What one product costs on a list, from a quantity on."""

    price_list = Link("sales.pricelist", _("price list"), required=True, reverse=_("prices"), on_erase="with")
    product = Link("sales.product", _("product"), required=True, reverse=_("prices"), on_erase="with")
    from_quantity = Decimal(_("from quantity"), decimal_places=3, default=decimal.Decimal(0))
    price = Decimal(_("net price"), required=True, decimal_places=4)

    class Meta(Record.Meta):
        app_label = "sales"
        constraints = [
            Once(
                "tenant_id", "product", "price_list", Coalesce("from_quantity", decimal.Decimal(0)),
                name="price_once", condition=models.Q(archived_at=None), at="from_quantity",
                says=_("This list has a price of this product from this quantity on already: please change that one."),
            ),
        ]  # fmt: skip
        indexes = [*Record.Meta.indexes, models.Index("tenant_id", "price_list", "id", name="price_of_list")]

    class About:
        label, plural, slug, icon, group = _("price"), _("prices"), "prices", "tag", _("Sales")
        title = staticmethod(lambda one: one._meta.get_field("price").show(one.price))
        made_of = ("price",)
        aside = True
        columns = ("product", "price_list", "from_quantity", "price")
        sections = ((_("Price"), ("price_list", "product", "from_quantity", "price")),)
        check = staticmethod(_price_in_order)
        doubles = staticmethod(_older_prices)
        mergeable = False
