"""What can be chosen of a quote, as a page offers it and as its form says it, for customers and for colleagues."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from klientel.sales.models.positions import ALTERNATIVE, OPTIONAL, replaceable

#: what the names of the buttons begin with that choose between a line and its alternatives
INSTEAD = "instead-"


def options_in(sent: Any) -> list[int]:
    """The options that are ticked; what is none is left to be refused when the answer is given."""
    return _places(sent.getlist("option"))


def alternatives_in(sent: Any) -> list[int]:
    """The alternatives that are chosen; the name of their radio button is that of the line they replace."""
    return _places([one for name, one in sent.items() if name.startswith(INSTEAD) and one != "main"])


def _places(given: Iterable[str]) -> list[int]:
    return sorted({int(one) for one in given if one.isascii() and one.isdigit() and len(one) < 5})


def possible(sent: Any, positions: list[dict[str, Any]]) -> list[int]:
    """What is chosen on the page, without what cannot be; of several alternatives to a line the last one."""
    instead = replaceable(positions)
    options = [n for n in options_in(sent) if n < len(positions) and positions[n].get("role") == OPTIONAL]
    return options + list({instead[n]: n for n in alternatives_in(sent) if n in instead}.values())


def lines(positions: list[dict[str, Any]], told: list[dict[str, Any]], chosen: Collection[int]) -> list[dict[str, Any]]:
    """Each line with how it can be chosen: ``instead`` is the radio group of a line and its alternatives."""
    instead, made = replaceable(positions), []
    for n, (position, line) in enumerate(zip(positions, told, strict=True)):
        role, main = position.get("role", ""), instead.get(n, n)
        made.append(
            line | {
                "n": n, "option": role == OPTIONAL, "alternative": role == ALTERNATIVE, "ticked": n in chosen,
                "instead": f"{INSTEAD}{main}" if main in instead.values() else "",
                "quiet": line["role"] in (OPTIONAL, ALTERNATIVE),
            }
        )  # fmt: skip
    return made


def sent_places(given: list[int] | None) -> list[int]:
    """The places of lines that an action was given, without what is none."""
    return [n for n in given or [] if isinstance(n, int) and not isinstance(n, bool)]
