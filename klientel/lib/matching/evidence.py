"""What speaks for and against two records being one: weights in bits, and the probability they add up to.

The model is Fellegi and Sunter's (A Theory for Record Linkage, JASA 64, 1969): a comparison that comes out in a level
with probability m among twins and u among strangers weighs log2(m/u) bits; independent weights add up; the sum with
the prior odds gives the probability. Agreement on something rare weighs more than on something common (Winkler,
Frequency-based matching in Fellegi-Sunter, 1989). The levels' m and u come from general reasoning about how people
and firms write themselves, tried on files apart from those they are measured on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

#: of a thousand records so many are expected to repeat another one
_EXPECTED = 0.1
_SMALLEST = 1000
#: where nobody knows how many records there are
USUAL = 5000
_MOST_BITS = 60.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """One comparison: which feature, what it showed (a code such as ``same_email``), and its weight in bits.

    Negative bits speak against.
    """

    feature: str
    code: str
    bits: float


def prior(size: int = USUAL) -> float:
    """Log-odds in bits that two records of a base of this size, taken blindly, are one.

    With ``n`` records of which a tenth repeat another there are n/10 twins among n²/2 pairs.
    """
    return math.log2(2 * _EXPECTED / max(size, _SMALLEST))


def probability(bits: float) -> float:
    """The probability of log-odds in bits, 0 to 1."""
    return float(1 / (1 + 2.0 ** -max(-_MOST_BITS, min(_MOST_BITS, bits))))


def summed(found: Iterable[Evidence], size: int = USUAL) -> float:
    """How likely two records are one, from all that speaks for and against."""
    return probability(prior(size) + sum(one.bits for one in found))


def codes(found: Iterable[Evidence]) -> list[str]:
    """What speaks for it, the weightiest first, then what speaks against."""
    ordered = sorted(found, key=lambda one: -one.bits)
    return [one.code for one in ordered if one.bits > 0] + [one.code for one in ordered if one.bits <= -1.0]
