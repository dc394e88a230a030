"""What products cost a customer today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.tenancy import current


@dataclass(frozen=True)
class Found:
    """The net price of one unit in the currency asked for, and the list it stands on (None: at the product itself)."""

    price: Decimal
    price_list: UUID | None


_PRICES = """
WITH wanted AS (SELECT * FROM unnest(%(products)s::uuid[], %(quantities)s::numeric[]) AS w(product, quantity))
SELECT w.product, COALESCE(found.price, own.price), found.price_list
FROM wanted w
JOIN sales_product p ON p.tenant_id = %(tenant)s AND p.id = w.product
LEFT JOIN LATERAL (
  SELECT r.price, r.price_list
  FROM sales_price r JOIN sales_pricelist l ON l.tenant_id = r.tenant_id AND l.id = r.price_list
  WHERE r.tenant_id = %(tenant)s AND r.product IN (w.product, p.variant_of) AND r.archived_at IS NULL
    AND COALESCE(r.from_quantity, 0) <= w.quantity AND l.archived_at IS NULL AND l.currency = %(currency)s
    AND (l.valid_from IS NULL OR l.valid_from <= %(day)s) AND (l.valid_until IS NULL OR l.valid_until >= %(day)s)
    AND (l."group" IS NULL OR l."group" = ANY(%(groups)s::uuid[]))
  ORDER BY (r.product = w.product) DESC, (l."group" IS NOT NULL) DESC, l.valid_from DESC NULLS LAST,
    COALESCE(r.from_quantity, 0) DESC, r.id DESC
  LIMIT 1) found ON true
LEFT JOIN LATERAL (
  SELECT (p.price->>'amount')::numeric AS price WHERE p.price->>'currency' = %(currency)s) own ON true
"""


def prices(
    quantities: Mapping[UUID, Decimal], *, currency: str, day: dt.date, groups: Sequence[UUID] = ()
) -> dict[UUID, Found]:
    """The prices of products in these quantities for a customer with these tags; one statement for any number.

    First counts what stands at the product itself and not at what it is a variant of, then a list for the customer's
    group before one for everybody, the list that began last, and the highest tier that the quantity reaches. Without
    any list the product's own price counts, if it is in the same currency; what has no price is not in the answer.
    """
    if not quantities:
        return {}
    facts: dict[str, Any] = {"products": list(quantities), "quantities": list(quantities.values()), "tenant": current(),
             "currency": currency, "day": day, "groups": list(groups)}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PRICES, facts)
        rows = cursor.fetchall()
    return {product: Found(price, where) for product, price, where in rows if price is not None}
