"""Whose turn it is, by weights.

Smooth weighted round robin (nginx, ``ngx_http_upstream_round_robin.c``, 2012): each who takes part gains their weight,
the highest gets it and pays what all gained together. After as many turns as the weights add up to, everybody got as
often as their weight says, and nobody's turns come in a bunch. Who does not take part neither gains nor pays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

K = TypeVar("K")


def turn(had: Mapping[K, int], weights: Mapping[K, int]) -> tuple[K, dict[K, int]]:
    """Who is next among those with ``weights`` (each at least 1), and everybody's credits after it.

    Of equal ones the first counts. :class:`ValueError` where nobody takes part.
    """
    if not weights:
        raise ValueError("nobody takes part")
    after = {one: had.get(one, 0) + weight for one, weight in weights.items()}
    chosen = max(after, key=lambda one: after[one])  # the first of equal ones
    after[chosen] -= sum(weights.values())
    return chosen, {**had, **after}
