"""What stands in the calendar, for whom, and what moving it does."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import get
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.records import type_of
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web import calendar
from klientel.kernel.web.tests.conftest import at_browser
from klientel.lib.calendars import period
from klientel.lib.festive import festive

pytestmark = pytest.mark.django_db
WEEK = period("week", dt.date(2026, 11, 24))


def meeting(actor: Actor, subject: str, begins: str, ends: str | None = None, **values: Any) -> Any:
    return run(actor, "work.meeting.create", subject=subject, begins=begins, ends=ends, **values).record


def titles(actor: Actor, key: str = "work.meeting", days: Any = WEEK, **more: Any) -> list[str]:
    return [e.row.title for e in calendar.read(ActorScope(actor), type_of(key), days, **more)[0]]


@pytest.fixture
def desk(tenant: Tenant) -> tuple[Client, Actor]:
    return at_browser(tenant, "Anna", ALL)


def send(client: Client, record: Any, at: str = "2026-11-24", span: str = "week", **sent: Any) -> Any:
    slug = type_of(record).slug
    headers = {"X-Requested-With": "fetch"}
    return client.post(f"/{slug}/{record.pk}/when?span={span}&at={at}", sent, headers=headers)


def again(actor: Actor, record: Any) -> Any:
    return get(ActorScope(actor), type_of(record), record.pk)


def test_what_touches_the_days_stands_in_them_and_nothing_else(anna: Actor) -> None:
    meeting(anna, "Before", "2026-11-22T22:00", "2026-11-22T23:00")
    meeting(anna, "Over night", "2026-11-22T23:00", "2026-11-23T01:00")
    meeting(anna, "Fair", "2026-11-10T00:00", "2026-12-03T00:00", all_day=True)
    meeting(anna, "Last", "2026-11-29T23:30")
    meeting(anna, "After", "2026-11-30T00:00")
    assert titles(anna) == ["Fair", "Over night", "Last"]


def test_tasks_stand_on_their_day_calls_at_their_time_and_deals_where_they_should_close(anna: Actor) -> None:
    run(anna, "work.task.create", subject="Offer", due="2026-11-29")
    run(anna, "work.task.create", subject="Later", due="2026-11-30")
    run(anna, "work.call.create", subject="Ring", at="2026-11-24T09:00", minutes=20)
    run(anna, "sales.deal.create", name="Hall", expected_close="2026-11-23")
    scope = ActorScope(anna)
    [task], _more = calendar.read(scope, type_of("work.task"), WEEK)
    [call], _more = calendar.read(scope, type_of("work.call"), WEEK)
    assert (task.whole_days, task.first) == (True, dt.date(2026, 11, 29))
    assert call.end is not None
    assert call.start is not None
    assert (call.whole_days, call.end - call.start) == (False, dt.timedelta(minutes=20))
    assert titles(anna, "sales.deal") == ["Hall"]


def test_an_all_day_meeting_ends_on_the_day_before_the_midnight_it_ends_at(anna: Actor) -> None:
    meeting(anna, "Fair", "2026-11-23T00:00", "2026-11-26T00:00", all_day=True)
    [fair], _more = calendar.read(ActorScope(anna), type_of("work.meeting"), WEEK)
    assert (fair.first, fair.last, fair.start) == (dt.date(2026, 11, 23), dt.date(2026, 11, 25), None)


def test_of_chosen_people_those_who_own_it_and_those_who_take_part(anna: Actor, boris: Actor) -> None:
    meeting(anna, "Hers", "2026-11-24T10:00", owner=str(anna.member))
    meeting(anna, "Both", "2026-11-24T11:00", owner=str(anna.member), participants=[str(boris.member)])
    assert boris.member is not None
    assert titles(anna, people=[boris.member]) == ["Both"]


def test_one_statement_whatever_there_is(anna: Actor) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            titles(anna)
        return len(seen)

    for n in range(3):
        meeting(anna, f"M{n}", "2026-11-24T10:00")
    few = cost()
    for n in range(9):
        meeting(anna, f"N{n}", "2026-11-24T10:00")
    assert (few, cost()) == (1, 1)


def test_who_may_not_see_it_sees_nothing_or_only_that_somebody_is_busy(anna: Actor, boris: Actor) -> None:
    meeting(anna, "Secret merger", "2026-11-24T10:00", "2026-11-24T11:00", owner=str(anna.member))
    own = {"field": "owner", "op": "is", "value": {"me": True}}
    narrow = replace(boris, grants=(Grant("work.meeting", "view", own),))
    rtype = type_of("work.meeting")
    assert titles(narrow) == []
    assert calendar.taken(ActorScope(narrow), rtype, WEEK, []) == []
    knows = replace(narrow, grants=(*narrow.grants, Grant("work.meeting", "busy")))
    [entry] = calendar.taken(ActorScope(knows), rtype, WEEK, [])
    assert (entry.busy, "merger" in entry.row.title, entry.who) == (True, False, (anna.member,))
    assert calendar.taken(ActorScope(anna), rtype, WEEK, []) == []


def test_the_page_tells_nobody_what_makes_a_colleague_busy(tenant: Tenant, anna: Actor) -> None:
    found = meeting(anna, "Secret merger", "2026-11-24T10:00", "2026-11-24T11:00", owner=str(anna.member))
    own = {"field": "owner", "op": "is", "value": {"me": True}}
    grants = [{"record": "work.meeting", "verb": "view", "where": own}, {"record": "work.meeting", "verb": "busy"}]
    client, _actor = at_browser(tenant, "Carl", grants)
    page = client.get("/meetings/calendar?at=2026-11-24").content.decode()
    assert "busy" in page
    assert "10:00–11:00" in page
    assert "merger" not in page
    assert str(found.pk) not in page


def test_moving_keeps_how_long_it_lasts_and_can_be_taken_back(desk: tuple[Client, Actor]) -> None:
    client, actor = desk
    made = meeting(actor, "Talk", "2026-11-24T10:00", "2026-11-24T11:30")
    answer = send(client, made, day="2026-11-26", place="840", version=made.version)
    assert answer.status_code == 200
    now = again(actor, made)
    assert (now.begins.isoformat(), now.ends - now.begins) == ("2026-11-26T13:00:00+00:00", dt.timedelta(minutes=90))
    assert client.post(answer.json()["undo"], headers={"X-Requested-With": "fetch"}).status_code == 200
    assert again(actor, made).begins.isoformat() == "2026-11-24T09:00:00+00:00"


def test_moved_over_a_change_of_the_clocks_it_stays_at_its_hour(desk: tuple[Client, Actor]) -> None:
    client, actor = desk
    made = meeting(actor, "Talk", "2026-10-23T10:00", "2026-10-23T11:00")
    assert send(client, made, day="2026-10-26", span="month", at="2026-10-01").status_code == 200
    assert again(actor, made).begins.isoformat() == "2026-10-26T09:00:00+00:00"


def test_the_hour_that_comes_twice_can_be_chosen_both_times(desk: tuple[Client, Actor]) -> None:
    client, actor = desk
    made = meeting(actor, "Night", "2026-10-25T00:00", "2026-10-25T01:00")
    for place, utc in (("150", "00:30"), ("210", "01:30")):
        assert send(client, made, day="2026-10-25", place=place, at="2026-10-25", span="day").status_code == 200
        assert again(actor, made).begins.isoformat() == f"2026-10-25T{utc}:00+00:00"


def test_who_comes_second_is_told_and_nothing_is_overwritten(desk: tuple[Client, Actor]) -> None:
    client, actor = desk
    made = meeting(actor, "Talk", "2026-11-24T10:00", "2026-11-24T11:00")
    run(actor, "work.meeting.change", made.pk, begins="2026-11-25T10:00", ends="2026-11-25T11:00")
    answer = send(client, made, day="2026-11-26", place="600", version=made.version)
    assert answer.status_code == 409
    assert again(actor, made).begins.isoformat() == "2026-11-25T09:00:00+00:00"


def test_what_else_the_person_has_then_is_said(desk: tuple[Client, Actor]) -> None:
    client, actor = desk
    meeting(actor, "Dentist", "2026-11-26T14:30", "2026-11-26T15:30", owner=str(actor.member))
    made = meeting(actor, "Talk", "2026-11-24T10:00", "2026-11-24T11:00", owner=str(actor.member))
    assert "Dentist" in send(client, made, day="2026-11-26", place="840").json()["toast"]
    assert "Dentist" not in send(client, made, day="2026-11-26", place="1000").json()["toast"]


def test_its_end_is_drawn_further_but_never_before_its_beginning(desk: tuple[Client, Actor]) -> None:
    client, actor = desk
    made = meeting(actor, "Talk", "2026-11-24T10:00", "2026-11-24T11:00")
    call = run(actor, "work.call.create", subject="Ring", at="2026-11-24T09:00", minutes=5).record
    assert send(client, made, day="2026-11-24", until="720").status_code == 200
    assert send(client, call, day="2026-11-24", until="585").status_code == 200
    assert again(actor, made).ends.isoformat() == "2026-11-24T11:00:00+00:00"
    assert again(actor, call).minutes == 45
    refused = send(client, made, day="2026-11-24", until="500")
    assert (refused.status_code, refused.json()["field"]) == (422, "ends")


@pytest.mark.parametrize("sent", [{"day": ""}, {"day": "x"}, {"day": "2026-11-24", "place": "-5"},
                                  {"day": "2026-11-24", "place": "9999"}])  # fmt: skip
def test_nonsense_is_refused_in_words(desk: tuple[Client, Actor], sent: dict[str, str]) -> None:
    client, actor = desk
    made = meeting(actor, "Talk", "2026-11-24T10:00", "2026-11-24T11:00")
    assert send(client, made, **sent).status_code == 422
    assert again(actor, made).version == made.version


def test_another_tenants_and_unknown_entries_are_not_there(desk: tuple[Client, Actor], cleo: Actor) -> None:
    client, actor = desk
    made = meeting(actor, "Talk", "2026-11-24T10:00")
    made.pk = uuid4()
    assert send(client, made, day="2026-11-26").status_code == 404
    assert titles(cleo) == []


def test_a_filter_and_a_saved_view_choose_what_the_calendar_shows(desk: tuple[Client, Actor]) -> None:
    client, actor = desk
    meeting(actor, "In Bremen", "2026-11-24T10:00", place="Bremen")
    meeting(actor, "In Kiel", "2026-11-24T10:00", place="Kiel")
    where = '{"field":"place","op":"is","value":"Kiel"}'
    page = client.get("/meetings/calendar", {"at": "2026-11-24", "where": where}).content.decode()
    assert "In Kiel" in page
    assert "In Bremen" not in page
    view = run(actor, "kernel.view.create", name="Kiel", record_type="work.meeting",
               shared="all", condition={"field": "place", "op": "is", "value": "Kiel"}).record  # fmt: skip
    page = client.get(f"/meetings/calendar?at=2026-11-24&view={view.pk}").content.decode()
    assert "In Bremen" not in page


def test_a_day_that_is_none_is_refused(desk: tuple[Client, Actor]) -> None:
    assert desk[0].get("/calendar?at=2026-13-40").status_code == 422
    assert desk[0].get("/calendar?at=0001-01-01").status_code == 422


def test_public_holidays_are_named_in_the_language_of_the_page(anna: Actor) -> None:
    days = period("month", dt.date(2026, 12, 1)).days
    assert festive("DE", days, "de")[dt.date(2026, 12, 26)] == "Zweiter Weihnachtstag"
    assert festive("DE", days, "en")[dt.date(2026, 12, 25)] == "Christmas Day"
    assert festive("XX", days, "de") == {}
