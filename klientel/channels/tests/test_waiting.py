"""What waits says why, and what waits too long is told to those who can do something about it."""

import datetime as dt

import pytest
from django.utils import translation

from klientel.channels.jobs.sending import deliver, tidy
from klientel.channels.models import DomainRate, Mail, Rate
from klientel.channels.queries.waiting import why
from klientel.channels.tests.test_sending import person, write_to
from klientel.kernel import writing
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run, workspace
from klientel.kernel.live.models import Notification
from klientel.lib import clock


def hours_ago(hours):
    with writing.door():
        Mail.objects.update(sent_at=clock.now() - dt.timedelta(hours=hours))


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def told():
    return sorted(Notification.objects.values_list("kind", flat=True))


def test_a_mail_that_waits_too_long_is_told_once_a_day_to_its_writer(anna, account):
    run(anna, "channels.account.pause", account.id)
    write_to(anna, person(anna))
    hours_ago(3)
    tidy()
    assert told() == []
    hours_ago(5)
    tidy()
    tidy()
    assert told() == ["mail.waits"]
    assert {one.member_id for one in Notification.objects.all()} == {anna.member}


def test_how_long_is_too_long_is_a_setting_of_the_workspace(anna, account):
    run(anna, "channels.account.pause", account.id)
    write_to(anna, person(anna))
    workspace.change(ActorScope(anna), {"mail_waits_hours": 48})
    hours_ago(47)
    tidy()
    assert told() == []
    hours_ago(49)
    tidy()
    assert told() == ["mail.waits"]


def test_what_was_put_off_until_tomorrow_does_not_wait_too_long(anna, account):
    write_to(anna, person(anna), at=clock.now() + dt.timedelta(days=1))
    hours_ago(100)
    tidy()
    assert told() == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [("550 5.1.1 no such user", "mail.rejected"), ("data:drop", "mail.unclear"), ("250 OK", None)],
)
def test_whoever_wrote_it_learns_at_once_that_it_did_not_arrive(anna, account, sink, reply, kind):
    sink.script["kunde1@beispiel.de"] = [reply] if kind else []
    write_to(anna, person(anna))
    deliver(account=account.id)
    deliver(account=account.id)
    assert told() == ([kind] if kind else [])


def test_it_says_why_it_waits_and_what_to_do(anna, account, sink):
    sink.script["kunde1@beispiel.de"] = ["450 4.2.0 greylisted"]
    mail = write_to(anna, person(anna))

    def reason():
        return why(mail, type(account).objects.get())

    assert "worker" in reason()
    deliver(account=account.id)
    assert "450 4.2.0 greylisted" in reason()
    with writing.door():
        mail.__class__.objects.update(state="waiting")
    run(anna, "channels.account.pause", account.id)
    assert "paused" in reason()
    run(anna, "channels.account.resume", account.id)
    run(anna, "channels.mail.reschedule", mail.id, at=clock.now() + dt.timedelta(days=2))
    assert "450" in reason()
    run(anna, "channels.mail.recall", mail.id)
    assert reason() == ""


def test_a_full_day_and_a_slower_pace_are_said_too(anna, account, sink):
    run(anna, "channels.account.change", account.id, per_day=1)
    write_to(anna, person(anna))
    deliver(account=account.id)
    second = write_to(anna, person(anna, 2))
    assert "as many e-mails as it may today" in why(second, type(account).objects.get())
    with writing.door():
        Rate.objects.update(used_today=0)
        DomainRate.objects.update(not_before=clock.now() + dt.timedelta(minutes=5))
    assert "slower pace" in why(second, type(account).objects.get())
