"""Asks VIES about VAT IDs that changed, in the background: one after the other, and again where it did not answer."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from klientel.channels.models import VatCheck
from klientel.channels.queries import vies
from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.events import Event, consumer, on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.jobs import breathe, defer, job
from klientel.kernel.tenancy import current, writing

TURN = 20.0  # seconds after which a job makes room for others


@consumer("vat_checks", recent=dt.timedelta(days=1))
def note_questions(events: list[Event]) -> None:
    """A question for each organisation whose VAT ID changed, where the tenant wants that; imports may mute it."""
    changed: dict[UUID, str] = {}
    for one in events:
        if one.record_type == "contacts.organisation" and "vat_id" in one.changes and not one.muted:
            changed[one.record_id] = str(one.changes["vat_id"][1] or "")
    some = {i: number for i, number in changed.items() if vies.askable(number)}
    if some and vies.is_on():
        items = [Item(params={"organisation": i, "vat_id": number}) for i, number in some.items()]
        list(run_many(system_actor(), "channels.vatcheck.create", items))
    if any(one.kind in ("channels.vatcheck.create", "contacts.organisation.check_vat") for one in events):
        wake(current(), vies.QUEUE)


@on_wake(vies.QUEUE)
def look() -> None:
    """Give a job what is due."""
    defer(ask_vies, tenant=current(), once=vies.QUEUE)


@job(outward=True, alone=True, tries=8)
def ask_vies() -> None:
    """Ask whatever is due, and wake up again when the next is."""
    until = time.monotonic() + TURN
    while (one := _due()) is not None and time.monotonic() < until:
        breathe()
        with writing():
            on = vies.is_on()
        said = vies.ask(one.vat_id) if on else vies.Answer(trouble="off")
        facts = {name: value for name, value in vars(said).items() if value}
        with writing():
            run(system_actor(), "channels.vatcheck.answer", one.pk, **facts)
    with writing():
        first = _waiting().order_by("due_at").values_list("due_at", flat=True).first()
        if one is not None or first is not None:
            wake(current(), vies.QUEUE, timezone.now() if one is not None else first)


def _waiting() -> Any:
    return VatCheck.objects.filter(outcome="waiting", archived_at=None)


def _due() -> Any:
    with writing():
        return _waiting().filter(Q(due_at=None) | Q(due_at__lte=timezone.now())).order_by("due_at", "pk").first()
