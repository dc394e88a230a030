"""Plain values, as events keep them, drawn for people: for history, undo and conflicts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import Name, names_by_type
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.web import cells

Names = dict[UUID, Name]


def names_in(scope: ActorScope, some: Iterable[tuple[Kind, Iterable[Any]]]) -> Names:
    """Names of the records that these plain values lead to, in one statement."""
    wanted: dict[str, set[UUID]] = {}
    for kind, values in some:
        if isinstance(kind, Link | Links):
            wanted.setdefault(kind.to, set()).update(_ids(values))
    return names_by_type(scope, wanted)


def _ids(values: Iterable[Any]) -> Iterable[UUID]:
    for value in values:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, UUID):
                yield one
            elif isinstance(one, str):
                yield UUID(one)


def shown(kind: Kind, plain: Any, seen: Names) -> Any:
    """A plain value as a cell; empty text where it says nothing or the field would no longer accept it."""
    try:
        value = kind.from_plain(plain)
    except Refused:
        return ""
    if value is None or kind.is_empty(value):
        return ""
    return cells.cell(kind, seen)(value)
