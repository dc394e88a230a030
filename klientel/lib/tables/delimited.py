"""Reading CSV, TSV and other text tables."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from klientel.lib.tables.encodings import decoded_lines, guess_encoding
from klientel.lib.tables.headers import header_position, usable_names
from klientel.lib.tables.sources import Source
from klientel.lib.tables.table import NotATable, Problem, Row, Table, records

DELIMITERS = (";", ",", "\t", "|")
_LONGEST_LINE = 1_000_000
_SAMPLE = 200
_LOOKED_AT = 4_000_000  # characters, of which most files need but some thousand
_DECLARED = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)
_GUARDED = re.compile(r"^'+[=+\-@\t\r\n＝＋－＠]")
_BACKSLASHED = re.compile(r'\\"[^;,\t|\r\n]')


def open_delimited(source: Source, *, header: bool | None = None, encoding: str = "") -> Table:
    """The table in a text file.

    `header` None finds the column names, True takes the first row, False makes names up.
    """
    with source.opened() as stream:
        encoding = guess_encoding(stream, encoding)
    if not any(line.strip() for line in islice(_lines(source, encoding), 1000)):
        raise NotATable("table.empty")
    dialect, declared = _dialect(source, encoding)
    first_rows = islice(_raw_rows(_first_lines(source, encoding), dialect), _SAMPLE)
    raw = [row for row in first_rows if any(cell.strip() for cell in row.cells)]
    raw = [row for row in raw if not (declared and row.line == 1)]
    position = 0 if header else None if header is False else header_position([row.cells for row in raw])
    if not raw:
        raise NotATable("table.short")
    width = max(len(row.cells) for row in raw)
    head = raw[position] if position is not None else None
    columns = usable_names(_trimmed(head.cells), width=0) if head else usable_names([], width=width)
    if head and len(columns) == 1 and len(raw) == 1:
        raise NotATable("table.short")
    first_line = head.line + 1 if head else raw[0].line

    def rows() -> Iterator[Row]:
        past = False
        for row in _raw_rows(_lines(source, encoding), dialect):
            past = past or (row.line >= first_line and (head is None or row.line > head.line))
            if past:
                yield Row(row.line, [unguard(cell) for cell in row.cells], row.problem)

    return Table(
        "csv",
        columns,
        lambda: records(rows(), len(columns)),
        encoding=_shown(encoding),
        delimiter=dialect.delimiter,
        header_line=head.line if head else 0,
    )


def unguard(cell: str) -> str:
    """A cell without the quotation mark that `writing.guard` (or another careful program) put before a formula sign."""
    return cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell


def _shown(encoding: str) -> str:
    return {"utf-8-sig": "utf-8"}.get(encoding, encoding)


def _trimmed(cells: list[str]) -> list[str]:
    last = len(cells)
    while last > 1 and not cells[last - 1].strip():
        last -= 1
    return cells[:last]


def _lines(source: Source, encoding: str) -> Iterator[str]:
    with source.opened() as stream:
        yield from decoded_lines(stream, encoding, longest=_LONGEST_LINE)


def _first_lines(source: Source, encoding: str) -> Iterator[str]:
    """The beginning of a file, so that one long line is not read again for every dialect that it may be in."""
    taken = 0
    for line in _lines(source, encoding):
        yield line
        taken += len(line)
        if taken > _LOOKED_AT:
            return


class _Dialect(NamedTuple):
    delimiter: str
    escaping: bool = False
    quoting: bool = True


class _Watched:
    """The lines a csv reader takes, remembering what it saw since the last row."""

    def __init__(self, lines: Iterator[str], dialect: _Dialect) -> None:
        self._lines = lines
        self._dialect = dialect
        self._opened = re.compile(rf'(?:^|{re.escape(dialect.delimiter)})"')
        self._again: list[str] = []  # lines given back, the next one last
        self.held: list[str] = []  # the lines of this row
        self.taken = self.began = self.quotes = 0
        self.last = self.nul = self.huge = self.opened = False

    def __iter__(self) -> "_Watched":
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._lines, "")
        if not line:
            self.last = True
            raise StopIteration
        self.taken += 1
        self.held.append(line)
        if len(line) > _LONGEST_LINE:
            self.huge = True
            while line and not line.endswith(("\n", "\r")):
                line = next(self._lines, "")
            return "\n"
        if "\x00" in line:
            self.nul = True
            line = line.replace("\x00", "")
        if '"' in line:
            self._count(line)
        return line

    def _count(self, line: str) -> None:
        self.quotes += line.count('"') - (line.count('\\"') if self._dialect.escaping else 0)
        self.opened = self.opened or self._opened.search(line) is not None

    def forget(self) -> None:
        """Begin a new row."""
        self.quotes, self.nul, self.huge, self.opened = 0, False, False, False
        self.began = self.taken
        self.held = []

    def give_back(self) -> str:
        """Keep the first line of this row alone: the others come again."""
        first, *others = self.held
        self._again += reversed(others)
        self.taken, self.last = self.taken - len(others), False
        return first

    def problem(self) -> Problem | None:
        """What was wrong since the last row.

        An odd quote inside one line may be inches: only where a cell was opened by one.
        """
        if self.huge:
            return Problem("row.huge")
        if self.quotes % 2 and self.opened:
            return Problem(
                "row.quote", harmless=not self._dialect.quoting or (self.taken - self.began == 1 and not self.last)
            )
        return Problem("row.nul", harmless=True) if self.nul else None


def _reader(lines: Iterable[str], dialect: _Dialect) -> Iterator[list[str]]:
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        escapechar="\\" if dialect.escaping else None,
        quoting=csv.QUOTE_MINIMAL if dialect.quoting else csv.QUOTE_NONE,
    )


def _raw_rows(lines: Iterator[str], dialect: _Dialect) -> Iterator[Row]:
    watched, width = _Watched(lines, dialect), 0
    reader = _reader(watched, dialect)
    while True:
        watched.forget()
        line = watched.taken + 1
        try:
            cells = next(reader)
            problem = watched.problem()
        except StopIteration:
            return
        except csv.Error:
            cells, problem = [], Problem("row.quote" if watched.quotes % 2 else "row.huge")
        if problem is None:
            width = len(cells)
        elif not problem.harmless and _are_rows(watched.held[1:], dialect, width):
            cells = next(_reader([watched.give_back()], dialect), [])
            reader, problem = _reader(watched, dialect), Problem("row.quote")
        yield Row(line, cells, problem)


def _are_rows(lines: list[str], dialect: _Dialect, width: int) -> bool:
    """Whether what an open quotation mark swallowed is mostly further rows of this table, and not one long text.

    None of it can do the same again: it holds no quotation mark that would not have closed the cell.
    """
    if width < 2 or not lines:
        return False
    try:
        fitting = sum(len(cells) == width for cells in _reader(lines, dialect))
    except csv.Error:
        return False
    return fitting * 2 > len(lines)


def _dialect(source: Source, encoding: str) -> tuple[_Dialect, bool]:
    beginning = "".join(islice(_lines(source, encoding), 100))[:200_000]
    declared = _DECLARED.match(beginning.splitlines()[0] if beginning.strip() else "")
    if declared:
        return _Dialect(declared.group(1)), True
    candidates = [_Dialect(sign) for sign in DELIMITERS]
    if _BACKSLASHED.search(beginning):
        candidates += [_Dialect(sign, escaping=True) for sign in DELIMITERS]
    if '"' in beginning:
        candidates += [_Dialect(sign, quoting=False) for sign in DELIMITERS]
    scores = [_consistency(source, encoding, dialect) for dialect in candidates]
    best = max(range(len(candidates)), key=lambda position: scores[position])
    return (candidates[best] if scores[best] > 0 else _Dialect(",")), False


def _consistency(source: Source, encoding: str, dialect: _Dialect) -> float:
    """How evenly a dialect cuts the first rows: the share of rows of the usual width, a little more for many
    columns.
    """
    widths: list[int] = []
    damaged = 0
    for row in islice(_raw_rows(_first_lines(source, encoding), dialect), 100):
        damaged += dialect.quoting and row.problem is not None and row.problem.code == "row.quote"
        if any(cell.strip() for cell in row.cells):
            widths.append(len(row.cells))
    counts = Counter(width for width in widths if width > 1)
    if not counts:
        return 0.0
    usual = max(counts, key=lambda width: (counts[width], width))
    header_agrees = next((width for width in widths if width > 1), 0) == usual
    unusual = 0.15 if dialect.escaping else 0.0 if dialect.quoting else 0.3
    share = (counts[usual] - damaged) / len(widths)
    return share + min(usual, 20) * 0.01 + (0.1 if header_agrees else 0.0) - len(counts) * 0.02 - unusual
