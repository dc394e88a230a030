"""How the records of a type stand on a board: columns by the value of one field, cards in an order within each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Board:
    """A board by ``by``, a choice or a link to a type whose records have a ``position``.

    ``within`` names a link that both have: only one of its targets is shown at a time (the stages of one pipeline).
    ``amount`` (money) is added up per column, ``weight`` (per cent) weighs it. ``since`` tells how long a card has been
    in its column; a column record's ``rots_after`` (days) says when that is too long.
    """

    by: str
    within: str = ""
    amount: str = ""
    weight: str = ""
    order: str = "changed_at"
    since: str = ""
    card: tuple[str, ...] = ()
