"""Tasks and meetings that come again: the next one follows once, on its day, at its hour."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils.translation import override

from klientel.kernel import events
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.web.fields import as_sent
from klientel.work.jobs.series import plan
from klientel.work.models import Meeting, Task

pytestmark = pytest.mark.django_db


def task(actor: Actor, **values: Any) -> Task:
    made: Task = run(actor, "work.task.create", **{"subject": "Report", "due": "2026-11-24", **values}).record
    return made


def dues() -> list[str]:
    return [str(t.due) for t in Task.objects.filter(archived_at=None).order_by("due")]


def meetings() -> list[str]:
    return [m.begins.isoformat()[:16] for m in Meeting.objects.filter(archived_at=None).order_by("begins") if m.begins]


def test_done_makes_the_next_one_with_the_same_people_and_a_later_reminder(anna: Actor) -> None:
    first = task(anna, repeats="every 2nd Tuesday", remind_at="2026-11-24T08:00", owner=str(anna.member))
    run(anna, "work.task.complete", first.pk)
    made = Task.objects.get(follows=first.pk)
    assert (str(made.due), made.state, made.owner, made.repeats) == (
        "2026-12-08", "open", anna.member, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU")  # fmt: skip
    assert made.remind_at == dt.datetime(2026, 12, 8, 7, tzinfo=dt.UTC)


def test_reopened_and_done_again_makes_no_second_one_and_undo_takes_it_away(anna: Actor) -> None:
    first = task(anna, repeats="weekly")
    done = run(anna, "work.task.complete", first.pk)
    run(anna, "work.task.reopen", first.pk)
    run(anna, "work.task.complete", first.pk)
    assert Task.objects.filter(follows=first.pk).count() == 1
    second = task(anna, repeats="weekly", subject="Other")
    done = run(anna, "work.task.complete", second.pk)
    undo(anna, done.change_set)
    assert Task.objects.filter(follows=second.pk, archived_at=None).count() == 0
    run(anna, "work.task.complete", second.pk)
    assert Task.objects.filter(follows=second.pk, archived_at=None).count() == 1


def test_it_ends_after_its_count_and_a_day_can_be_left_out(anna: Actor) -> None:
    first = task(anna, repeats="FREQ=DAILY;COUNT=3")
    run(anna, "work.task.skip", first.pk)
    run(anna, "work.task.complete", first.pk)
    last = Task.objects.get(follows=first.pk)
    assert (str(last.due), last.repeats) == ("2026-11-26", "FREQ=DAILY;COUNT=1")
    with pytest.raises(Refused) as no:
        run(anna, "work.task.skip", last.pk)
    assert no.value.code == "last_one"
    run(anna, "work.task.complete", last.pk)
    assert dues() == ["2026-11-25", "2026-11-26"]


def test_what_does_not_say_how_often_is_refused_at_its_field(anna: Actor) -> None:
    with pytest.raises(Refused) as no:
        task(anna, repeats="every blue moon")
    assert (no.value.field, Task.objects.count()) == ("repeats", 0)


def planned(now: str) -> None:
    while plan(dt.datetime.fromisoformat(now)):
        pass


def test_meetings_are_planned_eight_weeks_ahead_at_the_same_hour_over_a_change_of_the_clocks(anna: Actor) -> None:
    run(anna, "work.meeting.create", subject="Jour fixe", begins="2026-10-19T10:00", ends="2026-10-19T11:00",
        repeats="weekly")  # fmt: skip
    planned("2026-08-30T00:00+00:00")
    assert meetings() == ["2026-10-19T08:00", "2026-10-26T09:00"]
    planned("2026-08-30T00:00+00:00")
    assert len(meetings()) == 2


def test_of_a_series_that_began_years_ago_only_days_to_come_are_planned_and_its_count_goes_on(anna: Actor) -> None:
    old = {"subject": "Jour fixe", "begins": "2019-03-04T10:00"}
    run(anna, "work.meeting.create", **old, repeats="weekly")
    run(anna, "work.meeting.create", **old, repeats="FREQ=WEEKLY;COUNT=407")
    run(anna, "work.meeting.create", **old, repeats="FREQ=WEEKLY;COUNT=30")
    planned("2026-12-01T12:00+00:00")
    found = meetings()
    assert found[:3] == ["2019-03-04T09:00"] * 3
    assert found[3:7] == ["2026-12-07T09:00"] * 2 + ["2026-12-14T09:00"] * 2  # 405 weeks later, and one more
    assert found[7:] == [f"{day}T09:00" for day in (
        "2026-12-21", "2026-12-28", "2027-01-04", "2027-01-11", "2027-01-18", "2027-01-25", "2027-02-01",
    )]  # fmt: skip


def test_a_whole_series_planned_at_once_is_one_change(anna: Actor) -> None:
    run(anna, "work.meeting.create", subject="Jour fixe", begins="2026-10-19T10:00", repeats="weekly")
    planned("2026-12-01T00:00+00:00")
    made = events.read(Sql("e.kind = %s", ("work.meeting.carry_on",)), limit=100)
    assert len(meetings()) > 5
    assert len({e.change_set for e in made}) == 1


def test_a_cancelled_one_carries_the_series_on_and_a_stopped_series_ends(anna: Actor) -> None:
    first = run(anna, "work.meeting.create", subject="Jour fixe", begins="2026-11-02T10:00", repeats="weekly").record
    planned("2026-09-22T00:00+00:00")
    second = Meeting.objects.get(follows=first.pk)
    run(anna, "work.meeting.archive", second.pk)
    planned("2026-09-29T00:00+00:00")
    assert meetings() == ["2026-11-02T09:00", "2026-11-16T09:00", "2026-11-23T09:00", "2026-11-30T09:00"]
    run(anna, "work.meeting.stop", first.pk)
    planned("2027-01-01T00:00+00:00")
    assert meetings() == ["2026-11-02T09:00"]


def test_a_change_is_made_to_all_that_follow_and_to_none_before(anna: Actor) -> None:
    run(anna, "work.meeting.create", subject="Jour fixe", begins="2026-10-12T10:00", ends="2026-10-12T11:00",
        repeats="weekly")  # fmt: skip
    planned("2026-08-30T00:00+00:00")
    second = Meeting.objects.get(begins=dt.datetime(2026, 10, 19, 8, tzinfo=dt.UTC))
    run(anna, "work.meeting.change", second.pk, begins="2026-10-19T14:00", ends="2026-10-19T14:30", place="Bremen")
    run(anna, "work.meeting.spread", second.pk)
    assert meetings() == ["2026-10-12T08:00", "2026-10-19T12:00", "2026-10-26T13:00"]
    assert [m.place for m in Meeting.objects.order_by("begins")] == ["", "Bremen", "Bremen"]


def test_a_form_shows_how_often_in_words_that_are_taken_again(anna: Actor) -> None:
    made = task(anna, repeats="every 2nd Tuesday")
    kind = type_of("work.task").fields["repeats"]
    with override("en"):
        typed = as_sent(kind, made.repeats)
        assert typed == "every 2 weeks on Tuesday"
        assert kind.accept(typed) == made.repeats
        assert as_sent(kind, "every blue moon") == "every blue moon"
        once = "FREQ=DAILY;COUNT=3"
        assert as_sent(kind, once) == once
