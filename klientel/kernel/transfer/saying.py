"""What is wrong with a file, a row or a value: codes of the library as sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from klientel.kernel.errors import Refused
from klientel.lib.sentences import Unreadable

_SENTENCES: dict[str, str] = {
    "table.empty": gettext_noop("The file is empty."),
    "table.binary": gettext_noop("The file is not a table: it holds data that is not text."),
    "table.short": gettext_noop("The file holds no table: there is only one line without columns."),
    "table.image": gettext_noop("The file is a picture, not a table."),
    "table.pdf": gettext_noop("The file is a PDF document. Please send the table as CSV or XLSX."),
    "table.archive": gettext_noop("The file is a packed archive. Please unpack it and send the table in it."),
    "table.document": gettext_noop("The file is a text document. Please send the table as CSV or XLSX."),
    "table.web_page": gettext_noop("The file is a web page. Please open it in a spreadsheet and save it as XLSX."),
    "table.structured": gettext_noop("The file holds JSON or XML, not a table. Please send it as CSV or XLSX."),
    "table.encrypted": gettext_noop("The workbook is protected with a password. Please save it without one."),
    "table.damaged": gettext_noop("The workbook is damaged and cannot be opened."),
    "table.too_large": gettext_noop("The unpacked workbook is too large: the limit is {limit}."),
    "table.too_many_columns": gettext_noop(
        "The file has {found} columns, and at most {limit} are possible. Please leave some out."
    ),
    "table.no_sheet": gettext_noop("The workbook holds no sheet with data."),
    "table.no_such_sheet": gettext_noop("The workbook has no sheet named “{sheet}”."),
    "table.no_card": gettext_noop("The file holds no contact card."),
    "table.no_event": gettext_noop("The calendar file holds no event."),
    "table.calendar_large": gettext_noop("A calendar file has at most {most} MB."),
    "row.too_long": gettext_noop("The row has {found} values, but the table has {expected} columns."),
    "row.too_short": gettext_noop("The row has {found} values, but the table has {expected} columns."),
    "row.json": gettext_noop("The line is no JSON: it cannot be read from character {at} on."),
    "row.no_object": gettext_noop("The line holds no JSON object with the fields of a record."),
    "row.quote": gettext_noop("A quotation mark in this row is opened and never closed."),
    "row.nul": gettext_noop("The row contained invisible NUL characters; they were removed."),
    "row.apart": gettext_noop(
        "The lines of this record stand too far apart in the file. Please sort it by what they belong to."
    ),
    "row.differs": gettext_noop(
        "The lines of this record say different things: “{found}” and “{expected}”. The first was taken."
    ),
    "row.note": gettext_noop("Stands alone after an empty line: a note beside the table, it seems."),
    "row.huge": gettext_noop("The row is too large to be read."),
    "event.damaged": gettext_noop("This event is damaged and cannot be read."),
    "event.no_time": gettext_noop("This event does not say when it begins, or ends before it begins."),
    "event.cancelled": gettext_noop("This event was cancelled."),
    "event.exceptions": gettext_noop(
        "It comes again with exceptions: single days that are left out or moved are not taken over."
    ),
    "card.damaged": gettext_noop("The contact card is damaged: it has a beginning but no end."),
    "sheet.too_many_rows": gettext_noop("A worksheet holds at most {limit} rows. Please export as CSV."),
}


def sentence(code: str, details: Mapping[str, Any], otherwise: str = "") -> str:
    """The sentence of a code in the active language."""
    text = _SENTENCES.get(code)
    return _(text).format(**details) if text else otherwise or code


#: as :func:`sentence`, in the language of whoever reads it
later = lazy(sentence, str)


def refusal(error: Unreadable) -> Refused:
    """What the library could not read, as a refusal of the file."""
    return Refused(error.code, later(error.code, error.details, error.message), "file")
