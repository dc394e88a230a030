"""Reading JSON lines: one object a line, its keys are the columns. What is no object is told with its line."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from klientel.lib.tables.encodings import decoded_lines, guess_encoding
from klientel.lib.tables.headers import usable_names
from klientel.lib.tables.sources import Source
from klientel.lib.tables.table import NotATable, Problem, Row, Table, fitted

ENDINGS = (".jsonl", ".ndjson")
_LONGEST_LINE = 1_000_000
_LONGEST_TOLD = 2000  # of a line that cannot be read, kept as its first cell
_MOST_COLUMNS = 1000
_MONEY = {"amount", "currency"}


def is_json_lines(start: bytes, filename: str) -> bool:
    """Whether a file holds JSON lines: its name says so, or its first two lines are an object each."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text.startswith(b"{"):
        return False
    if filename.lower().endswith(ENDINGS):
        return True
    first, _end, second = text.partition(b"\n")
    return second.lstrip().startswith(b"{") and isinstance(_loaded(first), dict)


def open_json_lines(source: Source) -> Table:
    """The objects of a file as a table; it is read once for the columns, then once for each `rows()`.

    Texts stand as they are, lists of plain values with semicolons, everything deeper as JSON again.
    """
    with source.opened() as stream:
        encoding = guess_encoding(stream)
    places: dict[str, int] = {}
    for line in _lines(source, encoding):
        for key in line.values:
            if len(places) < _MOST_COLUMNS:
                places.setdefault(key, len(places))
    if not places:
        raise NotATable("table.structured")

    def rows() -> Iterator[Row]:
        for line in _lines(source, encoding):
            yield _row(line, places)

    shown = "utf-8" if encoding == "utf-8-sig" else encoding
    return Table("jsonl", usable_names(list(places), width=0), rows, encoding=shown, header_line=0, decimal=".")


class _Line(NamedTuple):
    number: int
    text: str
    values: dict[str, Any]
    problem: Problem | None = None


def _lines(source: Source, encoding: str) -> Iterator[_Line]:
    number, ended = 0, True
    with source.opened() as stream:
        for piece in decoded_lines(stream, encoding, longest=_LONGEST_LINE):
            begins, ended = ended, piece.endswith(("\n", "\r"))
            number += begins
            if begins and piece.strip():
                yield _line(number, piece)


def _line(number: int, text: str) -> _Line:
    if len(text) > _LONGEST_LINE:
        return _Line(number, text, {}, Problem("row.huge"))
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _Line(number, text, {}, Problem("row.json", {"at": min(error.pos + 1, len(text.rstrip()))}))
    if not isinstance(found, dict):
        return _Line(number, text, {}, Problem("row.no_object"))
    return _Line(number, text, found)


def _row(line: _Line, places: dict[str, int]) -> Row:
    if line.problem is not None:
        told = line.text.strip()[:_LONGEST_TOLD].replace("\x00", "")
        return Row(line.number, [told, *[""] * (len(places) - 1)], line.problem)
    cells, rest = [""] * len(places), []
    for key, value in line.values.items():
        text = _text(value)
        if key in places:
            cells[places[key]] = text
        elif text:
            rest.append(text)
    problem = None
    if "\\u0000" in line.text:
        cells, problem = (
            [c.replace("\x00", "").replace("\\u0000", "") for c in cells],
            Problem("row.nul", harmless=True),
        )
    return fitted(line.number, cells + rest, len(places), problem)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict) and value.keys() == _MONEY:
        return f"{value['amount']} {value['currency']}"
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return "; ".join(map(_text, value))
    return orjson.dumps(value).decode()


def _loaded(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
