"""Finding the line with the column names, and making the names usable."""

import re
from collections import Counter
from collections.abc import Sequence

from klientel.lib.tables.table import NotATable

_MAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_NUMBER = re.compile(
    r"^[+-]?[\d.,\s]*\d[\d.,\s]*$|^\d{4}-\d\d-\d\d$|^\d{1,2}[./]\d{1,2}[./]\d{2,4}$|^(?:null|nan|n/?a)$", re.IGNORECASE
)
_SEARCHED = 25
_MOST = 1_000


def header_position(rows: Sequence[Sequence[str]]) -> int | None:
    """Which of the first rows (never blank) holds the column names; None where the table has no such row.

    Title rows above a table fill fewer cells than the table: the header is the first row that fills at least half the
    width most rows have. A first row with a mail address, or with nothing but numbers, is data.
    """
    widths = [_filled(row) for row in rows]
    usual = _usual_width([_last_filled(row) for row in rows])
    needed = 1 if usual <= 1 else max(2, (usual + 1) // 2)
    for position, row in enumerate(rows[:_SEARCHED]):
        if widths[position] < needed:
            continue
        if widths[position] < usual and (later := _fuller_header(rows, position, usual)):
            return later
        return None if _looks_like_data(row, following=rows[position + 1 :]) else position
    return 0 if rows and not _looks_like_data(rows[0], following=rows[1:]) else None


def _fuller_header(rows: Sequence[Sequence[str]], position: int, usual: int) -> int | None:
    """A complete row of words a few lines below, with numbers beneath one of its words: the header under several
    title rows.
    """
    for later in range(position + 1, min(position + 7, len(rows) - 2)):
        cells = [cell.strip() for cell in rows[later][:usual]]
        if len(cells) < usual or not all(cells) or any(_NUMBER.match(cell) for cell in cells):
            continue
        below = [[cell.strip() for cell in row[:usual]] for row in rows[later + 1 : later + 3]]
        if all(len(row) == usual for row in below) and any(
            all(_NUMBER.match(row[column]) for row in below) for column in range(usual)
        ):
            return later
    return None


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())


def _last_filled(row: Sequence[str]) -> int:
    return max((position + 1 for position, cell in enumerate(row) if cell.strip()), default=0)


def _usual_width(widths: Sequence[int]) -> int:
    counts = Counter(width for width in widths if width)
    return max(counts, key=lambda width: (counts[width], width)) if counts else 0


def _looks_like_data(row: Sequence[str], *, following: Sequence[Sequence[str]]) -> bool:
    cells = [cell.strip() for cell in row if cell.strip()]
    if any(_MAIL.match(cell) for cell in cells):
        return True
    if not all(_NUMBER.match(cell) for cell in cells):
        return False
    return bool(following) and all(_NUMBER.match(cell.strip()) for cell in following[0] if cell.strip())


def usable_names(cells: Sequence[str], *, width: int | None = None) -> list[str]:
    """Column names, each once: tidied to one line; empty ones become "Column 3"; the second "Phone" becomes "Phone
    (2)". Raises NotATable (table.too_many_columns) beyond 1,000: nobody could say where each of them leads.
    """
    if (found := max(len(cells), width or 0)) > _MOST:
        raise NotATable("table.too_many_columns", found=f"{found:,}", limit=f"{_MOST:,}")
    names = [" ".join(cell.replace("\x00", "").split()) for cell in cells]
    names += [""] * ((width or 0) - len(names))
    taken = {name for name in names if name}
    used: set[str] = set()
    usable: list[str] = []
    for position, name in enumerate(names, start=1):
        wanted = name or f"Column {position}"
        candidate, count = wanted, 1
        while candidate in used or (candidate != name and candidate in taken):
            count += 1
            candidate = f"{wanted} ({count})"
        used.add(candidate)
        usable.append(candidate)
    return usable
