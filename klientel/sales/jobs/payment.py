"""Invoices follow their payments, whoever brought these: a form, an import, a program, an undo."""

from __future__ import annotations

from uuid import UUID

from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run_many
from klientel.kernel.events import Event, consumer
from klientel.sales.models import Invoice, Payment


@consumer("sales.payments")
def settle_invoices(events: list[Event]) -> None:
    """Work out anew what is open of the invoices whose payments were made, changed, deleted or brought back."""
    some = [one for one in events if one.record_type == "sales.payment"]
    if not some:
        return
    named = {UUID(i) for one in some for i in one.changes.get("invoice", ()) if i}
    named |= set(Payment.objects.filter(pk__in=[one.record_id for one in some]).values_list("invoice", flat=True))
    there = Invoice.objects.filter(pk__in=named, archived_at=None).order_by("pk").values_list("pk", flat=True)
    for _outcome in run_many(system_actor(), "sales.invoice.settle", [Item(one) for one in there]):
        pass
