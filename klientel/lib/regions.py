"""Regions of a country by its postcodes, as people write them: ``DE 20-25``, ``AT``, ``CH 8000-8999``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PART = re.compile(r"([A-Za-z]{2})(?:\s+([0-9A-Za-z]{1,10})(?:\s*[-–]\s*([0-9A-Za-z]{1,10}))?)?\Z")


@dataclass(frozen=True)
class Region:
    """A country, or its postcodes that begin with ``first`` to ``last``, both included."""

    country: str
    first: str = ""
    last: str = ""

    def holds(self, country: str, postcode: str) -> bool:
        """Whether a place lies in it: postcodes are compared as far as the borders say."""
        if country.upper() != self.country:
            return False
        code = "".join(postcode.split()).upper()
        return not self.first or (
            bool(code) and self.first <= code[: len(self.first)] and code[: len(self.last)] <= self.last
        )

    def __str__(self) -> str:
        if not self.first:
            return self.country
        return f"{self.country} {self.first}" + (f"-{self.last}" if self.last != self.first else "")


def read(text: str) -> list[Region]:
    """The regions of a text, separated by commas, semicolons or line ends; :class:`ValueError` with the wrong part."""
    found = []
    for part in (p.strip() for p in re.split(r"[,;\n]", text)):
        if not part:
            continue
        match = _PART.match(part)
        if match is None:
            raise ValueError(part)
        first = (match[2] or "").upper()
        last = (match[3] or first).upper()
        if len(first) != len(last) or first > last:
            raise ValueError(part)
        found.append(Region(match[1].upper(), first, last))
    return found


def holding(regions: Iterable[Region], places: Iterable[tuple[str, str]]) -> tuple[Region, str] | None:
    """The first region that holds one of these places (country, postcode), with the postcode."""
    known = list(places)
    return next(((r, code) for r in regions for country, code in known if r.holds(country, code)), None)
