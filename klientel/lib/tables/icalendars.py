"""Reading calendar files (iCalendar, RFC 5545) as a flat table: one row an event, as people would write it down."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from icalendar import Calendar

from klientel.lib.tables.encodings import guess_encoding
from klientel.lib.tables.sources import Source
from klientel.lib.tables.table import NotATable, Problem, Row, Table

COLUMNS = ["subject", "begins", "ends", "all day", "repeats", "place", "notes"]
LARGEST = 20 << 20
#: what icalendar raises for what stands wrongly in a file or in one event of it
_WRONG = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError)


def is_icalendar(start: bytes) -> bool:
    """Whether a file begins with a calendar."""
    text = start.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return text[:40].upper().replace(b" ", b"").startswith((b"BEGIN:VCALENDAR", b"BEGIN:VEVENT"))


def open_icalendar(source: Source) -> Table:
    """The events of an .ics file. An event that cannot be read is a row that says so; the others are as they would be.

    Raises NotATable where there is no event at all.
    """
    with source.opened() as stream:
        encoding = guess_encoding(stream)
    with source.opened() as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise NotATable("table.calendar_large", most=LARGEST >> 20)
    text = data.decode(encoding, "replace")
    made = [_row(line, event) for line, event in _events(text)]
    if not made:
        raise NotATable("table.no_event")
    return Table("ics", list(COLUMNS), lambda: iter(made), encoding=encoding, header_line=0)


def _events(text: str) -> Iterator[tuple[int, Any]]:
    """Each event with the line it begins at; None for one that cannot be read.

    Read one by one, so that a broken one takes no other with it; the zones that the file declares stand before each.
    """
    zones: list[tuple[int, str]] = []
    blocks: list[tuple[int, str]] = []
    open_at, name, lines = 0, "", list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        word = line.strip().upper()
        if not name and word in ("BEGIN:VEVENT", "BEGIN:VTIMEZONE"):
            open_at, name, lines = number, word.partition(":")[2], []
        if name:
            lines.append(line)
            if word == f"END:{name}":
                (blocks if name == "VEVENT" else zones).append((open_at, "\r\n".join(lines)))
                name = ""
    if name == "VEVENT":  # it has no end
        blocks.append((open_at, ""))
    head = "\r\n".join(zone for _line, zone in zones)
    for number, block in blocks:
        yield number, _read(head, block)


def _read(zones: str, block: str) -> Any:
    whole = "\r\n".join(filter(None, ("BEGIN:VCALENDAR", zones, block, "END:VCALENDAR", "")))
    try:
        found = Calendar.from_ical(whole).walk("VEVENT")
    except _WRONG:
        return None
    return found[0] if len(found) == 1 else None


def _row(line: int, event: Any) -> Row:
    empty = [""] * len(COLUMNS)
    if event is None:
        return Row(line, empty, Problem("event.damaged"))
    subject = _text(event, "SUMMARY")
    try:
        begins, ends = event.start, event.end
        backwards = ends < begins
    except _WRONG:
        return Row(line, [subject, *empty[1:]], Problem("event.no_time"))
    if backwards:
        return Row(line, [subject, *empty[1:]], Problem("event.no_time"))
    whole_day = not isinstance(begins, dt.datetime)
    cells = [
        subject, _moment(begins), _moment(ends) if ends != begins else "", "yes" if whole_day else "", _repeats(event),
        _text(event, "LOCATION"), _text(event, "DESCRIPTION"),
    ]  # fmt: skip
    if _text(event, "STATUS").upper() == "CANCELLED":
        return Row(line, cells, Problem("event.cancelled"))
    left = any(name in event for name in ("EXDATE", "RDATE", "RECURRENCE-ID"))
    return Row(line, cells, Problem("event.exceptions", harmless=True) if left else None)


def _moment(value: dt.date) -> str:
    """As ISO 8601 has it; what names no zone is of wherever it is read."""
    return f"{value.isoformat()}T00:00:00" if not isinstance(value, dt.datetime) else value.isoformat()


def _repeats(event: Any) -> str:
    rule = event.get("RRULE")
    rules = rule if isinstance(rule, list) else [rule] if rule is not None else []
    return "; ".join(one.to_ical().decode() for one in rules)


def _text(event: Any, name: str) -> str:
    value = event.get(name)
    if isinstance(value, list):
        value = value[0]
    return str(value or "").replace("\x00", "").strip()
