"""Pieces of SQL with their parameters. Every statement the kernel writes itself is made of these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Sql:
    """SQL text with ``%s`` placeholders and the values that belong to them, in order."""

    text: str
    params: tuple[Any, ...] = ()

    def __and__(self, other: Sql) -> Sql:
        return both((self, other))

    def __invert__(self) -> Sql:
        if self is TRUE:
            return FALSE
        if self is FALSE:
            return TRUE
        return Sql(f"(({self.text}) IS NOT TRUE)", self.params)


TRUE = Sql("TRUE")
FALSE = Sql("FALSE")


def both(parts: Iterable[Sql]) -> Sql:
    """All of these; of none: true."""
    kept = [p for p in parts if p is not TRUE]
    if any(p is FALSE for p in kept):
        return FALSE
    return _joined(kept, " AND ") if kept else TRUE


def either(parts: Iterable[Sql]) -> Sql:
    """Any of these; of none: false."""
    kept = [p for p in parts if p is not FALSE]
    if any(p is TRUE for p in kept):
        return TRUE
    return _joined(kept, " OR ") if kept else FALSE


def _joined(parts: list[Sql], word: str) -> Sql:
    if len(parts) == 1:
        return parts[0]
    return Sql("(" + word.join(p.text for p in parts) + ")", tuple(x for p in parts for x in p.params))


def comma(parts: Iterable[Sql], separator: str = ", ") -> Sql:
    """A list of expressions."""
    kept = list(parts)
    return Sql(separator.join(p.text for p in kept), tuple(x for p in kept for x in p.params))


def name(identifier: str) -> str:
    """An identifier, quoted. Only ever given names from declarations, never from people."""
    return '"' + identifier.replace('"', '""') + '"'


def like(text: str) -> str:
    """``text`` with the signs that LIKE reads specially made plain; ``%`` doubled nowhere, it is a parameter."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def loaded(value: Any) -> Any:
    """A jsonb value as Python has it: Django asks the driver for its text."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value
