"""The currency that all amounts of a record are in, and amounts with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from klientel.kernel.actions.workspace import CURRENCIES
from klientel.kernel.kinds import Choice
from klientel.kernel.kinds.base import currency_of_tenant


def money(amount: Decimal, currency: str) -> dict[str, str]:
    """A value of money, with two places after the point."""
    return {"amount": f"{amount:.2f}", "currency": currency}


class Currency(Choice):
    """One of the currencies that tenants work in."""

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        super().__init__(label, **{"of": [(c, c) for c in CURRENCIES]} | kwargs)

    def sample(self, n: int) -> str:
        return currency_of_tenant()
