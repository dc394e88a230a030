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


@pytest.mark.parametrize(
    ("share", "places", "german", "english"),
    [("16.98", None, "16,98\u00a0%", "16.98%"), ("19", None, "19\u00a0%", "19%"), ("-5", 1, "-5,0\u00a0%", "-5.0%")],
)
def test_a_percentage_is_written_as_its_language_does(
    share: str, places: int | None, german: str, english: str
) -> None:
    said = [numbers.format_percent(Decimal(share), language, places=places) for language in ("de", "en")]
    assert said == [german, english]


@pytest.mark.parametrize(
    ("text", "sign", "value"),
    [
        ("12.500", ",", "12500"),
        ("12.500 €", ",", "12500"),
        ("fr. 1.234", ",", "1234"),
        ("12,500", ",", "12.5"),
        ("-1,125", ",", "-1.125"),
        ("12,500", ".", "12500"),
        ("1.125", ".", "1.125"),
        ("0.125", ",", "0.125"),
        ("1.234,5", ".", "1234.5"),
        ("12.50", ",", "12.50"),
    ],
)
def test_what_could_be_read_two_ways_is_settled_by_the_sign(text: str, sign: str, value: str) -> None:
    assert numbers.read_money(numbers.settled(text, sign))[0] == Decimal(value)


def test_without_a_sign_it_stays_as_it_is() -> None:
    assert [numbers.settled(*one) for one in (("12.500", None), ("abc", ","), ("", "."))] == ["12.500", "abc", ""]
