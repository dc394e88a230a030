"""What sums of deals and of their stays are kept ready, see `models/kept.py`."""

from __future__ import annotations

from klientel.insights.queries.kept import Kept, keep

DEALS = Kept(
    rtype="sales.deal",
    table="sales_dealsum",
    day="counts_on",
    fields=frozenset({"owner", "pipeline", "state", "category"}),
    wanting="sales_sumswanted",
    totals={("value", "", "counts_on"): "amount", ("value", "probability", "counts_on"): "weighted"},
)
STAYS = Kept(
    rtype="sales.deal",
    table="sales_staysum",
    day="begun",
    fields=frozenset({"owner", "pipeline"}),
    wanting="sales_sumswanted",
    totals={},
)
keep(DEALS)
