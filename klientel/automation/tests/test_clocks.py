"""Time: the days on which clocks change, clocks that jump, and who works while a rehearsal looks."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.utils import timezone

from klientel.automation.actions.rehearsing import rehearse
from klientel.automation.jobs import timing
from klientel.automation.queries import days
from klientel.automation.queries.values import later
from klientel.automation.tests.conftest import LEAD, lead, runs, step, task, workflow
from klientel.kernel.actions import run
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside, writing
from klientel.lib import clock

BERLIN = ZoneInfo("Europe/Berlin")


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("at", ["02:30", "08:00"])
def test_where_clocks_change_the_calendar_starts_it_once_a_day(day: str, at: str) -> None:
    definition = {"on": LEAD, "trigger": {"when": "schedule", "rule": "every day", "at": at}}
    first = dt.date.fromisoformat(day) - dt.timedelta(days=1)
    with timezone.override(BERLIN):
        moment, found = local(f"{first}T00:00"), []
        for _n in range(4):
            moment = days.next_at(definition, moment)
            assert moment is not None
            found.append(moment.astimezone(BERLIN))
    assert [f.date() for f in found] == [first + dt.timedelta(days=n) for n in range(4)]
    assert {f.strftime("%H:%M") for f in found} <= {at, "03:30"}  # 02:30 is skipped in March: an hour later then


@pytest.mark.parametrize(
    ("start", "n", "unit", "end"),
    [
        ("2026-03-28T10:00", 1, "days", "2026-03-29T10:00"),  # 23 hours
        ("2026-10-24T10:00", 1, "weeks", "2026-10-31T10:00"),  # a week and an hour
        ("2026-03-28T10:00", 24, "hours", "2026-03-29T11:00"),
    ],
)
def test_days_keep_the_time_of_day_and_hours_are_hours(start: str, n: int, unit: str, end: str) -> None:
    with timezone.override(BERLIN), clock.turned_back(local(start)):
        assert abs(later(n, unit) - local(end)) < dt.timedelta(seconds=5)


@pytest.mark.django_db
def test_a_clock_that_is_set_back_or_jumps_ahead_starts_nothing_twice(anna: Actor) -> None:
    with clock.turned_back(local("2026-10-20T07:00")):
        some = [lead(anna, source="a") for _n in range(2)]
        made = workflow(anna, [task()], trigger={"when": "schedule", "rule": "every day", "at": "08:00"})
    seen = []
    for moment in ("10-20T08:01", "10-20T07:30", "10-20T08:02", "10-25T12:00", "10-25T07:00", "10-25T12:01"):
        with clock.turned_back(local(f"2026-{moment}")), working_in(anna.tenant):
            with connection.cursor() as cursor:  # whatever woke it
                cursor.execute("UPDATE automation_version SET next_at = least(next_at, %s)", [clock.now()])
            timing.work()
        seen.append(len(runs(made)))
    assert seen == [2, 2, 2, 4, 4, 4]  # after a jump the newest day only
    assert {r.record for r in runs(made)} == {s.pk for s in some}
    assert type_of("work.task").model.objects.count() == 4


@pytest.mark.django_db
def test_what_waits_is_neither_lost_nor_done_twice_when_the_clock_jumps(anna: Actor, play: Any) -> None:
    with clock.turned_back(local("2026-10-20T07:00")):
        workflow(anna, [{"do": "wait", "n": 2, "unit": "days"}, task()])
        lead(anna)
        play()
    for moment, done in (("10-21T07:00", 0), ("10-30T07:00", 1), ("10-20T07:30", 1), ("10-30T08:00", 1)):
        with clock.turned_back(local(f"2026-{moment}")), working_in(anna.tenant):
            timing.work()
        assert type_of("work.task").model.objects.count() == done


@pytest.mark.django_db(transaction=True)
def test_a_rehearsal_waits_for_nobody_and_nobody_waits_for_it(actor: Actor) -> None:
    with writing():
        some = [lead(actor, name=f"Lead {n}", source="web") for n in range(3)]
        for one in some:
            run(actor, f"{LEAD}.change", one.pk, source="now")
    locked, free = threading.Event(), threading.Event()

    def writer() -> None:
        with inside(actor.tenant), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM sales_lead WHERE id = %s FOR UPDATE", [some[1].pk])
            locked.set()
            free.wait(20)
        connection.close()

    thread = threading.Thread(target=writer)
    thread.start()
    try:
        assert locked.wait(60)
        definition = {"on": LEAD, "trigger": {"when": "made"}, "where": None,
                      "steps": [step(f"{LEAD}.change", campaign="{{source}}")]}  # fmt: skip
        began = time.monotonic()
        result = rehearse(actor, definition, days=7)
        assert time.monotonic() - began < 10  # of the 20 for which somebody holds the record
    finally:
        free.set()
        thread.join()
    by_record = {r.event.record_id: r for r in result.runs}
    assert by_record[some[1].pk].refused and not by_record[some[1].pk].effects
    tried = [by_record[s.pk] for s in (some[0], some[2])]
    assert [e.changes["campaign"][1] for r in tried for e in r.effects] == ["web", "web"]  # as it was at the event
    with writing():
        assert set(type_of(LEAD).model.objects.values_list("source", "campaign")) == {("now", "")}
