"""Working minutes, checked against counting every minute."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from klientel.lib.festive import DaysOff
from klientel.lib.states import STATES
from klientel.lib.worktime import Hours

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = Hours(BERLIN, frozenset(range(5)), dt.time(9), dt.time(17), frozenset({dt.date(2026, 12, 25)}))
FIRST = dt.datetime(2026, 10, 20, tzinfo=dt.UTC)
instants = st.integers(0, 69 * 24 * 60).map(lambda n: FIRST + dt.timedelta(minutes=n))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_a_friday_afternoon_goes_on_on_monday() -> None:
    assert WEEK.after(at("2026-11-20T16:00"), 120) == at("2026-11-23T10:00")
    assert WEEK.after(at("2026-11-21T12:00"), 30) == at("2026-11-23T09:30")
    assert WEEK.after(at("2026-12-24T16:30"), 60) == at("2026-12-28T09:30")


def test_without_weekdays_the_calendar_counts() -> None:
    assert Hours(BERLIN).after(at("2026-11-21T23:30"), 60) == at("2026-11-22T00:30")
    assert Hours(BERLIN).between(at("2026-11-21T23:30"), at("2026-11-22T00:30")) == 60


def test_a_day_on_which_the_clock_is_changed_has_its_hours() -> None:
    sunday = Hours(BERLIN, frozenset({6}), dt.time(0), dt.time(6))
    assert sunday.between(at("2026-10-25T00:00"), at("2026-10-26T00:00")) == 7 * 60


@given(instants, st.integers(1, 3000))
@settings(max_examples=60)
def test_as_many_minutes_lie_between_as_were_added(begin: dt.datetime, minutes: int) -> None:
    end = WEEK.after(begin, minutes)
    assert WEEK.between(begin, end) == minutes
    assert WEEK.between(begin, end - dt.timedelta(minutes=1)) == minutes - 1


@given(instants, st.integers(0, 4000))
@settings(max_examples=20)
def test_counting_every_minute_comes_to_the_same(begin: dt.datetime, n: int) -> None:
    def works(moment: dt.datetime) -> bool:
        here = moment.astimezone(BERLIN)
        return here.weekday() < 5 and 9 <= here.hour < 17 and here.date() != dt.date(2026, 12, 25)

    counted = sum(works(begin + dt.timedelta(minutes=m)) for m in range(n))
    assert WEEK.between(begin, begin + dt.timedelta(minutes=n)) == counted


def test_an_eve_ends_at_noon() -> None:
    eves = Hours(BERLIN, frozenset(range(5)), dt.time(9), dt.time(17), short=frozenset({(12, 24), (12, 31)}))
    assert eves.after(at("2026-12-24T11:00"), 120) == at("2026-12-25T10:00")
    assert eves.between(at("2026-12-24T00:00"), at("2026-12-25T00:00")) == 3 * 60
    late = Hours(BERLIN, frozenset(range(5)), dt.time(13), dt.time(17), short=frozenset({(12, 24)}))
    assert late.between(at("2026-12-24T00:00"), at("2026-12-25T00:00")) == 0


def test_public_holidays_are_those_of_the_state() -> None:
    def off(state: str, *, catholic: bool = False) -> DaysOff:
        return DaysOff("DE", state, catholic, yearly=frozenset({(12, 24)}))

    assumption, peace, corpus = dt.date(2026, 8, 15), dt.date(2026, 8, 8), dt.date(2026, 6, 4)
    assert [assumption in off(one) for one in ("", "BY", "Augsburg", "SL")] == [False, False, True, True]
    assert assumption in off("BY", catholic=True) and corpus in off("TH", catholic=True)
    assert peace in off("Augsburg") and peace not in off("BY", catholic=True)
    assert corpus in off("NW", catholic=True) and corpus not in off("BE", catholic=True)
    assert dt.date(2031, 12, 24) in off("BE") and dt.date(2031, 12, 23) not in off("BE")
    assert off("BY").named(dt.date(2026, 1, 6), "en") == "Epiphany"


def test_every_state_is_one_that_the_holidays_know() -> None:
    for country, states in STATES.items():
        assert set(states) == set(holidays.country_holidays(country).subdivisions)
