"""What a customer still owes and has brought: open items by currency, revenue by year; under the rights of who asks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import get_language

from klientel.insights.figures import listed, money
from klientel.insights.queries.adding import By, Measure, added_up
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import which
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.lib.dates import format_date
from klientel.lib.numbers import format_money
from klientel.sales.models.invoicing import OPEN, OUTGOING, PARTLY, VOID

KEY = "sales.invoice"
OURS = {"field": "direction", "op": "is", "value": OUTGOING}
STANDING = {"field": "state", "op": "one_of", "value": [OPEN, PARTLY]}
COUNTS = {"field": "state", "op": "is_not", "value": VOID}
NEEDS = ("organisation", "direction", "state", "open", "due")

_OPEN = """
SELECT t.open->>'currency', sum((t.open->>'amount')::numeric), count(*),
  coalesce(sum((t.open->>'amount')::numeric) FILTER (WHERE t.due < %s), 0), count(*) FILTER (WHERE t.due < %s),
  min(t.due) FILTER (WHERE t.due < %s)
FROM sales_invoice t WHERE {where} GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True)
class Owed:
    """What is open in one currency, how much of it is overdue and since when, and the lists behind both."""

    currency: str
    open: Decimal
    count: int
    overdue: Decimal
    late: int
    oldest: dt.date | None
    url: str
    late_url: str

    @property
    def texts(self) -> tuple[str, str, str]:
        """What is open, what of it is overdue, and since when, for people."""
        language = get_language() or "en"
        since = format_date(self.oldest, language) if self.oldest else ""
        return (
            format_money(self.open, self.currency, language),
            format_money(self.overdue, self.currency, language),
            since,
        )


@dataclass(frozen=True)
class Year:
    """What was invoiced in a year, net, in our currency."""

    year: int
    net: Decimal
    url: str

    @property
    def text(self) -> str:
        """The amount for people."""
        return money(self.net).text


@dataclass
class Standing:
    """What a customer owes and has brought; ``apart`` has no exchange rate and is in no sum of a year."""

    owed: list[Owed]
    years: list[Year] = field(default_factory=list)
    apart: dict[str, Decimal] = field(default_factory=dict)

    @property
    def apart_texts(self) -> list[str]:
        """What has no exchange rate, for people."""
        return [format_money(amount, code, get_language() or "en") for code, amount in self.apart.items()]


def late() -> dict[str, Any]:
    """Invoices whose day has passed."""
    return {"field": "due", "op": "before", "value": {"today": True}}


def standing(scope: ActorScope, organisation: UUID) -> Standing | None:
    """Open items and revenue of an organisation; None for whoever may not see what they are made of."""
    rtype = type_of(KEY)
    if not scope.may(rtype, "view"):
        return None
    visible = scope.visible(rtype)
    if not all(name in visible for name in NEEDS):
        return None
    of_them = {"field": "organisation", "op": "is", "value": str(organisation)}
    made = Standing(_owed(scope, {"all": [OURS, STANDING, of_them]}))
    if "net" in visible and "date" in visible:
        where = {"all": [OURS, COUNTS, of_them]}
        measure = Measure("net", "total", "net", day="date")
        added = added_up(scope, rtype, by=[By("date", "year")], measures=[measure], where=where)
        made.years = [
            Year(group.keys[0].year, group.values["net"], listed(rtype, added.condition(group.keys)))
            for group in added.groups[::-1][:5]
            if group.keys[0] is not None
        ]
        made.apart = added.apart
    return made


def _owed(scope: ActorScope, where: Any) -> list[Owed]:
    rtype, day = type_of(KEY), today()
    inside = which(scope, rtype, where)
    with connection.cursor() as cursor:
        cursor.execute(_OPEN.format(where=inside.text), [day, day, day, *inside.params])
        rows = cursor.fetchall()
    found = []
    for currency, total, count, overdue, n, oldest in rows:
        of_currency = {"all": [where, {"field": "open", "op": "currency", "value": currency}]}
        urls = listed(rtype, of_currency), listed(rtype, {"all": [of_currency, late()]})
        found.append(Owed(currency, total, count, overdue, n, oldest, *urls))
    return found
