"""Units agree with their quantity, and have a code that machines know."""

from decimal import Decimal

import pytest

from klientel.lib.units import agreeing, code_of


@pytest.mark.parametrize(
    ("unit", "quantity", "language", "shown"),
    [
        ("Stunde", "14", "de", "Stunden"),
        ("Stunden", "1", "de", "Stunde"),
        ("Stunde", "0.5", "de", "Stunden"),
        ("Stunde", "14", "en", "Stunden"),
        ("hour", "14", "de", "hours"),
        ("minute", "5", "en", "minutes"),
        ("Minute", "5", "de", "Minuten"),
        ("Minute", "5", "en", "Minutes"),
        ("person", "2", "en", "people"),
        ("Satz", "-2", "de", "Sätze"),
        ("h", "14", "de", "h"),
        ("Stück", "14", "de", "Stück"),
        ("Großgebinde", "14", "de", "Großgebinde"),
        ("", "14", "de", ""),
    ],
)
def test_one_or_many_as_the_quantity_says(unit: str, quantity: str, language: str, shown: str) -> None:
    assert agreeing(unit, Decimal(quantity), language) == shown


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        ("Stunden", "HUR"),
        ("STK.", "H87"),
        ("lump sum", "LS"),
        ("m²", "MTK"),
        ("Lizenz", "C62"),
        ("?", "C62"),
        ("", "C62"),
    ],
)
def test_what_people_write_has_a_code(unit: str, code: str) -> None:
    assert code_of(unit) == code
