"""Amounts of other currencies in ours: by the rate of the right day, in SQL and in Python alike, never guessed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from klientel.insights.queries.rates import Sums, converted, rates
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import inside

pytestmark = pytest.mark.django_db


def rate(actor: Actor, currency: str, day: str, worth: str) -> Any:
    return run(actor, "insights.rate.create", currency=currency, day=day, rate=worth, source="ECB").record


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def by_database(some: list[tuple[dict[str, str] | None, str]]) -> list[Decimal | None]:
    """What these values were worth on these days."""
    found = converted(Sql("v.money"), Sql("v.day"))
    rows = ", ".join(["(%s, %s::jsonb, %s::date)"] * len(some))
    params = [x for n, (m, d) in enumerate(some) for x in (n, None if m is None else _json(m), d)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {found.text} FROM (VALUES {rows}) v (n, money, day) ORDER BY v.n", [*found.params, *params]
        )
        return [amount for (amount,) in cursor.fetchall()]


def _json(value: dict[str, str]) -> str:
    return f'{{"amount": "{value["amount"]}", "currency": "{value["currency"]}"}}'


def test_the_last_known_rate_of_the_day_counts_and_nothing_is_guessed_before_the_first(anna: Actor) -> None:
    rate(anna, "USD", "2026-01-10", "0.9")
    rate(anna, "USD", "2026-02-01", "0.8")
    some = [
        (money("100"), "2026-01-01"),
        (money("100", "USD"), "2026-01-09"),
        (money("100", "USD"), "2026-01-10"),
        (money("100", "USD"), "2026-01-31"),
        (money("100", "USD"), "2027-01-31"),
        (money("100", "CHF"), "2027-01-31"),
        (None, "2027-01-31"),
    ]
    expected = [Decimal(100), None, Decimal(90), Decimal(90), Decimal(80), None, None]
    assert by_database(some) == expected
    known = rates()
    assert [known.convert(m, dt.date.fromisoformat(d)) for m, d in some] == expected


def test_what_has_no_rate_stands_beside_the_sum_in_its_own_currency(anna: Actor) -> None:
    rate(anna, "USD", "2026-01-10", "0.5")
    known, sums = rates(), Sums()
    for one in (money("10"), money("10", "USD"), money("7", "CHF"), money("5", "CHF"), None):
        sums.add(one, dt.date(2026, 3, 1), known)
    assert (sums.ours, sums.apart) == (Decimal(15), {"CHF": Decimal(12)})


def test_of_two_rates_of_a_day_the_later_one_counts_and_one_in_the_trash_does_not(anna: Actor) -> None:
    rate(anna, "USD", "2026-01-10", "0.5")
    second = rate(anna, "USD", "2026-01-10", "0.25")
    some = [(money("100", "USD"), "2026-01-10")]
    assert by_database(some)[0] == Decimal(25) == rates().convert(*_at(some))
    run(anna, "insights.rate.archive", second.pk)
    assert by_database(some)[0] == Decimal(50) == rates().convert(*_at(some))


def _at(some: list[Any]) -> tuple[Any, dt.date]:
    return some[0][0], dt.date.fromisoformat(some[0][1])


def test_a_rate_is_above_zero_and_one_of_our_own_currency_counts_for_nothing(anna: Actor) -> None:
    for worth in ("0", "-1"):
        with pytest.raises(Refused) as told:
            rate(anna, "USD", "2026-01-10", worth)
        assert told.value.field == "rate"
    rate(anna, "EUR", "2026-01-10", "3")
    some = [(money("100"), "2026-02-01")]
    assert by_database(some) == [Decimal(100)]
    assert rates().convert(*_at(some)) == Decimal(100)


def test_another_tenant_has_rates_of_its_own(anna: Actor, cleo: Actor) -> None:
    rate(anna, "USD", "2026-01-10", "0.5")
    with inside(cleo.tenant):
        assert rates().known == {}
