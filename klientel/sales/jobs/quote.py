"""Quotes whose validity has ended are expired by themselves."""

from __future__ import annotations

from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run_many
from klientel.kernel.jobs import sweep
from klientel.kernel.kinds import today
from klientel.sales.models import Quote
from klientel.sales.models.quoting import SENT

PIECE = 500


@sweep("sales.quotes")
def expire_quotes() -> None:
    """Expire what was sent and not answered in time; what somebody answers at this moment is left alone."""
    late = Quote.objects.filter(state=SENT, valid_until__lt=today(), archived_at=None)
    ids = list(late.order_by("valid_until").values_list("pk", flat=True)[:PIECE])
    for _outcome in run_many(system_actor(), "sales.quote.expire", [Item(one) for one in ids]):
        pass
