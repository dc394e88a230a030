"""Deals follow their accepted quotes, however these were accepted: by link, by letter, by a program."""

from __future__ import annotations

from django.utils.translation import gettext as say

from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.events import Event, consumer
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.sales.models import Deal, Quote

YES = ("sales.quote.accept", "sales.quote.sign")
#: nothing to do, and nothing to tell anybody
SETTLED = ("not_accepted", "stays", "further")


@consumer("sales.accepted_quotes")
def follow_quotes(events: list[Event]) -> None:
    """Move the deal of each quote that was accepted; where it cannot go, its owner gets a task that says why."""
    for event in events:
        if event.kind in YES and not event.muted:
            quote = Quote.objects.filter(pk=event.record_id).first()
            if quote is not None and quote.deal is not None:
                _follow(event, quote)


def _follow(event: Event, quote: Quote) -> None:
    try:
        run(system_actor(), "sales.deal.follow_quote", quote.deal, cause=event.id, quote=quote.pk)
    except Missing:  # the deal was deleted meanwhile
        return
    except Refused as no:
        if no.code not in SETTLED:
            _tell(event, quote, no)


def _tell(event: Event, quote: Quote, no: Refused) -> None:
    deal = Deal.objects.filter(pk=quote.deal).first()
    if deal is not None:
        run(
            system_actor(), "work.task.create", cause=event.id, priority="high", due=today(),
            subject=say("Quote %(number)s was accepted: move its deal") % {"number": quote.number},
            description="\n".join(_said(one) for one in no.all()), owner=deal.owner or quote.owner,
            concerns=[deal.pk],
        )  # fmt: skip


def _said(no: Refused) -> str:
    """A sentence, with the field that it is about."""
    kind = type_of(Deal).fields.get(no.field or "")
    return f"{kind.verbose_name}: {no.message}" if kind is not None else str(no.message)
