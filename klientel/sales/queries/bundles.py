"""What bundles are made of, and what those cost whose parts say the price."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from klientel.sales.models import Part
from klientel.sales.queries.prices import prices

Parts = dict[UUID, list[tuple[UUID, Decimal]]]


def parts_of(bundles: Iterable[UUID]) -> Parts:
    """The parts of each bundle in their order: product and quantity; one statement, or none."""
    wanted, found = list(bundles), Parts()
    if wanted:
        some = Part.objects.filter(bundle__in=wanted, archived_at=None).order_by("position", "id")
        for part in some:
            found.setdefault(part.bundle, []).append((part.product, part.quantity))
    return found


def summed(
    parts: Parts, quantity: Decimal, *, currency: str, day: dt.date, groups: Sequence[UUID] = ()
) -> Mapping[UUID, Decimal]:
    """The price of one of each bundle by its parts, each at the tier that ``quantity`` bundles reach.

    A bundle of which any part has no price in this currency has none either.
    """
    whole: dict[UUID, Decimal] = {}
    for some in parts.values():
        for product, n in some:
            whole[product] = max(whole.get(product, Decimal(0)), n * max(quantity, Decimal(1)))
    known = prices(whole, currency=currency, day=day, groups=groups)
    return {
        bundle: sum((known[product].price * n for product, n in some), Decimal(0))
        for bundle, some in parts.items()
        if all(product in known for product, _n in some)
    }
