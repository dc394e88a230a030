"""Orders that a person decides: one step up or down, as the buttons of a page without scripts ask for it."""

from __future__ import annotations

from collections.abc import Sequence


def moved(names: Sequence[str], asked: str) -> list[str]:
    """``names`` with one of them a step further: ``asked`` is ``up NAME`` or ``down NAME``, or nothing."""
    made, (way, _space, name) = list(names), asked.partition(" ")
    if name in made and way in ("up", "down"):
        at = made.index(name)
        to = max(0, at - 1) if way == "up" else at + 1
        made.insert(to, made.pop(at))
    return made
