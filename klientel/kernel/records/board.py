"""How the records of a type stand on a board: columns by the value of one field, cards in an order within each."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Board:
    """A board by ``by``, a choice, or a link to a type whose records stand in an order (their ``position``).

    ``within`` names a link that both have: only one of its targets is shown at a time (the stages of one pipeline).
    ``amount`` (money) is added up per column, ``weight`` (per cent) weighs it. ``since`` tells how long a card has been
    in its column; ``rots_after`` (days) of a column's record says when that is too long. ``ends`` tells when a card
    came to its end: after ``kept`` days it stands on the board no more. A column whose record says ``outcome`` of
    ``verbs`` is entered by that action, because it asks for more; those of ``aside`` are only a place to drop.
    ``begin`` is the action that makes the usual columns where there are none.
    """

    by: str
    within: str = ""
    amount: str = ""
    weight: str = ""
    order: str = "changed_at"
    since: str = ""
    card: tuple[str, ...] = ()
    ends: str = ""
    kept: int = 30
    outcome: str = ""
    verbs: dict[str, str] = field(default_factory=dict)
    aside: tuple[str, ...] = ()
    begin: str = ""
