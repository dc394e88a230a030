"""Pieces of SQL with their parameters. Every statement the kernel writes itself is made of these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

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


@dataclass(frozen=True, slots=True)
class Among(Sql):
    """A test that a column is one of an array of ids. Several of one column become one where any of them will do: that
    an index answers, an ``OR`` of them none."""

    column: str = ""
    ids: Sql = Sql("")


def among(column: str, ids: Sql) -> Among:
    """The column is one of these ids."""
    return Among(f"{column} = ANY({ids.text})", ids.params, column, ids)


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
    alike = [p for p in kept if isinstance(p, Among)]
    if len(alike) == len(kept) > 1 and len({p.column for p in alike}) == 1:
        return among(alike[0].column, comma([p.ids for p in alike], " || "))
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
    return orjson.loads(value) if isinstance(value, (str, bytes)) else value


def rowset(table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Sql:
    """Rows of ``table`` with these columns, in this order, as a query; what all of them share is sent and read once.

    At least one row, at least one column.
    """
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    shared = {n: values[0] for n, values in columns.items() if len(values) > 1 and _shared(values)}
    if len(shared) == len(columns):
        shared.popitem()
    varying = {n: values for n, values in columns.items() if n not in shared}
    told = [dict(zip(varying, values, strict=True)) for values in zip(*varying.values(), strict=True)]
    picked = ", ".join(f"{'c' if n in shared else 'r'}.{name(n)}" for n in names)
    text = f"SELECT {picked} FROM json_populate_recordset(NULL::{table}, %s::json) r"
    if not shared:
        return Sql(text, (dumps(told),))
    return Sql(f"{text}, json_populate_record(NULL::{table}, %s::json) c", (dumps(told), dumps(shared)))


def inserting(table: str, names: Sequence[str], rows: Iterable[Sequence[Any]], **by: str) -> Sql:
    """Such rows into the table, in one statement; ``by`` are further columns with the SQL that gives their values."""
    found = rowset(table, names, rows)
    into, given = ", ".join(map(name, (*names, *by))), ", ".join(("r.*", *by.values()))
    return Sql(f"INSERT INTO {table} ({into}) SELECT {given} FROM ({found.text}) r", found.params)


def _shared(values: Sequence[Any]) -> bool:
    first = values[0]
    if first and isinstance(first, list | dict):  # inside 1 and true are equal and not the same
        return all(v is first for v in values)
    kind = type(first)
    return all(v is first or (v == first and type(v) is kind) for v in values)


def dumps(value: Any) -> str:
    """JSON text for the database."""
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(type(value))
