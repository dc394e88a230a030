"""The dashboard of invoices: what was earned, with whom, by what, where, and what is still open."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from klientel.insights.dashboards import Dashboard, Figure, declare
from klientel.sales.queries import revenue

declare(
    Dashboard(
        "revenue",
        _("Revenue"),
        "sales.invoice",
        (
            Figure("months", _("Revenue"), revenue.by_time, half=False, note=_("Net, credit notes taken off.")),
            Figure("customers", _("By customer"), revenue.by("organisation"), "table", half=False),
            Figure("products", _("By product"), revenue.by_product, "table", half=False),
            Figure("regions", _("By region"), revenue.by_region, "table", half=False),
            Figure("owing", _("Still open"), revenue.owing, "table", half=False),
        ),
        icon="receipt-text",
        filters=("owner.team", "owner"),
        steps=True,
    )
)  # fmt: skip
