"""Rows that are the lines of one record, such as the articles of an order: put together before they are read.

A row that was put together has in the columns of its lines one line of text for each row of the file, so that it can
be corrected and imported again as it is.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter

from klientel.kernel.transfer.targets import Lines
from klientel.lib.tables import Problem, Row, Table

_ONE_WAY = re.compile(r"\D{0,4}[\d.,' ]*\d([.,])(?:\d{1,2}|\d{4,})\D{0,4}\Z")  # "12.5" and "1.234,56", not "1.234"
_MOST = 10_000  # lines of a record that are kept; whoever reads them takes fewer
MOST_HELD = 100_000  # lines of all records together whose rows are still to come
Key = tuple[str, ...]


@dataclass(frozen=True)
class Columns:
    """Which columns are parts of the lines, which say what belongs together, and which say more of the record."""

    parts: tuple[int, ...]
    by: tuple[int, ...]
    others: tuple[int, ...]

    @classmethod
    def of(cls, columns: Sequence[str], mapping: Mapping[str, str], lines: Lines) -> Columns:
        """By the paths that the columns lead to."""
        at = {n: mapping.get(column, "") for n, column in enumerate(columns)}
        parts = tuple(n for n, path in at.items() if lines.part(path))
        return cls(
            parts,
            tuple(n for n, path in at.items() if path in lines.by),
            tuple(n for n, path in at.items() if path and n not in parts and path not in lines.by),
        )

    def key(self, row: Row) -> Key:
        """What the row says it belongs to; empty texts where it says nothing."""
        return tuple(row.cells[n].strip() for n in self.by)


@dataclass(slots=True)
class _Open:
    """A record whose rows are being collected."""

    cells: list[str]
    texts: list[list[str]] = field(default_factory=list)  # of each row, its parts
    problem: Problem | None = None


def put_together(table: Table, columns: Columns) -> Iterator[Row]:
    """The rows of a table, those of one record as one, at the line of the last of them; in the order of these lines.

    Where the key stands in the first row of a record only, rows that say nothing but a line belong to the row before.
    The file is read twice, so that only records are held whose rows are still to come; where these become too many,
    the one that waits longest is refused. Memory does not grow with the file.
    """
    if not columns.by:
        yield from table.checked_rows()
        return
    with closing(_Runs()) as runs:
        for key, _rows in _runs(table, columns):
            runs.note(key)
        yield from _collected(table, columns, runs)


def _collected(table: Table, columns: Columns, runs: _Runs) -> Iterator[Row]:
    waiting: dict[Key | int, _Open] = {}
    held = 0
    for key, rows in _runs(table, columns):
        one, line = waiting.pop(key, None), 0
        held -= len(one.texts) if one else 0
        for _key, row in rows:
            one, line = one or _Open(list(row.cells)), row.line
            _add(one, row, columns)
        assert one is not None
        if (left := runs.left(key)) <= 0:
            yield _row(line, one if left == 0 else _apart(one), columns)
            continue
        waiting[key] = one
        held += len(one.texts)
        while held > MOST_HELD:
            first = next(iter(waiting))
            given_up = waiting.pop(first)
            held -= len(given_up.texts)
            runs.give_up(first)
            yield _row(line, _apart(given_up), columns)


def _apart(one: _Open) -> _Open:
    one.problem = Problem("row.apart")
    return one


class _Runs:
    """How many times the rows of each record begin anew in a file: kept on disk beyond a few megabytes."""

    def __init__(self) -> None:
        # one thread makes it, another may read ahead; never both at once
        self._base = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._base.execute("CREATE TABLE runs (key BLOB PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID")
        self._base.execute("BEGIN")

    def note(self, key: Key | int) -> None:
        """One more run of rows of this record; a row without a key is one by itself."""
        if not isinstance(key, int):
            self._base.execute("INSERT INTO runs VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1", [_digest(key)])

    def left(self, key: Key | int) -> int:
        """A run was read: how many are still to come; below nothing for a record that was given up."""
        if isinstance(key, int):
            return 0
        changed = "UPDATE runs SET n = n - (n > 0) WHERE key = ? RETURNING n"
        return int(self._base.execute(changed, [_digest(key)]).fetchone()[0])

    def give_up(self, key: Key | int) -> None:
        """What is still to come of this record is refused as well."""
        assert not isinstance(key, int)
        self._base.execute("UPDATE runs SET n = -1 WHERE key = ?", [_digest(key)])

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()


def _digest(key: Key) -> bytes:
    return blake2b("\x1f".join(key).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _runs(table: Table, columns: Columns) -> Iterator[tuple[Key | int, Iterator[tuple[Key | int, Row]]]]:
    return groupby(_keyed(table.checked_rows(), columns), key=itemgetter(0))


def _keyed(rows: Iterable[Row], columns: Columns) -> Iterator[tuple[Key | int, Row]]:
    last: Key | int = 0
    for row in rows:
        key: Key | int = columns.key(row)
        if not any(columns.key(row)):
            goes_on = any(row.cells[n].strip() for n in columns.parts) and not any(
                row.cells[n].strip() for n in columns.others
            )
            key = last if goes_on and last else row.line
        last = key
        yield key, row


def _add(one: _Open, row: Row, columns: Columns) -> None:
    if row.problem is not None and (one.problem is None or one.problem.harmless):
        one.problem = row.problem
    for n in columns.others:
        text = row.cells[n].strip()
        if not one.cells[n].strip():
            one.cells[n] = row.cells[n]
        elif text and text != one.cells[n].strip() and one.problem is None:
            details: dict[str, object] = {"found": one.cells[n].strip()[:80], "expected": text[:80]}
            one.problem = Problem("row.differs", details, harmless=True)
    if len(one.texts) < _MOST:
        one.texts += _lines([row.cells[n] for n in columns.parts])


def _lines(cells: list[str]) -> list[list[str]]:
    """The lines in the cells of a row: as many as every cell has, where it was put together already; else one."""
    apart = [cell.replace("\r\n", "\n").split("\n") for cell in cells]
    if len({len(some) for some in apart}) == 1:
        return [list(one) for one in zip(*apart, strict=True)]
    return [[" ".join(cell.split()) for cell in cells]]


def _row(line: int, one: _Open, columns: Columns) -> Row:
    for place, n in enumerate(columns.parts):
        one.cells[n] = "\n".join(texts[place] for texts in one.texts)
    return Row(line, one.cells, one.problem)


def decimal_sign(columns: Columns, sample: Iterable[Sequence[str]]) -> str | None:
    """The decimal sign of the numbers in the lines, as those say that can be read one way only; None where unclear."""
    signs = {
        found.group(1)
        for row in sample
        for n in columns.parts
        for text in row[n].split("\n")
        if (found := _ONE_WAY.match(text.strip()))
    }
    return signs.pop() if len(signs) == 1 else None


def taken_apart(cells: Sequence[str], columns: Columns, names: Sequence[str]) -> list[dict[str, str]]:
    """The lines of a row that was put together, each as the texts of its parts, without those that say nothing."""
    found = _lines([cells[n] for n in columns.parts])
    lines = [{name: text.strip() for name, text in zip(names, one, strict=True) if text.strip()} for one in found]
    return [one for one in lines if one]
