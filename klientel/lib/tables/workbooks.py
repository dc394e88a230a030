"""Reading workbooks: .xlsx, .xlsm, .xls and .ods."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import IO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from klientel.lib.tables.headers import header_position, usable_names
from klientel.lib.tables.sources import Source
from klientel.lib.tables.table import NotATable, Row, Table, records

Cell = int | float | str | bool | time | date | datetime | timedelta
MAXIMUM_UNPACKED = 300_000_000
"""Bytes a workbook may have when unpacked."""
MAXIMUM_CELLS = 20_000_000
"""Cells the used area of one sheet may span: the reader keeps the whole area in memory."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_REFERENCE = re.compile(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_ODS_ROW_OR_CELL = re.compile(rb"<table:(?:table-row|covered-table-cell|table-cell)\b[^>]{0,4000}>")
_REPEATED = re.compile(rb"table:number-(?:rows|columns)-repeated=[\"'](\d{1,9})[\"']")
_SAMPLE = 200


def is_workbook(start: bytes) -> bool:
    """Whether the first bytes are those of a zip file or of the old binary format."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06", _OLE))


def open_workbook(source: Source, *, sheet: str | None = None, header: bool | None = None) -> Table:
    """The table in a sheet: the named one, or the first visible one that holds anything.

    Cells become text: days ISO 2026-11-21, instants ISO, whole numbers without fraction. Cells merged downwards are
    repeated. Zip files are unpacked on trial first, counting real bytes and cells, so that a bomb is refused before it
    goes off.
    """
    kind = _checked_kind(source)
    try:
        return _opened(source, kind, sheet, header)
    except PasswordError as reason:
        raise NotATable("table.encrypted") from reason
    except (CalamineError, OSError) as reason:
        if "password" in str(reason).lower() or "encrypt" in str(reason).lower():
            raise NotATable("table.encrypted") from reason
        raise NotATable("table.damaged") from reason


def _opened(source: Source, kind: str, wanted: str | None, header: bool | None) -> Table:
    with source.opened() as stream:
        book = CalamineWorkbook.from_filelike(stream)
        found = [one for one in book.sheets_metadata if one.typ in (SheetTypeEnum.WorkSheet, SheetTypeEnum.DialogSheet)]
        names = tuple(one.name for one in found if one.visible == SheetVisibleEnum.Visible) or tuple(
            one.name for one in found
        )
        if wanted is not None and wanted not in book.sheet_names:
            raise NotATable("table.no_such_sheet", sheet=wanted)
        name, sheet = _chosen(book, [wanted] if wanted is not None else list(names))
    rows_with_text = (row for row in _raw_rows(sheet) if any(cell.strip() for cell in row.cells))
    raw = list(islice(rows_with_text, _SAMPLE))
    position = 0 if header else None if header is False else header_position([row.cells for row in raw])
    head = raw[position] if position is not None else None
    width = max(_used(row.cells) for row in raw)
    columns = usable_names(head.cells[:width], width=width) if head else usable_names([], width=width)
    after = head.line if head else 0
    if head and len(columns) == 1 and len(raw) == 1:
        raise NotATable("table.short")

    def rows() -> Iterator[Row]:
        for row in _raw_rows(sheet):
            if row.line > after:
                yield row

    return Table(
        kind, columns, lambda: records(rows(), len(columns)), header_line=after, sheet=name, sheets=names, decimal="."
    )


def _chosen(book: CalamineWorkbook, names: list[str]) -> tuple[str, CalamineSheet]:
    """The first sheet with two lines and two columns, else (a cover, one column) the first that holds anything."""
    first: tuple[str, CalamineSheet] | None = None
    for name in names:
        sheet = book.get_sheet_by_name(name)
        lines = list(islice((filled for row in sheet.iter_rows() if (filled := _filled(row))), 100))
        if lines and first is None:
            first = name, sheet
        if len(lines) > 1 and len(set().union(*lines)) > 1:
            return name, sheet
    if first is None:
        raise NotATable("table.no_sheet")
    return first


def _filled(row: Sequence[Cell]) -> set[int]:
    return {place for place, cell in enumerate(row) if not isinstance(cell, str) or cell.strip()}


def _used(cells: list[str]) -> int:
    return max((position + 1 for position, cell in enumerate(cells) if cell.strip()), default=0)


def _raw_rows(sheet: CalamineSheet) -> Iterator[Row]:
    top = sheet.start[0] if sheet.start else 0
    merged = _merged_downwards(sheet)
    kept: dict[int, tuple[int, str]] = {}
    for index, cells in enumerate(sheet.iter_rows(), start=top):
        texts = [cell_text(cell) for cell in cells]
        for column, last in merged.get(index, ()):
            if column < len(texts):
                kept[column] = (last, texts[column])
        for column, (last, text) in list(kept.items()):
            if index > last:
                del kept[column]
            elif not texts[column]:
                texts[column] = text
        yield Row(index + 1, texts)


def _merged_downwards(sheet: CalamineSheet) -> dict[int, list[tuple[int, int]]]:
    left = sheet.start[1] if sheet.start else 0
    found: dict[int, list[tuple[int, int]]] = {}
    for (top, first), (bottom, last) in sheet.merged_cell_ranges or ():
        if bottom > top and first == last and first >= left:
            found.setdefault(top, []).append((first - left, bottom))
    return found


def cell_text(cell: Cell) -> str:
    """A cell as text: true, 12, 12.5, 2026-11-21, 2026-11-21T14:30:00, 14:30:00."""
    if isinstance(cell, str):
        return cell.replace("\x00", "").replace("_x000D_", "")
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return _float_text(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
    return str(cell) if isinstance(cell, int) else cell.isoformat()


def _float_text(number: float) -> str:
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    text = format(number, ".15g")
    return format(Decimal(text), "f") if "e" in text else text


def _checked_kind(source: Source) -> str:
    start = source.start(8)
    if start.startswith(_OLE):
        return _checked_ole(source)
    with source.opened() as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                return _checked_zip(archive)
        except (
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            EOFError,
            NotImplementedError,
            RuntimeError,
            ValueError,
            OSError,
        ) as reason:
            if isinstance(reason, NotATable):
                raise
            raise NotATable("table.damaged") from reason


def _checked_ole(source: Source) -> str:
    with source.opened() as stream:
        content = stream.read(MAXIMUM_UNPACKED)
    for name, code in (
        ("EncryptedPackage", "table.encrypted"),
        ("WordDocument", "table.document"),
        ("PowerPoint Document", "table.document"),
    ):
        if name.encode("utf-16-le") in content:
            raise NotATable(code)
    if not any(name.encode("utf-16-le") in content for name in ("Workbook", "Book", "WORKBOOK", "BOOK")):
        raise NotATable("table.binary")
    return "xls"


def _checked_zip(archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    kind = _kind_of(archive, names)
    room = MAXIMUM_UNPACKED
    for entry in archive.infolist():
        if entry.flag_bits & 1:
            raise NotATable("table.encrypted")
        with archive.open(entry) as unpacked:
            room -= _counted(unpacked, room, entry.filename)
    return kind


def _kind_of(archive: zipfile.ZipFile, names: set[str]) -> str:
    if any(name.lower().replace("\\", "/").lstrip("/").startswith(("xl/workbook", "xl/worksheets/")) for name in names):
        return "xlsx"
    if "[Content_Types].xml" in names and "workbook.xml" in names:
        return "xlsx"
    if any(name.startswith(("word/", "ppt/")) for name in names):
        raise NotATable("table.document")
    if "content.xml" in names and "mimetype" in names:
        with archive.open("mimetype") as stream:
            if b"spreadsheet" in stream.read(200):
                return "ods"
        raise NotATable("table.document")
    raise NotATable("table.archive")


def _counted(unpacked: IO[bytes], room: int, name: str) -> int:
    """Unpacks one part of an archive without keeping it; its size, or NotATable where bytes or cells are too many."""
    size, rest = 0, b""
    area = _OdsArea() if name == "content.xml" else _XlsxArea()
    while chunk := unpacked.read(1 << 18):
        size += len(chunk)
        if size > room:
            raise NotATable("table.too_large", limit=f"{MAXIMUM_UNPACKED // 1_000_000} MB")
        area.take(rest + chunk)
        rest = area.unfinished(rest + chunk)
        if area.cells > MAXIMUM_CELLS:
            break
    area.take(rest + b"<")
    if area.cells > MAXIMUM_CELLS:
        raise NotATable("table.too_large", limit=f"{MAXIMUM_CELLS // 1_000_000} million cells")
    return size


class _XlsxArea:
    """The area that the cells of a sheet span."""

    def __init__(self) -> None:
        self._left = self._top = 1 << 30
        self._right = self._bottom = 0

    def take(self, piece: bytes) -> None:
        for letters, digits in _REFERENCE.findall(piece):
            column = 0
            for letter in letters:
                column = column * 26 + letter - 64
            row = int(digits)
            self._left, self._right = min(self._left, column), max(self._right, column)
            self._top, self._bottom = min(self._top, row), max(self._bottom, row)

    def unfinished(self, piece: bytes) -> bytes:
        return piece[-24:]

    @property
    def cells(self) -> int:
        return max(0, self._right - self._left + 1) * max(0, self._bottom - self._top + 1)


class _OdsArea:
    """The cells with a value, counting what is repeated."""

    def __init__(self) -> None:
        self.cells = 0
        self._rows = 1

    def take(self, piece: bytes) -> None:
        for tag in _ODS_ROW_OR_CELL.findall(piece[: self._end(piece)]):
            repeated = _REPEATED.search(tag)
            times = int(repeated.group(1)) if repeated else 1
            if tag.startswith(b"<table:table-row"):
                self._rows = times
            elif b"value-type" in tag or b"formula" in tag:
                self.cells += self._rows * times

    def _end(self, piece: bytes) -> int:
        return piece.rfind(b"<") if b"<" in piece else len(piece)

    def unfinished(self, piece: bytes) -> bytes:
        return piece[self._end(piece) :][-5000:]
