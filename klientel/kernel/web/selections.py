"""What else can be done with what is selected in a list, beside the actions of its type: pages that other apps own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from klientel.kernel.access import ActorScope
from klientel.kernel.records import RecordType

#: ``(label, icon, address)`` for whoever may; asked when a list is drawn, so it looks at rights only
Offer = Callable[[ActorScope, RecordType], tuple[str, str, str] | None]
_offers: list[Offer] = []


def offer(made: Offer) -> Offer:
    """Declare a button; it posts ``id``, or ``all`` and ``where``, to the address (``bulk.selected`` reads them)."""
    _offers.append(made)
    return made


def offered(scope: ActorScope, rtype: RecordType) -> list[dict[str, Any]]:
    """The buttons, in the shape of those of actions."""
    made = [found for one in _offers if (found := one(scope, rtype)) is not None]
    return [
        {"verb": "", "usual": False, "label": label, "icon": icon, "dangerous": False, "params": True, "url": url}
        for label, icon, url in made
    ]
