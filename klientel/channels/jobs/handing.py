"""From a fetch to whoever reads the same account in this process: a piece that was just stored need not be claimed and
read from the disk once more.

The fetch waits until there is room, so that no more than a piece lies in between. What nobody takes any more is
released, and waits in the database as everything else does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition
from uuid import UUID

from klientel.channels.queries.mailboxes import Claimed

PATIENCE, LOOK = 5.0, 0.1  # seconds that a fetch waits for room before it goes on without, and asks whether to hurry

Pairs = list[tuple[Claimed, bytes]]


@dataclass
class _Desk:
    asked_again: bool = False
    piece: Pairs | None = None


_desks: dict[UUID, _Desk] = {}  # accounts whose mail this process reads
_changed = Condition()


def begin(account: UUID) -> bool:
    """Whether the caller is the one who reads the account in this process; whoever does so already goes on."""
    with _changed:
        if account in _desks:
            _desks[account].asked_again = True
            return False
        _desks[account] = _Desk()
        return True


def end(account: UUID) -> tuple[bool, Pairs]:
    """Nobody reads the account any more: whether somebody asked for it meanwhile, and what was not taken."""
    with _changed:
        desk = _desks.pop(account)
        _changed.notify_all()
        return desk.asked_again, desk.piece or []


def has_room(account: UUID, hurried: Callable[[], bool]) -> bool:
    """Whether somebody reads the account and takes a piece; waits while one lies there, unless ``hurried()``."""
    for _n in range(round(PATIENCE / LOOK)):
        with _changed:
            if _changed.wait_for(lambda: account not in _desks or _desks[account].piece is None, LOOK):
                return account in _desks
        if hurried():
            break
    return False


def give(account: UUID, pairs: Pairs) -> bool:
    """Hand over a piece; false where nobody reads the account any more."""
    with _changed:
        if account not in _desks or _desks[account].piece is not None:
            return False
        _desks[account].piece = pairs
        return True


def taken(account: UUID) -> Pairs | None:
    """The piece that lies there for whoever reads the account."""
    with _changed:
        desk = _desks[account]
        found, desk.piece = desk.piece, None
        _changed.notify_all()
        return found
