"""Amounts as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from klientel.lib import numbers


@pytest.mark.parametrize(
    ("amount", "currency", "language", "said"),
    [
        ("1234.5", "EUR", "de", "1.235\u00a0€"),
        ("1234.5", "EUR", "en", "€1,235"),
        ("-1234567.4", "CHF", "de", "-1.234.567\u00a0CHF"),
        ("999.49", "USD", "en", "US$999"),
        ("0", "JPY", "de", "0\u00a0¥"),
    ],
)
def test_an_amount_at_a_glance_has_no_cents(amount: str, currency: str, language: str, said: str) -> None:
    assert numbers.format_round_money(Decimal(amount), currency, language) == said
