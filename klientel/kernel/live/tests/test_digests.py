"""Members choose what they are told, and what of it comes by e-mail once in a while."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.utils import timezone

from klientel.kernel import writing
from klientel.kernel.actions import run
from klientel.kernel.events import notices
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.live import digests, notifications
from klientel.kernel.live.models import NoticeChoice, Notification
from klientel.kernel.live.notifications import Told
from klientel.kernel.testing.making import make_member

ALL = [one.kind for one in notices.kinds()]


@pytest.fixture
def carla(anna):
    """Sees everything, has an address."""
    made = make_member("Carla Claas", [{"record": "*", "verb": "*"}])
    run(anna, "kernel.member.change", made.member, email="carla@example.com")
    return made


@pytest.fixture
def tell(anna, carla):
    """Tells Carla of a task of hers."""

    def one(subject, kind="assigned", to=carla):
        made = run(anna, "work.task.create", subject=subject).record
        notifications.tell(
            [Told(to.member, kind, f"{kind}:{made.id}", "work.task", made.id, params={"by": str(anna.member)})]
        )
        return made

    return one


@pytest.fixture
def digest(tenant, carla, monkeypatch):
    """What Carla is mailed when her digest is due."""

    def send():
        with writing.door():
            NoticeChoice.objects.filter(member_id=carla.member).update(next_at=timezone.now())
        mail.outbox.clear()
        with working_in(tenant.pk):
            digests.send(member=carla.member)
        return [m.body for m in mail.outbox]

    return send


def choose(member, rhythm="daily", told=ALL, mailed=ALL):
    return digests.choose(member.member, rhythm=rhythm, hour=7, told=told, mailed=mailed)


def test_holds_what_is_unread_and_comes_once(carla, tell, digest):
    choose(carla)
    made = tell("Anrufen")
    [text] = digest()
    assert "Anna Alster" in text
    assert "Anrufen" in text
    assert f"/tasks/{made.id}/" in text
    assert digest() == []
    tell("Schreiben")
    [text] = digest()
    assert "Schreiben" in text
    assert "Anrufen" not in text


def test_leaves_out_what_was_read_and_what_was_not_wanted(carla, tell, digest):
    choose(carla, mailed=[k for k in ALL if k != "mentioned"])
    tell("Gelesen")
    notifications.mark_read(carla.member)
    tell("Erwähnt", kind="mentioned")
    assert digest() == []


def test_a_muted_kind_is_not_told_at_all(carla, tell):
    choose(carla, rhythm="never", told=[k for k in ALL if k != "assigned"])
    tell("Still")
    tell("Laut", kind="mentioned")
    assert list(Notification.objects.filter(member_id=carla.member).values_list("kind", flat=True)) == ["mentioned"]


def test_what_somebody_may_not_see_any_more_is_in_no_digest(anna, carla, tell, digest):
    choose(carla)
    made = tell("Geheim")
    role = run(anna, "kernel.role.create", name="Nichts", grants=[]).record
    run(anna, "kernel.member.change", carla.member, roles=[role.id])
    assert made
    assert digest() == []


def test_who_left_gets_none(anna, carla, tell, digest):
    choose(carla)
    tell("Anrufen")
    run(anna, "kernel.member.deactivate", carla.member, to=anna.member)
    assert digest() == []


def test_says_how_many_more_there_are(carla, tell, digest, monkeypatch):
    monkeypatch.setattr(digests, "MOST", 2)
    choose(carla)
    for n in range(5):
        tell(f"Aufgabe {n}")
    [text] = digest()
    assert text.count("/tasks/") == 2
    assert "3" in text
    assert digest() == []


@pytest.mark.parametrize(
    ("rhythm", "now", "due"),
    [
        ("daily", "2026-11-23T05:59+00:00", "2026-11-23T06:00+00:00"),
        ("daily", "2026-11-23T06:00+00:00", "2026-11-24T06:00+00:00"),
        ("daily", "2026-10-24T06:00+00:00", "2026-10-25T06:00+00:00"),  # the night the clocks go back
        ("weekly", "2026-11-23T06:01+00:00", "2026-11-30T06:00+00:00"),
        ("hourly", "2026-11-23T06:01+00:00", "2026-11-23T07:00+00:00"),
        ("never", "2026-11-23T06:01+00:00", None),
    ],
)
def test_is_due_at_the_hour_of_the_workspace(tenant, rhythm, now, due):
    with timezone.override("Europe/Berlin"):
        found = digests.next_time(rhythm, 7, dt.datetime.fromisoformat(now))
    assert found == (dt.datetime.fromisoformat(due) if due else None)


def test_the_sweep_asks_for_those_that_are_due(tenant, carla, monkeypatch):
    asked = []
    monkeypatch.setattr(digests, "defer", lambda job, **facts: asked.append(facts["member"]))
    choose(carla)
    digests.look()
    assert asked == []
    with writing.door():
        NoticeChoice.objects.update(next_at=timezone.now())
    digests.look()
    assert asked == [carla.member]
