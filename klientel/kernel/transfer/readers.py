"""How the cells of one column are read: words of any language, days, numbers as the column writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import override

from klientel.kernel.errors import LANGUAGES
from klientel.kernel.kinds import Choices, Kind
from klientel.lib import dates, numbers
from klientel.lib.words import fold

_MOST_REMEMBERED = 5000
_SLASHED = re.compile(r"\s*(\d{1,2})[/-](\d{1,2})[/-]\d{2,4}\b")


def settling(kind: Kind, sign: str) -> Callable[[str], Any]:
    """Reads "1.234" as the other numbers of its column are written."""
    return lambda text: kind.read(numbers.settled(text, sign))


def choosing(kind: Kind) -> Callable[[str], Any]:
    """Reads a choice by key or label of any language."""
    words: dict[str, str] = {}
    for language in LANGUAGES:
        with override(language):
            for key, label in kind.options():
                words.setdefault(fold(key), key)
                words.setdefault(fold(label), key)

    def read(text: str) -> Any:
        if isinstance(kind, Choices):
            return kind.accept([words.get(fold(p), p.strip()) for p in text.replace(";", ",").split(",") if p.strip()])
        return kind.accept(words.get(fold(text), text))

    return read


def order(sample: Sequence[str]) -> str:
    """Whether dates with strokes begin with the day or the month: as those show that can be read one way only."""
    found = [m for m in map(_SLASHED.match, sample) if m]
    if any(int(m.group(2)) > 12 for m in found):
        return "mdy"
    return "dmy" if any(int(m.group(1)) > 12 for m in found) else ""


def dating(kind: Kind, order: str) -> Callable[[str], Any]:
    """Reads days; those with strokes in this order of day and month."""

    def read(text: str) -> Any:
        if order and "/" in text:
            try:
                return kind.accept(dates.read_date(dates.without_time(text), order=order))
            except ValueError:
                pass
        return kind.read(text)

    return read


def after(first: Callable[[str], str], read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Reads what ``first`` makes of a text."""
    return lambda text: read(first(text) or text)


def remembering(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """The same text means the same value: few words stand in many rows."""
    known: dict[str, Any] = {}

    def remember(text: str) -> Any:
        try:
            return known[text]
        except KeyError:
            value = read(text)
            if len(known) < _MOST_REMEMBERED:
                known[text] = value
            return value

    return remember
