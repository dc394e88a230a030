"""A mail goes when it shall, and not before; until then it can be moved and recalled."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Delivery, Mail
from klientel.channels.tests.test_sending import person, write_to
from klientel.kernel import writing
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.testing import make
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web.tests.conftest import at_browser

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def page(tenant):
    return at_browser(tenant, "Petra", ALL, "de")[0]


def tomorrow():
    return timezone.now() + dt.timedelta(days=1)


def its_time_comes():
    with writing.door():
        Delivery.objects.update(not_before=timezone.now() - dt.timedelta(seconds=1))


def next_change_of_clocks(hours):
    """The next day on which Berlin's clocks go forward (+1) or back (-1)."""
    day = timezone.now().astimezone(BERLIN).replace(hour=0, minute=30, second=0, microsecond=0) + dt.timedelta(days=1)
    while (day + dt.timedelta(hours=4)).utcoffset() - day.utcoffset() != dt.timedelta(hours=hours):
        day += dt.timedelta(days=1)
    return day.date()


def test_it_waits_until_then_and_wakes_the_outbox_at_that_moment(anna, account, sink):
    at = tomorrow()
    mail = write_to(anna, person(anna), at=at)
    deliver(account=account.id)
    assert (sink.mails, mail.state, mail.send_at) == ([], "waiting", at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM kernel_wake WHERE queue = 'outbox' AND due_at = %s", [at])
        assert cursor.fetchone()
    its_time_comes()
    deliver(account=account.id)
    assert (len(sink.mails), Mail.objects.get().state) == (1, "accepted")


def test_it_can_be_moved_and_sent_at_once_until_it_is_handed_over(anna, account, sink):
    mail = write_to(anna, person(anna), at=tomorrow())
    later = tomorrow() + dt.timedelta(days=1)
    run(anna, "channels.mail.reschedule", mail.id, at=later)
    assert (Delivery.objects.get().not_before, Mail.objects.get().send_at) == (later, later)
    run(anna, "channels.mail.reschedule", mail.id)
    deliver(account=account.id)
    assert (len(sink.mails), Mail.objects.get().send_at) == (1, None)
    with pytest.raises(Refused, match="not_waiting"):
        run(anna, "channels.mail.reschedule", mail.id, at=later)


def test_it_can_be_recalled_and_then_never_goes(anna, account, sink):
    mail = write_to(anna, person(anna), at=tomorrow())
    run(anna, "channels.mail.recall", mail.id)
    its_time_comes()
    deliver(account=account.id)
    assert (sink.mails, Mail.objects.get().state, Mail.objects.get().send_at) == ([], "recalled", None)


@pytest.mark.parametrize(("days", "code"), [(-1, "has_passed"), (400, "too_far")])
def test_a_moment_that_has_passed_or_is_far_away_is_refused_and_nothing_is_written(anna, account, days, code):
    who = person(anna)
    with pytest.raises(Refused, match=code):
        write_to(anna, who, at=timezone.now() + dt.timedelta(days=days))
    assert (Mail.objects.count(), Delivery.objects.count()) == (0, 0)


def test_the_gate_decides_when_it_goes_not_when_it_was_written(anna, account, sink):
    who = person(anna)
    purpose = make(anna, "channels.purpose")
    run(anna, "channels.consent.create", person=who.id, purpose=purpose.id, channel="mail", email="kunde1@beispiel.de",
        wording="Ja", given_at=timezone.now(), source="Messe", proof="Karte")  # fmt: skip
    write_to(anna, who, at=tomorrow(), nature="advertising", purpose=purpose.id)
    run(anna, "contacts.person.object_to_advertising", who.id)
    its_time_comes()
    deliver(account=account.id)
    assert (sink.mails, Mail.objects.get().state) == ([], "withheld")


@pytest.mark.parametrize(("hours", "clock", "offset"), [(1, "03:30", 2), (-1, "02:30", 2)])
def test_when_clocks_change_half_past_two_is_one_moment(anna, account, hours, clock, offset):
    day = next_change_of_clocks(hours)
    write_to(anna, person(anna), at=f"{day}T02:30")
    local = Mail.objects.get().send_at.astimezone(BERLIN)
    assert (str(local.date()), f"{local:%H:%M}", local.utcoffset()) == (str(day), clock, dt.timedelta(hours=offset))


def test_the_outbox_shows_when_it_goes_and_that_its_account_is_paused(anna, account, page):
    run(anna, "channels.account.pause", account.id)
    who = person(anna)
    at = (timezone.now() + dt.timedelta(days=2)).astimezone(BERLIN)
    sent = page.post(f"/persons/{who.id}/do/send_mail", {
        "send": "1", "subject": "Termin", "text": "x", "to": "kunde1@beispiel.de", "account": account.id,
        "nature": "personal", "at": f"{at:%Y-%m-%dT%H:%M}"}, follow=True)  # fmt: skip
    assert f"{at:%H:%M}" in sent.content.decode() and "sendet zurzeit nicht" in sent.content.decode()
    text = page.get("/outbox").content.decode()
    assert "Termin" in text and f"{at:%H:%M}" in text and "sendet zurzeit nicht" in text
