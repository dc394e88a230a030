"""Pieces of SQL with their parameters. Every statement the kernel writes itself is made of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import orjson

#: so many values of a column
Made = Callable[[int], Sequence[Any]]


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


#: rows from which it pays to send them by column
_MANY = 20
_APART = chr(31)  # between the elements of a list


def rowset(
    table: str,
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    types: Mapping[str, str] | None = None,
    more: Mapping[str, Made] | None = None,
) -> Sql:
    """Rows of ``table`` with these columns, in this order, as a query; what all of them share is sent and read once.

    At least one row, at least one column. Many rows whose columns' types are told are sent by column: names are not
    repeated, and the server need not look each value up by one. ``more`` are further columns and what makes as many
    values for them as there are rows.
    """
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    columns |= {n: tuple(make(len(columns[names[0]]))) for n, make in (more or {}).items()}
    shared = {n: values[0] for n, values in columns.items() if len(values) > 1 and _shared(values)}
    if len(shared) == len(columns):
        shared.popitem()
    varying = {n: values for n, values in columns.items() if n not in shared}
    found = _by_column(varying, types) if types and len(next(iter(varying.values()))) >= _MANY else None
    if found is None:
        told = [dict(zip(varying, values, strict=True)) for values in zip(*varying.values(), strict=True)]
        picked = {n: f"r.{name(n)}" for n in varying}
        found = picked, Sql(f"json_populate_recordset(NULL::{table}, %s::json) r", (dumps(told),))
    picked, source = found
    every = ", ".join(picked.get(n) or f"c.{name(n)}" for n in columns)
    if not shared:
        return Sql(f"SELECT {every} FROM {source.text}", source.params)
    text = f"SELECT {every} FROM {source.text}, json_populate_record(NULL::{table}, %s::json) c"
    return Sql(text, (*source.params, dumps(shared)))


def _by_column(columns: dict[str, tuple[Any, ...]], types: Mapping[str, str]) -> tuple[dict[str, str], Sql] | None:
    """How each column is picked, and from what; nothing where a list cannot be told so."""
    picked: dict[str, str] = {}
    functions, params = [], []
    for column, values in columns.items():
        kind, unfolded = types[column], "json_array_elements_text"
        own = f"r.{name(column)}"
        picked[column] = f"{own} AS {name(column)}"
        if kind.endswith("[]"):
            if (joined := [_joined_list(v) for v in values]) and False in joined:
                return None
            values = tuple(joined)
            picked[column] = f"(string_to_array({own}, chr(31)))[2:]::{kind} AS {name(column)}"
        elif kind == "jsonb":
            unfolded = "json_array_elements"  # a text stays one
            picked[column] = f"NULLIF({own}::text, 'null')::jsonb AS {name(column)}"
        elif not kind.startswith(("text", "varchar", "character")):  # a text that is too long is refused, not cut
            picked[column] = f"{own}::{kind} AS {name(column)}"
        functions.append(f"{unfolded}(%s::json)")
        params.append(dumps(values))
    names = ", ".join(map(name, columns))
    return picked, Sql(f"ROWS FROM ({', '.join(functions)}) AS r({names})", tuple(params))


def _joined_list(values: Any) -> str | Literal[False] | None:
    """A list as one text, each element after a sign that none holds; ``False`` where one does."""
    if values is None:
        return None
    if not all(isinstance(v, str | UUID) for v in values):
        return False
    text = "".join([f"{_APART}{v}" for v in values])
    return text if text.count(_APART) == len(values) else False


def inserting(
    table: str,
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    types: Mapping[str, str] | None = None,
    **by: str | Made,
) -> Sql:
    """Such rows into the table, in one statement; ``by`` are further columns with the SQL that gives their values, or
    with what makes as many values as there are rows."""
    told = {n: sql for n, sql in by.items() if isinstance(sql, str)}
    made = {n: make for n, make in by.items() if not isinstance(make, str)}
    found = rowset(table, names, rows, types, made)
    into, given = ", ".join(map(name, (*names, *made, *told))), ", ".join(("r.*", *told.values()))
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
