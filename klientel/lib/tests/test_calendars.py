"""Days as a calendar draws them, with the two days a year on which the clocks change."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klientel.lib.calendars import DAY, Axis, Lane, axis, lanes, midnight, period, rows

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = dt.date(2026, 3, 29), dt.date(2026, 10, 25)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def test_a_week_begins_on_monday_and_a_month_is_shown_in_whole_weeks() -> None:
    week = period("week", dt.date(2026, 11, 22))
    assert (week.first, week.after) == (dt.date(2026, 11, 16), dt.date(2026, 11, 23))
    month = period("month", dt.date(2026, 2, 28))
    assert (month.first, month.after, len(month.weeks)) == (dt.date(2026, 1, 26), dt.date(2026, 3, 2), 5)
    assert period("month", dt.date(2026, 1, 31)).moved(1) == dt.date(2026, 2, 1)
    assert period("month", dt.date(2026, 12, 31)).moved(1) == dt.date(2027, 1, 1)
    assert period("month", dt.date(2026, 1, 31)).moved(-1) == dt.date(2025, 12, 1)


def test_a_month_that_fills_four_weeks_has_no_fifth() -> None:
    month = period("month", dt.date(2027, 2, 14))
    assert (month.first, month.after) == (dt.date(2027, 2, 1), dt.date(2027, 3, 1))


def test_an_hour_that_comes_twice_is_drawn_twice_and_every_instant_has_its_place() -> None:
    drawn = axis([AUTUMN], BERLIN)
    assert (drawn.again, drawn.length) == ((120, 60), 25 * 60)
    first, second = at("2026-10-25T02:30+02:00"), at("2026-10-25T02:30+01:00")
    assert (drawn.place(first), drawn.place(second), drawn.place(at("2026-10-25T03:00+01:00"))) == (150, 210, 240)
    assert [label for _at, label in drawn.hours()][:5] == ["00:00", "01:00", "02:00", "02:00", "03:00"]
    assert drawn.open_at(AUTUMN) == []
    assert drawn.open_at(AUTUMN + DAY) == [(180, 60)]


def test_an_hour_that_does_not_come_is_left_open_and_leads_to_the_time_after_it() -> None:
    drawn = axis([SPRING], BERLIN)
    assert (drawn.length, drawn.open_at(SPRING)) == (24 * 60, [(120, 60)])
    assert drawn.instant(SPRING, 150) == at("2026-03-29T03:30+02:00")


@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [("Europe/Berlin", SPRING, 23 * 60), ("Europe/Berlin", AUTUMN, 25 * 60),
     ("Australia/Lord_Howe", dt.date(2026, 4, 5), 24 * 60 + 30), ("America/Sao_Paulo", dt.date(2018, 11, 4), 23 * 60)],
)  # fmt: skip
def test_every_minute_of_a_day_comes_back_from_its_place(zone: str, day: dt.date, minutes: int) -> None:
    where = ZoneInfo(zone)
    drawn, first = axis([day], where), midnight(day, where)
    some = [first + dt.timedelta(minutes=n) for n in range(minutes)]
    places = [drawn.place(one) for one in some]
    assert [drawn.instant(day, p) for p in places] == some
    assert len(set(places)) == minutes
    free = {p for begin, n in drawn.open_at(day) for p in range(begin, begin + n)}
    assert free == set(range(drawn.length)) - set(places)


def test_what_overlaps_stands_side_by_side_and_takes_the_room_that_is_left() -> None:
    assert lanes([(0, 60), (60, 120)]) == [Lane(0, 1, 1), Lane(0, 1, 1)]
    assert lanes([(0, 120), (0, 60), (60, 90)]) == [Lane(0, 2, 1), Lane(1, 2, 1), Lane(1, 2, 1)]
    assert lanes([(0, 30), (0, 30), (10, 90), (40, 80)]) == [Lane(0, 3, 1), Lane(1, 3, 1), Lane(2, 3, 1), Lane(0, 3, 2)]
    assert lanes([]) == []


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 60)), max_size=25))
def test_nothing_covers_anything_else(some: list[tuple[int, int]]) -> None:
    spans = [(begin, begin + length) for begin, length in some]
    made = lanes(spans)
    for i, one in enumerate(made):
        assert 0 <= one.n < one.n + one.wide <= one.of
        for j, other in enumerate(made[:i]):
            if spans[i][0] < spans[j][1] and spans[j][0] < spans[i][1]:
                assert one.of == other.of
                assert one.n + one.wide <= other.n or other.n + other.wide <= one.n


def test_bars_share_a_row_where_they_share_no_day() -> None:
    assert rows([(0, 2), (1, 1), (3, 6), (2, 3)]) == [0, 1, 0, 1]
    assert rows([(0, 0), (0, 6)]) == [1, 0]


def test_an_axis_without_a_change_is_a_day_of_24_hours() -> None:
    assert Axis(BERLIN).length == 24 * 60
    assert axis([dt.date(2026, 11, 22)], BERLIN) == Axis(BERLIN)
