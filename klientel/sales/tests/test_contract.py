"""A contract: its term, the last day to give notice, renewal, the reminder."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds.base import looking_at
from klientel.kernel.live.models import Notification
from klientel.lib import periods
from klientel.sales.jobs.contract import remind, roll_contracts
from klientel.sales.models import Contract

pytestmark = pytest.mark.django_db
DAY = dt.date
JANUARY = DAY(2026, 1, 10)


def contract(anna: Actor, day: dt.date = JANUARY, **values: Any) -> Contract:
    facts: dict[str, Any] = {"name": "Service", "begins": "2026-01-01", "term": 12, "notice": 3, "renewal": "automatic"}
    with looking_at(day):
        return again(run(anna, "sales.contract.create", **facts | values).record)


def again(one: Any) -> Contract:
    return Contract.objects.get(pk=one.pk)


@pytest.mark.parametrize(
    ("end", "length", "unit", "last"),
    [
        (DAY(2026, 12, 31), 3, "month", DAY(2026, 9, 30)),
        (DAY(2026, 12, 31), 6, "week", DAY(2026, 11, 19)),
        (DAY(2026, 12, 31), 14, "day", DAY(2026, 12, 17)),
        (DAY(2026, 2, 28), 1, "month", DAY(2026, 1, 31)),
        (DAY(2028, 2, 29), 1, "month", DAY(2028, 1, 31)),
        (DAY(2028, 2, 28), 1, "month", DAY(2028, 1, 28)),
        (DAY(2028, 2, 29), 1, "year", DAY(2027, 2, 28)),
        (DAY(2027, 2, 28), 3, "month", DAY(2026, 11, 30)),
        (DAY(2026, 3, 31), 1, "month", DAY(2026, 2, 28)),
        (DAY(2026, 3, 30), 1, "month", DAY(2026, 2, 28)),
        (DAY(2026, 6, 30), 0, "month", DAY(2026, 6, 30)),
    ],
)
def test_notice_of_the_last_day_is_in_time_and_a_day_later_is_not(end: Any, length: int, unit: str, last: Any) -> None:
    assert periods.last_notice(end, length, unit) == last
    assert periods.later(last, length, unit) <= end < periods.later(last + dt.timedelta(days=1), length, unit)


@pytest.mark.parametrize(
    ("first", "length", "unit", "end"),
    [
        (DAY(2026, 1, 1), 12, "month", DAY(2026, 12, 31)),
        (DAY(2024, 2, 29), 1, "year", DAY(2025, 2, 28)),
        (DAY(2024, 2, 29), 4, "year", DAY(2028, 2, 28)),
        (DAY(2026, 1, 31), 1, "month", DAY(2026, 2, 28)),
        (DAY(2026, 1, 30), 1, "month", DAY(2026, 2, 28)),
        (DAY(2026, 1, 29), 1, "month", DAY(2026, 2, 28)),
        (DAY(2026, 1, 28), 1, "month", DAY(2026, 2, 27)),
        (DAY(2026, 1, 1), 2, "week", DAY(2026, 1, 14)),
    ],
)
def test_a_term_counts_its_first_day(first: Any, length: int, unit: str, end: Any) -> None:
    assert periods.term_end(first, length, unit) == end


@pytest.mark.parametrize(
    ("anchor", "end", "last"),
    [
        ("any", DAY(2026, 6, 23), DAY(2026, 5, 12)),
        ("month", DAY(2026, 6, 30), DAY(2026, 5, 19)),
        ("quarter", DAY(2026, 6, 30), DAY(2026, 5, 19)),
        ("half", DAY(2026, 6, 30), DAY(2026, 5, 19)),
        ("year", DAY(2026, 12, 31), DAY(2026, 11, 19)),
    ],
)
def test_what_runs_until_notice_ends_with_the_first_possible_day(anchor: str, end: Any, last: Any, anna: Actor) -> None:
    made = contract(anna, DAY(2026, 5, 12), renewal="open", term=None, notice=6, notice_unit="week", notice_to=anchor)
    assert made.notice_by == last
    with looking_at(DAY(2026, 5, 12)):
        run(anna, "sales.contract.terminate", made.pk, arrived="2026-05-12")
    assert (again(made).last_day, again(made).state, again(made).notice_by) == (end, "terminated", None)


def test_dates_follow_from_the_term(anna: Actor) -> None:
    made = contract(anna, value={"amount": "100", "currency": "EUR"})
    assert (made.ends, made.notice_by, made.renews_on) == (DAY(2026, 12, 31), DAY(2026, 9, 30), DAY(2027, 1, 1))
    assert made.yearly == {"amount": "1200.00", "currency": "EUR"}
    assert made.remind_at is not None and made.remind_at.date() == DAY(2026, 8, 31)


def test_a_contract_of_long_ago_stands_in_the_term_of_today(anna: Actor) -> None:
    made = contract(anna, begins="2019-04-01", renewal_term=6)
    assert (made.ends, made.notice_by) == (DAY(2026, 3, 31), DAY(2025, 12, 31))


def test_late_notice_ends_it_a_term_later(anna: Actor) -> None:
    made, late = contract(anna), contract(anna, name="Other")
    with looking_at(DAY(2026, 10, 2)):
        run(anna, "sales.contract.terminate", made.pk, arrived="2026-09-30")
        run(anna, "sales.contract.terminate", late.pk, arrived="2026-10-01")
        assert (again(made).last_day, again(late).last_day) == (DAY(2026, 12, 31), DAY(2027, 12, 31))
        done = run(anna, "sales.contract.reinstate", made.pk)
        assert (again(made).state, again(made).last_day) == ("active", None)
        undo(anna, done.change_set)
        assert again(made).state == "terminated"


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"term": None}, "term", "term_missing"),
        ({"ends": "2025-12-31", "renewal": "ends"}, "ends", "ends_before_it_begins"),
        ({"begins": "0100-01-01"}, "begins", "out_of_range"),
        ({"begins": None}, "begins", "required"),
        ({"notice": -1}, "notice", "out_of_range"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(anna: Actor, values: Any, field: str, code: str) -> None:
    with pytest.raises(Refused) as no:
        contract(anna, **values)
    assert (field, code) in [(one.field, one.code) for one in no.value.all()]


def test_notice_of_tomorrow_is_refused(anna: Actor) -> None:
    made = contract(anna)
    with looking_at(DAY(2026, 5, 1)), pytest.raises(Refused) as no:
        run(anna, "sales.contract.terminate", made.pk, arrived="2026-05-02")
    assert (no.value.field, no.value.code) == ("arrived", "in_future")


def test_it_goes_on_and_ends_by_itself(anna: Actor) -> None:
    renewed, ended, terminated = contract(anna), contract(anna, renewal="ends"), contract(anna, name="Third")
    until = contract(anna, renewal="open", term=None, notice=1, notice_to="quarter")
    with looking_at(DAY(2026, 3, 1)):
        run(anna, "sales.contract.terminate", terminated.pk)
    assert until.notice_by == DAY(2026, 2, 28)
    with looking_at(DAY(2026, 12, 31)):
        roll_contracts()
        assert [again(one).state for one in (renewed, ended, terminated)] == ["active", "active", "terminated"]
        assert again(until).notice_by == DAY(2027, 2, 28)
    with looking_at(DAY(2027, 1, 1)):
        roll_contracts()
        roll_contracts()
    assert [again(one).state for one in (renewed, ended, terminated)] == ["active", "ended", "ended"]
    assert (again(renewed).ends, again(renewed).notice_by) == (DAY(2027, 12, 31), DAY(2027, 9, 30))
    assert again(renewed).version == renewed.version + 1


def test_its_owner_is_reminded_once(anna: Actor) -> None:
    made = contract(anna, owner=str(anna.member))
    assert made.remind_at is not None
    told = Notification.objects.filter(record_id=made.pk)
    with looking_at(DAY(2026, 8, 31)):
        remind(made.remind_at - dt.timedelta(seconds=1))
        assert told.count() == 0
        remind(made.remind_at)
        remind(made.remind_at + dt.timedelta(hours=1))
    assert told.count() == 1
    with looking_at(DAY(2026, 10, 1)):
        run(anna, "sales.contract.change", made.pk, notice=2)
        remind(dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC))
    assert told.count() == 2, "another last day is another reminder"
