"""Exact amounts: decimal arithmetic with enough digits, rounded once, to what the currency can pay."""

from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from babel.numbers import get_currency_precision

ZERO = Decimal(0)
HUNDRED = Decimal(100)

EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
"""Sixty digits: a product of the longest quantity, price and rate that records can hold is exact in it."""


@lru_cache(maxsize=256)
def smallest(currency: str) -> Decimal:
    """The smallest amount of a currency (ISO 4217): 0.01 for EUR, 1 for JPY, 0.001 for KWD."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def rounded(value: Decimal, unit: Decimal) -> Decimal:
    """`value` in whole `unit`s, half away from zero.

    "Kaufmännisches Runden" of DIN 1333 section 4.5, which EN 16931-1 (section 6.4) asks for amounts: 0.005 becomes
    0.01 and -0.005 becomes -0.01.
    """
    return value.quantize(unit, rounding=ROUND_HALF_UP, context=EXACT)


def per_cent(base: Decimal, percent: Decimal, unit: Decimal) -> Decimal:
    """`percent` of `base`, rounded (EN 16931: BT-92 = BT-93 x BT-94 / 100, BT-117 = BT-116 x BT-119 / 100)."""
    return rounded(EXACT.divide(EXACT.multiply(base, percent), HUNDRED), unit)


def shared(amount: Decimal, weights: list[Decimal], unit: Decimal) -> list[Decimal]:
    """`amount` split by `weights` so that the parts sum to it exactly (largest remainder, Hare 1859).

    Whole units that are left over go to the parts that lost most by rounding down, the earlier one of equal ones.
    Negative weights take no part; where no weight is positive, all goes to the first.
    """
    positive = [max(weight, ZERO) for weight in weights]
    total = sum(positive, ZERO)
    if not total:
        return [amount if place == 0 else ZERO for place in range(len(weights))]
    exact = [EXACT.divide(EXACT.multiply(amount, weight), total) for weight in positive]
    parts = [one.quantize(unit, rounding="ROUND_DOWN", context=EXACT) for one in exact]
    left = int(EXACT.divide(amount - sum(parts, ZERO), unit).to_integral_value())
    step = unit if left > 0 else -unit
    losers = sorted(range(len(parts)), key=lambda place: (-abs(exact[place] - parts[place]), place))
    for place in losers[: abs(left)]:
        parts[place] += step
    return parts
