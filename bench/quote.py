"""A quote of 200 lines, added up: sections, discounts of lines and of the whole, four kinds of tax."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

from klientel.lib.pricing import OPTIONAL, Change, Position, Sheet, Tax, add_up

LINES, ROUNDS, MOST = 200, 50, 20.0
TAXES = (Tax("S", Decimal(19)), Tax("S", Decimal(7)), Tax("AE"), Tax("E", reason="§ 19 UStG"))


def measure() -> dict[str, Any]:
    """CPU milliseconds for adding up once."""
    whole = sheet()
    add_up(whole)
    begun = time.process_time()
    for _round in range(ROUNDS):
        add_up(whole)
    spent = (time.process_time() - begun) * 1000 / ROUNDS
    return {f"{LINES} lines added up": f"{spent:.2f} ms CPU (at most {MOST:.0f})"}


def sheet() -> Sheet:
    """A quote as long as they get."""
    return Sheet("EUR", tuple(_position(place) for place in range(LINES)), discount=Change(percent=Decimal("3.5")))


def _position(place: int) -> Position:
    changes = (Change(percent=Decimal(place % 15) / 2),) if place % 3 else (Change(amount=Decimal("0.49")),)
    return Position(
        Decimal(place + 1) / 4, Decimal("19.9") + place, TAXES[place % len(TAXES)], changes,
        role=OPTIONAL if place % 20 == 19 else "counted", section=str(place // 25),
    )  # fmt: skip
