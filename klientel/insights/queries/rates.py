"""Amounts of other currencies in that of the tenant, by the rate of the right day.

The rate of a day is the last one known that day. What has no rate is never guessed: it stays beside the sum, in its
own currency. Nothing is rounded before it is added up; whoever shows a sum rounds it once.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import current

_RATE = """(SELECT r.rate FROM insights_rate r WHERE r.tenant_id = %s AND r.currency = {currency}
 AND r.day <= {day} AND r.archived_at IS NULL ORDER BY r.day DESC, r.id DESC LIMIT 1)"""


def converted(money: Sql, day: Sql) -> Sql:
    """The amount of a money expression in our currency by the rate of a day; NULL without an amount or without a rate.

    ``money`` is the ``jsonb`` of a money field (``t.value``), ``day`` a date. Both are repeated: give columns or
    something just as simple. Only amounts of other currencies look for a rate. Rates are the tenant's own, and
    whoever sees an amount may see it converted.
    """
    amount, currency = f"({money.text}->>'amount')::numeric", f"{money.text}->>'currency'"
    return exchanged(Sql(amount, money.params), Sql(currency, money.params), day)


def exchanged(amount: Sql, currency: Sql, day: Sql) -> Sql:
    """As :func:`converted`, of an amount and its currency that stand by themselves."""
    rate = _RATE.format(currency=currency.text, day=day.text)
    return Sql(
        f"(CASE WHEN {currency.text} = %s THEN {amount.text} ELSE {amount.text} * {rate} END)",
        (*currency.params, currency_of_tenant(), *amount.params, *amount.params, current(), *currency.params,
         *day.params),
    )  # fmt: skip


@dataclass(frozen=True)
class Rates:
    """All rates of a tenant, for amounts at hand: days in order and the rates that begin then, by currency."""

    ours: str
    known: dict[str, tuple[list[dt.date], list[Decimal]]]

    def rate(self, currency: str, day: dt.date) -> Decimal | None:
        """What one unit was worth that day; None where nothing is known yet."""
        if currency == self.ours:
            return Decimal(1)
        days, rates = self.known.get(currency, ([], []))
        at = bisect_right(days, day)
        return rates[at - 1] if at else None

    def convert(self, money: dict[str, Any] | None, day: dt.date) -> Decimal | None:
        """The amount of a money value in our currency, not rounded; None where there is no amount or no rate."""
        if not money:
            return None
        rate = self.rate(money["currency"], day)
        return None if rate is None else Decimal(money["amount"]) * rate


def rates() -> Rates:
    """The rates of the current tenant, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT currency, day, rate FROM insights_rate WHERE tenant_id = %s AND archived_at IS NULL"
            " ORDER BY currency, day, id",
            [current()],
        )
        rows = cursor.fetchall()
    known: dict[str, tuple[list[dt.date], list[Decimal]]] = {}
    for currency, day, rate in rows:
        days, values = known.setdefault(currency, ([], []))
        days.append(day)
        values.append(rate)
    return Rates(currency_of_tenant(), known)


@dataclass
class Sums:
    """A sum in our currency, and beside it what has no rate: amounts by currency."""

    ours: Decimal = Decimal(0)
    apart: dict[str, Decimal] | None = None

    def add(self, money: dict[str, Any] | None, day: dt.date, known: Rates) -> None:
        """One more amount of that day."""
        worth = known.convert(money, day)
        if worth is not None:
            self.ours += worth
        elif money:
            self.apart = self.apart or {}
            self.apart[money["currency"]] = self.apart.get(money["currency"], Decimal(0)) + Decimal(money["amount"])
