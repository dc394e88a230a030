"""What becomes of consent when an import comes in, told while its rows are tried out: barred stays barred."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from klientel.channels.queries.suppression import suppressed
from klientel.kernel.events import Event
from klientel.kernel.transfer.effects import Teller, follows

PERSON = "contacts.person"
FIELDS = ("emails", "phones")


def foresees(events: list[Event]) -> dict[UUID, set[str]]:
    """The persons who come with an address that is barred."""
    given = {e.record_id: list(_addresses(e)) for e in events if e.record_type == PERSON}
    barred = suppressed({address for some in given.values() for address in some})
    return {person: {"barred"} for person, some in given.items() if not barred.isdisjoint(some)}


def _addresses(event: Event) -> Iterator[str]:
    for name in FIELDS:
        old, new = event.changes.get(name) or (None, None)
        known = [entry["value"] for entry in old or ()]
        yield from (entry["value"] for entry in new or () if entry["value"] not in known)


def phrases(whats: Collection[str]) -> dict[str, str]:
    """The one thing there is to say of a row."""
    return {what: _("an address is barred: it objected, or does not exist") for what in whats}


def general(kinds: dict[str, int]) -> list[str]:
    """Nobody who is imported has agreed to anything by that."""
    n = kinds.get(f"{PERSON}.create", 0)
    if not n:
        return []
    said = ngettext(
        "%(n)d person comes in without a consent: no advertising until there is one.",
        "%(n)d persons come in without a consent: no advertising until there is one.",
        n,
    )
    return [said % {"n": n}]


follows(Teller("consent", foresees, phrases, general))
