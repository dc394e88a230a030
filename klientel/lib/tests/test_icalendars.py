"""Calendar files become rows: each event as people would write it down, a broken one with a sentence."""

from __future__ import annotations

import io

import pytest

from klientel.lib.tables.reading import open_table
from klientel.lib.tables.table import NotATable, Row

HEAD, TAIL = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "END:VCALENDAR\r\n"


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", ""])


def rows(*events: str, name: str = "a.ics") -> list[Row]:
    return list(open_table(io.BytesIO((HEAD + "".join(events) + TAIL).encode()), name).checked_rows())


def test_an_event_is_a_row() -> None:
    [row] = rows(
        event(
            "SUMMARY:Besuch bei Müller\\, Halle 3", "DTSTART;TZID=Europe/Berlin:20260302T100000", "DURATION:PT90M",
            "LOCATION:Hamburg", "DESCRIPTION:Erste Zeile\\nzweite", "RRULE:FREQ=WEEKLY;BYDAY=MO",
        )
    )  # fmt: skip
    assert row.cells == [
        "Besuch bei Müller, Halle 3", "2026-03-02T10:00:00+01:00", "2026-03-02T11:30:00+01:00", "",
        "FREQ=WEEKLY;BYDAY=MO", "Hamburg", "Erste Zeile\nzweite",
    ]  # fmt: skip
    assert row.problem is None


def test_whole_days_and_times_of_no_zone_stay_what_they_are() -> None:
    fair, floating = rows(
        event("SUMMARY:Fair", "DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261126"),
        event("SUMMARY:Call", "DTSTART:20261123T090000"),
    )
    assert fair.cells[1:4] == ["2026-11-23T00:00:00", "2026-11-26T00:00:00", "yes"]
    assert floating.cells[1:4] == ["2026-11-23T09:00:00", "", ""]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (("SUMMARY:A", "DTSTART:tomorrow"), "event.no_time"),
        (("SUMMARY:A",), "event.no_time"),
        (("SUMMARY:A", "DTSTART:20261123T090000Z", "DTEND:20261122T090000Z"), "event.no_time"),
        (("SUMMARY:A", "DTSTART:20261123T090000Z", "STATUS:CANCELLED"), "event.cancelled"),
        (("SUMMARY:A", "DTSTART:20261123T090000Z", "RRULE:FREQ=DAILY", "EXDATE:20261124T090000Z"), "event.exceptions"),
        (("SUMMARY:A", "BEGIN:VALARM", "DTSTART:20261123T090000Z"), "event.damaged"),
    ],
)
def test_what_cannot_be_taken_over_says_why_and_takes_no_other_with_it(lines: tuple[str, ...], code: str) -> None:
    wrong, good = rows(event(*lines), event("SUMMARY:B", "DTSTART:20261123T090000Z"))
    assert wrong.problem is not None and wrong.problem.code == code
    assert good.problem is None and good.cells[0] == "B"


def test_a_calendar_without_events_is_none() -> None:
    with pytest.raises(NotATable) as no:
        rows("BEGIN:VTODO\r\nSUMMARY:x\r\nEND:VTODO\r\n")
    assert no.value.code == "table.no_event"
