"""What a bundle is made of."""

from __future__ import annotations

import decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Decimal, Link, Whole
from klientel.kernel.records.record import Record


def _in_order(part: Any) -> None:
    if part.bundle == part.product:
        raise Refused("in_a_circle", _("A bundle cannot be a part of itself."), "product")
    if part.quantity is not None and part.quantity <= 0:
        raise Refused("negative_quantity", _("The quantity must be more than nothing."), "quantity")


class Part(Record):
    """So many of a product in a bundle."""

    bundle = Link("sales.product", _("bundle"), required=True, reverse=_("parts of the bundle"), on_erase="with")
    product = Link("sales.product", _("product"), required=True, reverse=_("in bundles"), on_erase="with")
    quantity = Decimal(_("quantity"), decimal_places=3, default=decimal.Decimal(1))
    position = Whole(_("position"), least=0, most=10_000, default=0)

    class Meta(Record.Meta):
        app_label = "sales"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "bundle", "position", "id", name="part_of_bundle"),
            models.Index("tenant_id", "product", "id", name="part_of_product"),
        ]

    class About:
        label, plural, slug, icon = _("part of a bundle"), _("parts of bundles"), "bundle-parts", "package-plus"
        title = staticmethod(lambda one: f"{one._meta.get_field('quantity').show(one.quantity)} ×")
        made_of = ("quantity",)
        order = "position"
        columns = ("product", "quantity", "bundle")
        sections = ((_("Part of a bundle"), ("bundle", "product", "quantity", "position")),)
        check = staticmethod(_in_order)
        mergeable = followed = False
