"""The order of a list, and where a page of it ends: empty values stand last in both directions."""

from __future__ import annotations

import base64
from collections.abc import Container
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import Refused
from klientel.kernel.records import RecordType
from klientel.kernel.sql import Sql

Cursor = tuple[Any, UUID]


@dataclass(frozen=True)
class Sort:
    """By which field, and whether downwards; ``title`` and ``name`` sort by the record's own name."""

    field: str = "title"
    down: bool = False

    @classmethod
    def of(cls, text: str) -> Sort:
        """From ``title`` or ``-title``."""
        return cls(text.removeprefix("-") or "title", text.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.field}" if self.down else self.field


@dataclass(frozen=True)
class Order:
    """What records are sorted by: an expression over the alias ``t``, ``NULL`` where it is empty, and the type its
    cursor value is cast to; then by id. ``full``: it is never empty."""

    expression: Sql
    cast: str
    down: bool
    full: bool = False

    def by_index(self, *, backwards: bool) -> str:
        """What stands after ORDER BY of one run, as an index is read: backwards for the page before."""
        way = self._way(backwards=backwards)
        return f"{self.expression.text} {way}, t.id {way}"

    def by(self, value: str, last: str, *, backwards: bool) -> str:
        """What stands after ORDER BY where rows with and without a value are sorted together."""
        way = self._way(backwards=backwards)
        empties = "" if self.full else f" NULLS {'FIRST' if backwards else 'LAST'}"
        return f"{value} {way}{empties}, {last} {way}"

    def _way(self, *, backwards: bool) -> str:
        return "DESC" if self.down != backwards else "ASC"

    def beyond(self, cursor: Cursor, *, backwards: bool) -> Sql:
        """What stands behind a cursor: after it, or before it."""
        return _either(self._parts(cursor, backwards=backwards))

    def runs(self, cursor: Cursor | None, *, backwards: bool) -> list[Sql]:
        """Conditions on the rows, to be read one after the other: each is what an index yields in this order.

        An index keeps empty values at its end, as an upward list wants them: one run. Read downwards it would yield
        them first, so what has a value and what has none are two runs. Nothing where every row is wanted.
        """
        parts = self._parts(cursor, backwards=backwards)
        if self.down or len(parts) < 2:
            return parts
        return [] if cursor is None else [_either(parts)]

    def _parts(self, cursor: Cursor | None, *, backwards: bool) -> list[Sql]:
        """What has a value and what has none, as far as it is behind the cursor, in the order it is read."""
        x, p = self.expression.text, self.expression.params
        empty, filled = Sql(f"{x} IS NULL", p), Sql(f"{x} IS NOT NULL", p)
        if cursor is None:
            return [] if self.full else [filled, empty]
        value, last = cursor
        sign = "<" if self.down != backwards else ">"
        if value is None:
            rest = Sql(f"({x} IS NULL AND t.id {sign} %s)", (*p, last))
            return [rest, filled] if backwards else [rest]
        cast = "" if self.full and self.cast == "text" else f"::{self.cast}"
        rest = Sql(f"({x}, t.id) {sign} (%s{cast}, %s)", (*p, value, last))
        return [rest] if backwards or self.full else [rest, empty]


def _either(parts: list[Sql]) -> Sql:
    return Sql(f"({' OR '.join(p.text for p in parts)})", tuple(v for p in parts for v in p.params))


def order_of(scope: ActorScope, rtype: RecordType, sort: Sort) -> Order:
    """What the records are sorted by.

    To whom a part of the names is hidden, their order is too: the records stand in the order they were made.
    """
    visible = scope.visible(rtype)
    kind = visible.get(sort.field)
    own = sort.field == "name" and "name" in rtype.fields
    if sort.field == "title" or (sort.field == "name" and not own) or (own and kind is not None and not kind.custom):
        if by_name(visible, rtype):
            return Order(Sql("t.sort_key"), "text", sort.down, full=True)
        return Order(Sql("t.id"), "uuid", sort.down, full=True)
    if kind is None or not kind.sortable:
        raise Refused("not_sortable", _("This list cannot be sorted by that."), sort.field)
    cast = "numeric" if kind.key == "money" else "text" if kind.db_type_name == "jsonb" else kind.db_type_name
    found = kind.order("t")
    if cast == "text":
        found = Sql(f"NULLIF({found.text}, '')", found.params)
    return Order(found, cast, sort.down, full=cast != "text" and not (kind.null or kind.custom or kind.computed))


def by_name(visible: Container[str], rtype: RecordType) -> bool:
    """Whether records can be sorted by their names for somebody who sees these fields."""
    return all(n in visible for n in rtype.made_of)


def encode(value: Any, record_id: UUID) -> str:
    """A cursor: where a page ended."""
    return base64.urlsafe_b64encode(orjson.dumps([value, record_id], default=str)).decode().rstrip("=")


def decode(text: str) -> Cursor:
    """What a cursor says, or :class:`Refused`."""
    try:
        value, last = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(value, str | int | float | bool | None) or "\x00" in str(value):
            raise ValueError(text)
        return value, UUID(last)
    except (ValueError, TypeError, AttributeError):
        raise Refused(
            "bad_cursor", _("This page address is damaged. Please start at the first page."), "after"
        ) from None
