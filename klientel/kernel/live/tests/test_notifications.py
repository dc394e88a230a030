"""Who is told of what, and who is not."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest
from django.utils import translation

from klientel.kernel import writing
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.events import notices
from klientel.kernel.events.consumers import get
from klientel.kernel.events.digesting import digest
from klientel.kernel.events.event import read
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.live import notifications
from klientel.kernel.live.models import Notification
from klientel.kernel.sql import Sql
from klientel.kernel.testing import make
from klientel.kernel.testing.making import make_member

OWN = {"field": "owner", "op": "is", "value": {"me": True}}


@pytest.fixture
def told(tenant):
    """Hands the events so far to the consumer and answers what a member reads."""
    done = set()

    def look(actor, **options):
        fresh = [e for e in read(Sql("TRUE")) if e.id not in done]
        done.update(e.id for e in fresh)
        with working_in(tenant.pk), translation.override("en"):
            digest(get("notifications"), fresh)
            return [n.text for n in notifications.latest(ActorScope(actor), **options)]

    return look


@pytest.fixture
def carla(tenant):
    """Sees everything."""
    return make_member("Carla Claas", [{"record": "*", "verb": "*"}])


def test_assigned_by_somebody_else(anna, carla, told):
    run(anna, "work.task.create", subject="Anrufen", owner=carla.member)
    run(anna, "work.task.create", subject="Eigene", owner=anna.member)
    assert told(carla) == ["Anna Alster assigned Anrufen to you"]
    assert told(anna) == []


def test_who_stands_in_is_told_too(anna, carla, told):
    doris = make_member("Doris Dorn", [{"record": "*", "verb": "*"}])
    run(anna, "kernel.member.change", carla.member, deputy=doris.member, away_from="2020-01-01")
    told(doris)
    run(anna, "work.task.create", subject="Anrufen", owner=carla.member)
    run(doris, "work.task.create", subject="Eigene", owner=carla.member)
    assert told(doris) == ["Anna Alster assigned Anrufen to you"]
    assert len(told(carla)) == 2


def test_many_at_once_are_one_notification(anna, carla, told):
    items = [Item(params={"subject": f"T{n}", "owner": carla.member}) for n in range(12)]
    list(run_many(anna, "work.task.create", items, chunk=5))
    assert told(carla) == ["Anna Alster assigned 12 records to you"]
    assert notifications.unread(carla.member) == 1


def test_mentioned_in_a_note_and_in_a_comment(anna, carla, told):
    firm = run(anna, "contacts.organisation.create", name="Bergmann GmbH").record
    run(anna, "work.note.create", text="Hallo Carla", concerns=[firm.id], mentions=[carla.member])
    assert told(carla) == ["Anna Alster mentioned you: Hallo Carla"]
    run(anna, "contacts.organisation.comment", firm.id, text="Schau", mentions=[carla.member, anna.member])
    assert told(carla)[0] == "Anna Alster mentioned you: Bergmann GmbH"
    assert told(anna) == []


def test_nobody_is_told_of_what_they_may_not_see(anna, boris, told):
    person = make(anna, "contacts.person")
    note = run(anna, "work.note.create", text="Geheim", concerns=[person.id], mentions=[boris.member]).record
    assert told(boris) == []
    assert notifications.unread(boris.member) == 0
    run(anna, "contacts.person.assign", person.id, owner=boris.member)
    assert len(told(boris)) == 1
    run(anna, "contacts.person.assign", person.id, owner=anna.member)
    assert told(boris) == []  # and what they may not see any more is not shown
    assert note


def test_nobody_is_told_twice(anna, carla, told, tenant):
    run(anna, "work.task.create", subject="A", owner=carla.member)
    run(anna, "work.note.create", text="B", mentions=[carla.member])
    assert len(told(carla)) == 2
    mentions = read(Sql("e.kind = 'work.note.create'"))
    with working_in(tenant.pk):
        digest(get("notifications"), mentions)
    assert len(told(carla)) == 2


def test_reading_lowers_the_count(anna, carla, told):
    for n in range(3):
        run(anna, "work.note.create", text=f"N{n}", mentions=[carla.member])
    assert len(told(carla)) == 3
    newest = notifications.latest(ActorScope(carla))[0]
    assert notifications.mark_read(carla.member, [newest.id]) == 1
    assert notifications.unread(carla.member) == 2
    assert len(told(carla, unread_only=True)) == 2
    assert len(told(carla, before=newest.id)) == 2
    assert notifications.mark_read(carla.member) == 2
    assert notifications.unread(carla.member) == 0
    assert notifications.unread(anna.member) == 0


def test_an_announcement_reaches_whom_it_names(anna, carla, told, monkeypatch):
    run_id = uuid4()
    monkeypatch.setitem(notices._namers, "some.thing", lambda ids: dict.fromkeys(ids, "Adressen.csv"))
    monkeypatch.setattr(notices, "_notices", notices._notices | {})
    notices.notice("thing_done", "Ready: %(what)s")
    notices.announce("thing_done", "some.thing", run_id, to=[carla.member])
    assert told(carla) == ["Ready: Adressen.csv"]
    assert told(anna) == []


def test_what_was_read_long_ago_is_forgotten(anna, carla, told):
    run(anna, "work.note.create", text="N", mentions=[carla.member])
    assert len(told(carla)) == 1
    notifications.mark_read(carla.member)
    notifications.tidy()
    assert len(told(carla)) == 1
    with writing.door():
        Notification.objects.update(read_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=100))
    notifications.tidy()
    assert told(carla) == []


def test_somebody_inactive_is_told_nothing(anna, carla, told):
    run(anna, "kernel.member.change", carla.member, active=False)
    run(anna, "work.task.create", subject="A", owner=carla.member)
    assert told(carla) == []


def test_a_reminder_comes_once_and_not_for_what_is_done(anna, carla, told):
    from klientel.work.jobs.reminder import remind

    now = dt.datetime.now(dt.UTC)
    soon, past = now + dt.timedelta(minutes=5), now - dt.timedelta(minutes=5)
    run(carla, "work.task.create", subject="Fällig", owner=carla.member, remind_at=past.isoformat())
    run(carla, "work.task.create", subject="Später", owner=carla.member, remind_at=soon.isoformat())
    done = run(carla, "work.task.create", subject="Erledigt", owner=carla.member, remind_at=past.isoformat()).record
    run(carla, "work.task.complete", done.id)
    assert remind(now) is False
    assert remind(now) is False
    assert told(carla) == ["Reminder: Fällig"]
    remind(now + dt.timedelta(minutes=6))
    assert told(carla) == ["Reminder: Später", "Reminder: Fällig"]
