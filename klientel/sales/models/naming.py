"""Products that lines name: a new line leads to one that there is; an old one stays as it is, whatever became of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.reading import seen_ids
from klientel.kernel.errors import Refused, together
from klientel.kernel.records import aliases, type_of
from klientel.sales.models.positions import refused

FIELD = "positions"


def check_products(step: Any, draft: Any, *, deleted: bool = False) -> None:
    """Refuse lines that newly name a product that is not there, may not be seen or is in the recycle bin.

    ``deleted``: what tells of the past (orders, invoices) may name one in the recycle bin. One that became part of
    another leads to that one. What an undo brings back stands as it stood.
    """
    if FIELD not in draft.changes or draft.undoes is not None:
        return
    before = {one.get("product") for one in draft.changes[FIELD][0] or ()}
    lines = getattr(draft.record, FIELD) or []
    fresh = {
        place: UUID(one["product"])
        for place, one in enumerate(lines)
        if one.get("product") and one["product"] not in before
    }
    if not fresh:
        return
    known, led = _looked_up(step, fresh.values())
    refusals = []
    for place, product in fresh.items():
        gone = known.get(led.get(product, product))
        if gone is None:
            refusals.append(_no(place, "not_a_record", _("There is no such record, or you may not see it.")))
        elif gone and not deleted:
            refusals.append(_no(place, "product_deleted", _("This product is in the recycle bin.")))
    if refusals:
        raise together(refusals)
    if led:
        step.stamp(draft.record, **{FIELD: [_led(one, led) for one in lines]})


def _looked_up(step: Any, products: Iterable[UUID]) -> tuple[dict[UUID, bool], dict[UUID, UUID]]:
    """Which of them may be seen, each with whether it is gone; and what the ones that were merged lead to.

    Asked once in a chunk for each product.
    """
    known, led = step.once("sales.products.named", lambda: ({}, {}))
    if asked := set(products) - known.keys() - led.keys():
        rtype = type_of("sales.product")
        known |= seen_ids(step.scope, rtype, sorted(asked), hold=True)
        if doubtful := {one for one in asked if known.get(one) is not False}:
            led |= (now := aliases.survivors(doubtful))
            known |= seen_ids(step.scope, rtype, sorted(set(now.values()) - known.keys()), hold=True)
    return known, led


def _led(one: dict[str, Any], led: dict[UUID, UUID]) -> dict[str, Any]:
    now = led.get(UUID(one["product"])) if one.get("product") else None
    return one | {"product": str(now)} if now else one


def _no(place: int, code: str, message: Any) -> Refused:
    return refused(FIELD, place, "product", code, message)
