"""The terms of EN 16931-1 (BT and BG) as an invoice states them, whichever syntax it is written in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_STEP = re.compile(r"(?P<name>[^/\[]+)(?:\[(?P<where>[^=!]+)(?P<sign>!?=)(?P<value>[^\]]*)\])?")


@dataclass(frozen=True)
class Shape:
    """Where the terms of one group stand below its element. A path may name alternatives (``a | b``), an attribute
    (``a/@b``) and keep to what says something (``a[b/c=value]``, ``a[@b!=value]``). A BG is there or not.
    """

    paths: Mapping[str, str]
    groups: Mapping[str, tuple[str, Shape]] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """What one group says: its terms that are there, and the groups within it in their order."""

    terms: Mapping[str, str]
    groups: Mapping[str, tuple[Group, ...]]

    def __getitem__(self, term: str) -> str:
        """What a term says, empty where it is missing."""
        return self.terms.get(term, "")

    def any(self, *terms: str) -> bool:
        """Whether one of these terms is there."""
        return any(term in self.terms for term in terms)

    def all(self, group: str) -> tuple[Group, ...]:
        """The groups of this name."""
        return self.groups.get(group, ())


#: an invoice of which nothing is known
NOTHING = Group({}, {})


def gather(element: Any, shape: Shape) -> Group:
    """The terms below an element."""
    found = {term: _stated(element, path, term) for term, path in shape.paths.items()}
    groups = {
        name: tuple(gather(each, inner) for each in _elements(element, path))
        for name, (path, inner) in shape.groups.items()
    }
    return Group({term: text for term, text in found.items() if text}, groups)


def _stated(element: Any, paths: str, term: str) -> str:
    for path in paths.split(" | "):
        way, _slash, attribute = path.partition("/@")
        for one in _elements(element, way):
            text = "yes" if term.startswith("BG") else one.get(attribute, "") if attribute else one.text or ""
            if text := " ".join(text.split())[:200]:
                return text
    return ""


def _elements(element: Any, paths: str) -> Iterator[Any]:
    for path in paths.split(" | "):
        found = [element]
        for step in _steps(path):
            found = [one for each in found for one in each.findall(step["name"]) if _fits(one, step)]
        yield from found


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[re.Match[str], ...]:
    return tuple(_STEP.finditer(path))


def _fits(one: Any, step: re.Match[str]) -> bool:
    where = step["where"]
    if where is None:
        return True
    said = one.get(where[1:], "") if where.startswith("@") else (one.findtext(where) or "").strip()
    return (said == step["value"]) == (step["sign"] == "=")
