"""The one door: a file of any kind becomes a table, or one clear reason why not."""

import os
from typing import BinaryIO

from klientel.lib.tables.delimited import open_delimited
from klientel.lib.tables.icalendars import is_icalendar, open_icalendar
from klientel.lib.tables.json_lines import is_json_lines, open_json_lines
from klientel.lib.tables.sources import Source, refuse_other_kinds
from klientel.lib.tables.table import Table
from klientel.lib.tables.vcards import is_vcard, open_vcards
from klientel.lib.tables.workbooks import is_workbook, open_workbook


def open_table(
    place: str | os.PathLike[str] | BinaryIO,
    filename: str = "",
    *,
    sheet: str | None = None,
    header: bool | None = None,
    encoding: str = "",
) -> Table:
    """The table in a file, whatever its name says: the content decides. `filename` only settles what content
    leaves open.

    `sheet` names a sheet of a workbook; `header` None finds the line with the column names, True takes the first, False
    makes names up; `encoding` is what a text turned out to be in before, which spares reading all of it. A file object
    must stay open while rows are read, and one reading ends before the next begins.
    Raises NotATable with one code of `SENTENCES`.
    """
    source = Source(place)
    start = source.start(8192)
    if is_workbook(start):
        return open_workbook(source, sheet=sheet, header=header)
    if is_vcard(start) or (filename.lower().endswith((".vcf", ".vcard")) and b":" in start):
        return open_vcards(source)
    if is_icalendar(start) or (filename.lower().endswith((".ics", ".ical")) and b":" in start):
        return open_icalendar(source)
    if is_json_lines(start, filename):
        return open_json_lines(source)
    refuse_other_kinds(start)
    return open_delimited(source, header=header, encoding=encoding)
