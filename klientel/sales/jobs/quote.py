"""What quotes do by themselves: remind before they end or while they wait for approval, and expire."""

from __future__ import annotations

from uuid import UUID

from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run_many
from klientel.kernel.jobs import sweep
from klientel.kernel.kinds import today
from klientel.lib import clock
from klientel.sales.models import Quote
from klientel.sales.models.quoting import SENT
from klientel.sales.queries.waiting import ending_soon, waiting_long

PIECE = 500


@sweep("sales.quotes")
def expire_quotes() -> None:
    """Expire what was sent and not answered in time; what somebody answers at this moment is left alone."""
    late = Quote.objects.filter(state=SENT, valid_until__lt=today(), archived_at=None)
    _each("expire", list(late.order_by("valid_until").values_list("pk", flat=True)[:PIECE]))


@sweep("sales.quote_reminders")
def remind() -> None:
    """Remind owners of what ends soon, and approvers of what waits for them; each is looked at again under its lock."""
    _each("remind_expiry", ending_soon(PIECE))
    _each("remind_approval", waiting_long(clock.now(), PIECE))


def _each(verb: str, ids: list[UUID]) -> None:
    for _outcome in run_many(system_actor(), f"sales.quote.{verb}", [Item(one) for one in ids]):
        pass
