"""Tables we send: CSV, XLSX, JSON lines and vCard 4.0, row by row with bounded memory."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, cast

import xlsxwriter

from klientel.lib.sentences import Unreadable
from klientel.lib.tables.delimited import unguard

__all__ = ["csv_chunks", "csv_columns", "guard", "json_lines", "unguard", "vcard_chunks", "write_xlsx"]

Value = str | int | float | bool | Decimal | date | datetime | None
_CHUNK = 1 << 16
_FORMULA = re.compile(r"^'*[=+\-@\t\r\n＝＋－＠]")
_EDGE = "\x1f"  # stands between cells that are looked at together
_MAY_BE_FORMULA = re.compile(f"{_EDGE}['=+\\-@\t\r\n＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"^-\d+(?:[.,]\d+)*$")
_MOST_ROWS = 1_048_576
_LONGEST_CELL = 32_767


def guard(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: ' is put before = + - @ tab and line ends (OWASP, CSV
    injection).

    Plain negative numbers stay. A cell that already begins with ' and such a sign gets one more, so that `unguard`,
    which `open_table` applies to every cell of a CSV file, gives back exactly what was written: `unguard(guard(x)) ==
    x`.
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _PLAIN_NUMBER.match(cell) else cell


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def csv_chunks(
    columns: Sequence[str], rows: Iterable[Sequence[Value]], *, delimiter: str = ";", mark: bool = True
) -> Iterator[bytes]:
    """A CSV file (RFC 4180, UTF-8) in pieces of some 64 KB.

    `mark` writes the byte order mark Excel needs; ";" is what it expects in German. Text is guarded against formulas;
    numbers and days are written as machines do.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    if mark:
        buffer.write("\ufeff")
    writer.writerow([guard(column) for column in columns])
    for row in rows:
        writer.writerow([guard(_text(value)) if isinstance(value, str) else _text(value) for value in row])
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def csv_columns(columns: Sequence[Sequence[str | None]], *, harmless: Sequence[bool]) -> str:
    """The same rows as `csv_chunks` writes, from whole columns of text: what is looked for is looked for in a column
    at once, and most columns hold none of it. Cells of `harmless` columns cannot look like formulas."""
    cells = [_cells(column, guarded=not safe) for column, safe in zip(columns, harmless, strict=True)]
    rows = "\r\n".join(map(";".join, zip(*cells, strict=True)))
    return f"{rows}\r\n" if rows else ""


def _cells(column: Sequence[str | None], *, guarded: bool) -> Sequence[str]:
    cells: Sequence[str] = cast("Sequence[str]", column)
    try:
        together = _EDGE + _EDGE.join(cells)
    except TypeError:  # something is missing
        cells = [cell or "" for cell in column]
        together = _EDGE + _EDGE.join(cells)
    if guarded and _MAY_BE_FORMULA.search(together):
        cells = [guard(cell) for cell in cells]
    if any(sign in together for sign in ';"\r\n'):
        return [_quoted(cell) for cell in cells]
    return cells


def _quoted(cell: str) -> str:
    """As RFC 4180 says, where it must be."""
    if '"' in cell:
        return '"' + cell.replace('"', '""') + '"'
    return f'"{cell}"' if ";" in cell or "\n" in cell or "\r" in cell else cell


def json_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """One JSON object a line; decimals, days and ids as strings."""
    for row in rows:
        yield json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, default=str).encode() + b"\n"


def write_xlsx(
    target: str | BinaryIO,
    columns: Sequence[str],
    rows: Iterable[Sequence[Value]],
    *,
    sheet: str = "Klientel",
    width: int = 20,
) -> int:
    """A workbook with one sheet, its first line bold and fixed.

    The number of rows. Text never becomes a formula or a link.

    Days and numbers become real cells; an aware instant is written in the clock of its own zone. A text beyond 32,767
    characters is cut (the format's limit). Raises Unreadable (sheet.too_many_rows) beyond 1,048,576 rows.
    """
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "remove_timezone": True, "default_date_format": "yyyy-mm-dd", "nan_inf_to_errors": True,
    }  # fmt: skip
    with xlsxwriter.Workbook(target, options) as book:
        page = book.add_worksheet(re.sub(r"[\[\]:*?/\\']", " ", sheet)[:31] or "Klientel")
        bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        page.freeze_panes(1, 0)
        page.set_column(0, max(0, len(columns) - 1), width)
        for position, column in enumerate(columns):
            page.write_string(0, position, column, bold)
        count = 0
        for count, row in enumerate(rows, start=1):
            if count >= _MOST_ROWS:
                raise Unreadable("sheet.too_many_rows", limit=f"{_MOST_ROWS:,}")
            for position, value in enumerate(row):
                _write_cell(page, count, position, value, moment)
    return count


def _write_cell(page: Any, line: int, position: int, value: Value, moment: object) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        page.write_boolean(line, position, value)
    elif isinstance(value, datetime):
        page.write_datetime(line, position, value, moment)
    elif isinstance(value, date) and value.year >= 1900:
        page.write_datetime(line, position, value)
    elif isinstance(value, int | float | Decimal) and abs(float(value)) < 1e15:
        page.write_number(line, position, value)
    else:
        page.write_string(line, position, _text(value)[:_LONGEST_CELL])


_CARD_TYPES = {"mobile": "cell", "work": "work", "home": "home", "fax": "fax", "pager": "pager", "video": "video"}
_CARD_LINES = {
    "nickname": "NICKNAME", "job_title": "TITLE", "role": "ROLE", "birthday": "BDAY", "gender": "GENDER",
    "language": "LANG",
    "note": "NOTE", "uid": "UID",
}  # fmt: skip


def vcard_chunks(cards: Iterable[Mapping[str, str]]) -> Iterator[bytes]:
    """vCard 4.0 (RFC 6350), one piece a card, from the columns that reading a vCard gives ("first_name", "email
    1", ...).
    """
    for card in cards:
        lines = ["BEGIN:VCARD", "VERSION:4.0", *_name_lines(card)]
        lines += [f"{name}:{_escaped(card[column])}" for column, name in _CARD_LINES.items() if card.get(column)]
        if card.get("organisation") or card.get("department"):
            parts = filter(None, (_escaped(card.get("organisation", "")), _escaped(card.get("department", ""))))
            lines.append("ORG:" + ";".join(parts))
        if card.get("categories"):
            lines.append("CATEGORIES:" + ",".join(_escaped(one.strip()) for one in card["categories"].split(",")))
        for kind, name in (("email", "EMAIL"), ("phone", "TEL"), ("url", "URL")):
            lines += _numbered(card, kind, name)
        lines += _addresses(card)
        yield "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCARD"]).encode()


def _name_lines(card: Mapping[str, str]) -> list[str]:
    names = [card.get(key, "") for key in ("last_name", "first_name", "middle_name", "title", "suffix")]
    full = card.get("full_name") or " ".join(filter(None, (names[3], names[1], names[2], names[0], names[4])))
    full = full or card.get("organisation", "") or card.get("email 1", "")
    return [f"FN:{_escaped(full)}", "N:" + ";".join(_escaped(name) for name in names)]


def _types(purpose: str) -> str:
    types = [_CARD_TYPES[word] for word in purpose.split() if word in _CARD_TYPES]
    return f';TYPE="{",".join(types)}"' if len(types) > 1 else f";TYPE={types[0]}" if types else ""


def _numbered(card: Mapping[str, str], kind: str, name: str) -> list[str]:
    lines, number = [], 1
    while value := card.get(f"{kind} {number}"):
        lines += _labelled(f"{kind}{number}", name, card.get(f"{kind} {number} purpose", ""), _escaped(value))
        number += 1
    return lines


def _labelled(group: str, name: str, purpose: str, value: str) -> list[str]:
    """A line with its types; a purpose that vCard has no type for as a label beside it, as address books write it."""
    line = f"{name}{_types(purpose)}:{value}"
    own = " ".join(word for word in purpose.split() if word not in _CARD_TYPES)
    return [f"{group}.{line}", f"{group}.X-ABLABEL:{_escaped(own)}"] if own else [line]


def _addresses(card: Mapping[str, str]) -> list[str]:
    lines, number = [], 1
    while any(card.get(f"address {number} {part}") for part in ("street", "city", "postcode", "country", "state")):
        parts = [
            card.get(f"address {number} {part}", "") for part in ("street", "city", "state", "postcode", "country")
        ]
        value = ";;" + ";".join(_escaped(part) for part in parts)
        lines += _labelled(f"address{number}", "ADR", card.get(f"address {number} purpose", ""), value)
        number += 1
    return lines


def _escaped(text: str) -> str:
    plain = text.replace("\x00", "").replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    return plain.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> str:
    """A line in pieces of at most 75 bytes (RFC 6350, 3.2), never cut inside a character."""
    pieces: list[str] = []
    current, size = "", 0
    for sign in line:
        length = len(sign.encode())
        if size + length > 74:
            pieces.append(current)
            current, size = "", 0
        current, size = current + sign, size + length
    return "\r\n ".join([*pieces, current])
