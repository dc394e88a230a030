"""Groups of twins from pairs: what belongs together, without chains that join strangers.

Pairs are taken in the order of their certainty and join the groups their records are in; a join needs that the two
groups agree on the whole (average linkage over the log-odds, Sokal and Michener 1958), not only at one pair, and that
nobody said of two of them that they are not the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

Id = TypeVar("Id", bound=Hashable)

_CLIP = 25.0
MOST_MEMBERS = 50


def grouped(
    pairs: Mapping[tuple[Id, Id], float],
    between: Callable[[Id, Id], float],
    apart: Iterable[tuple[Id, Id]] = (),
    *,
    least: float = 0.0,
    most: int = MOST_MEMBERS,
) -> list[list[Id]]:
    """Groups of at least two, from pairs with their log-odds in bits.

    ``between`` gives the log-odds of any two, also of those that are no pair; ``apart`` names pairs that are known not
    to be the same, ``least`` the average from which two groups are one.
    """
    group_of: dict[Id, list[Id]] = {}
    never = {frozenset(pair) for pair in apart}
    known = dict(pairs)

    def odds(one: Id, two: Id) -> float:
        if (one, two) not in known:
            known[one, two] = known[two, one] if (two, one) in known else between(one, two)
        return max(-_CLIP, min(_CLIP, known[one, two]))

    for (one, two), _bits in sorted(pairs.items(), key=lambda item: -item[1]):
        left, right = group_of.setdefault(one, [one]), group_of.setdefault(two, [two])
        if left is right or len(left) + len(right) > most:
            continue
        crossing = [(a, b) for a in left for b in right]
        if any(frozenset(pair) in never for pair in crossing):
            continue
        if len(crossing) > 1 and sum(odds(a, b) for a, b in crossing) / len(crossing) < least:
            continue
        left.extend(right)
        for member in right:
            group_of[member] = left
    return [group for group in {id(group): group for group in group_of.values()}.values() if len(group) > 1]
