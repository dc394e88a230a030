"""Targets of an inbox: by when a lead is answered, who is reminded, who hears of it where nobody did. Each once."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.events.consumers import get
from klientel.kernel.events.digesting import digest
from klientel.kernel.events.event import read
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.identity.actor import Actor
from klientel.kernel.jobs import timers
from klientel.kernel.live.models import Notification
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy.models import Wake
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member
from klientel.lib import clock
from klientel.sales.jobs import lead as jobs
from klientel.sales.models import Lead, LeadInbox

pytestmark = pytest.mark.django_db


def inbox(actor: Actor, **values: Any) -> Any:
    team = run(actor, "kernel.team.create", name=f"North {LeadInbox.objects.count()}").record
    run(actor, "sales.leadinbox.create", team=team.pk, **{"respond_within": 60, "remind_before": 15, **values})
    return team.pk


def lead(actor: Actor, **values: Any) -> Lead:
    return Lead.objects.get(pk=run(actor, "sales.lead.create", **{"name": "A press", **values}).record.pk)


def test_the_target_counts_from_when_the_lead_came_in(anna: Actor) -> None:
    team = inbox(anna)
    made = lead(anna, team=team)
    assert made.respond_by - made.created_at == dt.timedelta(minutes=60)
    assert made.remind_at - made.created_at == dt.timedelta(minutes=45)
    moved = lead(anna)
    assert moved.respond_by is None
    run(anna, "sales.lead.change", moved.pk, team=team)
    assert Lead.objects.get(pk=moved.pk).respond_by == moved.created_at + dt.timedelta(minutes=60)


def test_only_working_minutes_count(anna: Actor) -> None:
    week = {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "days_off": "2026-03-10\n24.12.2026"}
    team = inbox(anna, opens="09:00", closes="17:00", respond_within=120, **week)
    zone = timezone.get_current_timezone()
    friday = dt.datetime(2026, 3, 6, 16, tzinfo=zone)
    with clock.turned_back(friday):
        made = lead(anna, team=team)
    assert made.respond_by.replace(microsecond=0) == dt.datetime(2026, 3, 9, 10, tzinfo=zone)
    with clock.turned_back(dt.datetime(2026, 3, 9, 9, 20, 30, tzinfo=zone)):
        run(anna, "sales.lead.contacted", made.pk)
    assert Lead.objects.get(pk=made.pk).response_minutes == 80


def test_public_holidays_of_the_place_are_no_working_days(anna: Actor) -> None:
    place = {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "country": "DE", "state": "DE-BY", "eves": "half"}
    zone = timezone.get_current_timezone()
    team = inbox(anna, respond_within=240, **place)
    for begun, by in (
        (dt.datetime(2026, 1, 5, 16, tzinfo=zone), dt.datetime(2026, 1, 7, 12, tzinfo=zone)),  # Epiphany: Bavaria only
        (dt.datetime(2025, 12, 24, 10, tzinfo=zone), dt.datetime(2025, 12, 29, 11, tzinfo=zone)),
    ):
        with clock.turned_back(begun):
            made = lead(anna, team=team)
        assert made.respond_by.replace(microsecond=0) == by


def test_the_page_of_an_inbox_names_its_days_off(client: Client, actor: Actor) -> None:
    team = inbox(actor, weekdays=["mon", "tue", "wed", "thu", "fri", "sat", "sun"], country="AT", state="AT-9")
    made = LeadInbox.objects.get(team=team)
    page = client.get(f"/lead-inboxes/{made.pk}/").content.decode()
    assert "Christmas Day" in page and "Corpus Christi" in page and "Days off in the next twelve months" in page


def test_a_state_says_its_country_itself(anna: Actor) -> None:
    made = LeadInbox.objects.get(team=inbox(anna, country="AT", state="DE-BY", weekdays=["wed"]))
    assert dt.date(2026, 1, 6) in made.hours().off and dt.date(2026, 10, 26) not in made.hours().off
    bare = LeadInbox.objects.get(team=inbox(anna, state="AT-9"))
    assert dt.date(2026, 10, 26) in bare.hours().off


@pytest.mark.parametrize(("field", "value"), [("opens", "9 Uhr"), ("closes", "08:00"), ("days_off", "Weihnachten")])
def test_hours_that_nobody_can_read_are_refused(anna: Actor, field: str, value: str) -> None:
    with pytest.raises(Refused) as no:
        inbox(anna, **{field: value})
    assert no.value.field == field


def test_reminded_then_told_to_whom_the_inbox_names_each_once(anna: Actor, boris: Actor) -> None:
    chief = make_member("Carla", ALL)
    team = inbox(anna, escalate_to=chief.member)
    made = lead(anna, team=team, owner=anna.member)
    for now in (made.remind_at, made.remind_at, made.respond_by, made.respond_by + dt.timedelta(hours=1)):
        jobs.remind(now)
        jobs.escalate(now)
    found = Notification.objects.values_list("member_id", "kind", "record_id")
    assert sorted(found) == sorted([(anna.member, jobs.REMINDER, made.pk), (chief.member, jobs.LATE, made.pk)])


def test_the_clock_itself_reminds_and_escalates_each_once_and_again_after_a_new_target(anna: Actor) -> None:
    chief = make_member("Carla", ALL)
    with clock.turned_back(clock.now() - dt.timedelta(hours=30)):
        made = lead(anna, team=inbox(anna, escalate_to=chief.member), owner=anna.member)
    with working_in(anna.tenant):
        digest(get("timers"), read(Sql("e.record_type = 'sales.lead'")))
        due = set(Wake.objects.filter(queue=timers.QUEUE).values_list("due_at", flat=True))
        assert {made.remind_at, made.respond_by} <= due
        timers.fire()
        timers.fire()
    found = Notification.objects.values_list("member_id", "kind", "record_id")
    assert sorted(found) == sorted([(anna.member, jobs.REMINDER, made.pk), (chief.member, jobs.LATE, made.pk)])


def test_leads_of_which_nobody_hears_hold_up_no_others(anna: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PIECE", 1)
    team = inbox(anna)
    silent, told = lead(anna, team=team, owner=None), lead(anna, team=team, owner=anna.member)
    assert silent.remind_at <= told.remind_at
    while jobs.remind(told.remind_at):
        pass
    assert [one.record_id for one in Notification.objects.all()] == [told.pk]


def test_an_answered_lead_is_no_longer_spoken_of(anna: Actor) -> None:
    made = lead(anna, team=inbox(anna), owner=anna.member)
    run(anna, "sales.lead.contacted", made.pk)
    late = made.respond_by + dt.timedelta(hours=1)
    assert (jobs.remind(late), jobs.escalate(late)) == (False, False)
    assert not Notification.objects.exists()


def test_nobodys_lead_is_told_to_those_of_the_team_who_may_see_it(anna: Actor, boris: Actor) -> None:
    team = inbox(anna)
    run(anna, "kernel.member.change", anna.member, team=team)
    run(anna, "kernel.member.change", boris.member, team=team)
    made = lead(anna, team=team)
    jobs.remind(made.remind_at)
    assert [n.member_id for n in Notification.objects.all()] == [anna.member]


def test_a_call_of_ours_is_the_first_reaction_a_planned_or_incoming_one_is_not(anna: Actor) -> None:
    who = run(anna, "contacts.person.create", last_name="Meyer").record.pk
    run(anna, "work.call.create", subject="Long before", concerns=[who])
    made = lead(anna, person=who)

    def answered() -> Any:
        with working_in(anna.tenant):
            digest(get("lead_answers"), read(Sql("TRUE")))
        return Lead.objects.get(pk=made.pk)

    run(anna, "work.call.create", subject="They called", direction="in", concerns=[who])
    run(anna, "work.meeting.create", subject="Visit", begins=clock.now() + dt.timedelta(days=2), concerns=[made.pk])
    assert answered().first_response_at is None
    call = run(anna, "work.call.create", subject="Called back", concerns=[who]).record
    found = answered()
    assert (found.first_response_at, found.status, found.response_minutes) == (call.created_at, "contacted", 0)
    run(anna, "work.call.create", subject="And again", concerns=[made.pk])
    assert answered().first_response_at == call.created_at


@pytest.mark.parametrize(("kind", "answered"), [("token", True), ("workflow", False), ("job", False)])
def test_a_call_that_a_program_writes_down_for_somebody_is_theirs(anna: Actor, kind: str, answered: bool) -> None:
    made = lead(anna)
    run(replace(anna, kind=kind), "work.call.create", subject="Called back", concerns=[made.pk])
    with working_in(anna.tenant):
        digest(get("lead_answers"), read(Sql("TRUE")))
    assert (Lead.objects.get(pk=made.pk).first_response_at is not None) is answered
