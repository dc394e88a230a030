"""What we sell."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Link, LongText, Money, Text
from klientel.kernel.records.record import Record
from klientel.sales.models.taxing import TAXES

FIXED, SUMMED = "fixed", "summed"
BUNDLES = ((FIXED, _("at a price of its own")), (SUMMED, _("at the sum of its parts")))


class Product(Record):
    """A product or service. A variant leads to the product it is a variant of and says only what differs.

    A quote copies what it says, so that an old quote stays readable when the product is changed or in the trash.
    """

    name = Text(_("name"), required=True, search="A")
    number = Text(_("product number"), max_length=60, search="A")
    name_en = Text(_("name in English"), search="B")
    unit = Text(_("unit"), max_length=30, help_text=_("Such as piece, hour or kg"))
    price = Money(_("price"), help_text=_("Net, where no price list says otherwise"))
    cost = Money(_("cost"))
    tax = Choice(_("tax"), of=TAXES, default="standard")
    variant_of = Link("sales.product", _("variant of"), reverse=_("variants"))
    variant = Text(_("what differs"), max_length=120, help_text=_("Of a variant, such as its size or colour"))
    bundle = Choice(
        _("bundle"), of=BUNDLES, help_text=_("Of a product that is made of others: whether its parts say its price")
    )
    description = LongText(_("description"), search="C")
    description_en = LongText(_("description in English"), search="C")

    class Meta(Record.Meta):
        app_label = "sales"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "number", "id", name="product_number"),
            models.Index("tenant_id", "variant_of", "id", name="product_variant_of"),
        ]

    class About:
        label, plural, slug, icon, group = _("product"), _("products"), "products", "package", _("Sales")
        title = staticmethod(lambda one: " ".join(filter(None, (one.name, one.variant))))
        made_of = ("name", "variant")
        followed = False
        columns = ("number", "unit", "price", "cost", "tax", "variant_of")
        sections = (
            (_("Product"), ("name", "number", "unit", "price", "cost", "tax", "variant_of", "variant", "bundle")),
            (_("Text"), ("description", "name_en", "description_en", "tags")),
        )
