"""What every reader of files gives: a table with columns, and rows that stream."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from klientel.lib.sentences import SENTENCES, Unreadable


class NotATable(Unreadable):
    """The one reason why a file is not a table; `code` begins with "table."."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row: `code` begins with "row.", "card." or "event."; `harmless` where nothing was lost."""

    code: str
    details: dict[str, object] = field(default_factory=dict)
    harmless: bool = False

    @property
    def message(self) -> str:
        """The English sentence."""
        return SENTENCES[self.code].format(**self.details)


class Row(NamedTuple):
    """One row: the line of the file it begins at (from 1), one cell per column, and a problem or None."""

    line: int
    cells: list[str]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table somebody sent us.

    `rows()` may be called again and again; each call reads the file anew, a piece at a time.

    `kind` "csv" "xlsx" "xls" "ods" "vcf" "jsonl"; `encoding` and `delimiter` of texts, else ""; `header_line` the line
    of the column names, 0 where there was none; `sheet` and `sheets` of workbooks; `decimal` "." where numbers are the
    machine's, else None.
    """

    kind: str
    columns: list[str]
    source: Callable[[], Iterator[Row]]
    encoding: str = ""
    delimiter: str = ""
    header_line: int = 1
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    decimal: str | None = None

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line, cells) of every row; cells are cut and filled to the number of columns."""
        for row in self.source():
            yield row.line, row.cells

    def checked_rows(self) -> Iterator[Row]:
        """Every row with what is wrong with it. Extra cells of a too long row are in `problem.details["rest"]`."""
        return self.source()

    def sample(self, count: int = 50) -> list[list[str]]:
        """The cells of the first rows, e.g. for guessing a mapping."""
        return [row.cells for row in islice(self.source(), count)]


def fitted(line: int, cells: list[str], width: int, problem: Problem | None = None) -> Row:
    """A row of exactly `width` cells; says so where cells were missing (harmless) or values had to be left out."""
    found = len(cells)
    if found == width:
        return Row(line, cells, problem)
    if found < width:
        short = Problem("row.too_short", {"found": found, "expected": width}, harmless=True)
        return Row(line, cells + [""] * (width - found), problem or short)
    rest = cells[width:]
    if any(cell.strip() for cell in rest):
        filled = max(position for position, cell in enumerate(cells) if cell.strip()) + 1
        problem = problem or Problem("row.too_long", {"found": filled, "expected": width, "rest": rest})
    return Row(line, cells[:width], problem)


_NARROW = 4  # in a table of fewer columns a row with one value is nothing strange


def records(rows: Iterable[Row], width: int) -> Iterator[Row]:
    """The rows that hold something, cut and filled to ``width``.

    A value that stands alone after an empty line ("Created by …", "Sum") is told as a note beside the table, and so
    are those that follow it.
    """
    beside = False
    for row in rows:
        if not row.problem and not any(cell.strip() for cell in row.cells):
            beside = width >= _NARROW
            continue
        if beside:
            beside = not any(cell.strip() for cell in row.cells[1:])
        yield fitted(row.line, row.cells, width, Problem("row.note") if beside else row.problem)
