"""The dashboard of products: what sells, what does not, and what is bought together."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from klientel.insights.dashboards import Dashboard, Figure, declare
from klientel.sales.queries import products

declare(
    Dashboard(
        "products",
        _("Products"),
        "sales.order",
        (
            Figure(
                "best", _("What sells"), products.best, "bars", half=False,
                note=_("Orders, accepted quotes without an order, and won deals without either; net."),
            ),
            Figure(
                "together", _("Bought together"), products.together, "table", half=False,
                note=_("Products that stood in the same sale more than once."),
            ),
            Figure("slow", _("Slow sellers"), products.slow, "table", half=False),
        ),
        icon="package",
        filters=("owner.team", "owner"),
    )
)  # fmt: skip
