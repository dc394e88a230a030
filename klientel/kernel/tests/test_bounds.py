"""Whose value is none of those that are possible is told which are: by a page or a file in words, not in keys."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choice, Choices, Whole

UNITS = (("day", "days"), ("month", "months"))


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Choice("unit", of=UNITS), "Moon", "Please choose one of these: days, months."),
        (Choice("unit", of=UNITS, retired=frozenset({"day"})), "Moon", "Please choose one of these: months."),
        (Choice("unit", of=lambda: UNITS), "Moon", "Please choose one of these: days, months."),
        (Choice("unit", of=[(str(n), str(n)) for n in range(13)]), "Moon", "Please choose one of the given values."),
        (Choice("unit", of=()), "Moon", "Please choose one of the given values."),
        (Choices("units", of=UNITS), "days, Moon", "Please choose one of these: days, months."),
        (Whole("n", least=1, most=9), "10", "Please enter a number from 1 to 9."),
        (Whole("n", least=1), "0", "Please enter at least 1."),
        (Whole("n", most=9), "10", "Please enter at most 9."),
        (Whole("n"), "99999999999999999999", "This number is too small or too large."),
    ],
)
def test_the_sentence_says_what_is_possible(kind: Any, value: str, said: str) -> None:
    with pytest.raises(Refused) as no, override("en"):
        kind.read(value)
    with override("en"):
        assert str(no.value.message) == said
