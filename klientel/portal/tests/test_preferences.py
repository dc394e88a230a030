"""Out with one click, and a page on which the recipient chooses; opening a link changes nothing."""

from __future__ import annotations

import re

import pytest

from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Consent, Mail
from klientel.channels.queries import leaving
from klientel.channels.queries.gate import Recipient, Wish, judge
from klientel.channels.tests.test_forms import purpose, wording
from klientel.kernel.actions import run
from klientel.portal.tests.conftest import parts

__all__ = ["purpose", "wording"]
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def consent(anna, eva, purpose, wording):
    return run(
        anna, "channels.consent.create", person=eva.id, purpose=purpose.id, channel="mail", email="eva@beispiel.de",
        text=wording.id, given_at="2026-01-05T10:00:00Z", source="fair", proof="signed on paper",
    ).record  # fmt: skip


@pytest.fixture
def sent(anna, account, eva, purpose, consent, sink):
    """The advertising mail as it arrived."""
    run(
        anna, "contacts.person.send_mail", eva.id, subject="News", text="Hello", nature="advertising",
        purpose=purpose.id,
    )  # fmt: skip
    deliver(account=account.id)
    [(_sender, _to, message)] = sink.mails
    return message


@pytest.fixture
def link(sent):
    return re.search(r"<https?://[^/]+(/preferences/[^>]+)>", sent["List-Unsubscribe"])[1]


def may(eva, purpose):
    return judge(Wish("mail", "advertising", purpose.id), [Recipient("eva@beispiel.de", eva.id)])[0].may


def test_advertising_says_how_to_leave_it_and_letters_do_not(anna, account, eva, sent, sink):
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" and "mailto:" in sent["List-Unsubscribe"]
    assert "/preferences/" in parts(sent)["text/plain"].decode()
    run(anna, "contacts.person.send_mail", eva.id, subject="Letter", text="Hello")
    deliver(account=account.id)
    letter = sink.mails[-1][2]
    assert letter["List-Unsubscribe"] is None and letter["List-Unsubscribe-Post"] is None


def test_one_click_without_cookie_unsubscribes_and_twice_is_once(client, eva, purpose, link):
    for _n in range(2):
        answer = client.post(link, ONE_CLICK)
        assert answer.status_code == 200 and not answer.cookies
    consent = Consent.objects.get()
    assert consent.state == "withdrawn" and "News" in consent.withdrawal and not may(eva, purpose)
    assert consent.proof == "signed on paper" and consent.given_at.year == 2026


def test_opening_the_link_changes_nothing(client, eva, purpose, link):
    for ask in (client.get, client.head):
        answer = ask(link)
        assert answer.status_code == 200 and not answer.cookies
    assert may(eva, purpose) and b"eva@beispiel.de" not in client.get(link).content


def test_an_altered_link_changes_nothing(client, eva, purpose, link):
    assert client.post(f"{link[:-2]}xx", ONE_CLICK).status_code == 404 and may(eva, purpose)


def test_one_purpose_is_left_and_the_others_stay(client, anna, eva, purpose, link):
    other = run(anna, "channels.purpose.create", name="Events").record
    run(
        anna, "channels.consent.create", person=eva.id, purpose=other.id, channel="mail", email="eva@beispiel.de",
        wording="Events, please", given_at="2026-01-05T10:00:00Z", source="fair", proof="signed on paper",
    )  # fmt: skip
    client.post(link, ONE_CLICK)
    assert not may(eva, purpose) and may(eva, other)
    client.post(link, {"all": "1"})
    assert not may(eva, other)


def test_who_left_can_come_back_on_the_same_page_with_proof(client, eva, purpose, link):
    client.post(link, {"all": "1"})
    assert not may(eva, purpose)
    assert client.post(link, {"choose": "1", "purpose": str(purpose.id)}).status_code == 303
    fresh = Consent.objects.get(state="given")
    assert may(eva, purpose) and fresh.proof and fresh.wording.startswith("Yes, send me the newsletter.")
    client.post(link, {"choose": "1"})
    assert not may(eva, purpose) and Consent.objects.filter(state="withdrawn").count() == 2


def test_what_waits_when_somebody_leaves_is_withheld_with_the_reason(client, anna, account, eva, purpose, link, sink):
    run(
        anna, "contacts.person.send_mail", eva.id, subject="More", text="Hello", nature="advertising",
        purpose=purpose.id,
    )  # fmt: skip
    client.post(link, ONE_CLICK)
    deliver(account=account.id)
    assert len(sink.mails) == 1
    mail = Mail.objects.get(subject="More")
    assert mail.state == "withheld" and "widerrufen" in mail.reply


def test_the_exception_for_customers_ends_the_same_way(client, anna, eva, purpose, link):
    run(
        anna, "channels.consent.create", person=eva.id, purpose=purpose.id, channel="mail", email="eva@beispiel.de",
        ground="customer", sale="AB-1", similar=True, told=True, source="order", given_at="2026-02-05T10:00:00Z",
    )  # fmt: skip
    client.post(link, ONE_CLICK)
    assert {one.state for one in Consent.objects.all()} == {"withdrawn"}
    assert leaving.read("nonsense") is None


def test_the_recipient_ends_that_it_is_measured_what_they_do(client, anna, eva, purpose, link):
    assert b'name="measuring"' not in client.get(link).content
    run(
        anna, "channels.consent.create", person=eva.id, purpose=purpose.id, channel="tracking", wording="Yes.",
        given_at="2026-01-05T10:00:00Z", source="website", proof="browser",
    )  # fmt: skip
    assert b'name="measuring"' in client.get(link).content
    assert client.post(link, {"measuring": "1"}).status_code == 303
    assert Consent.objects.get(channel="tracking").state == "withdrawn" and may(eva, purpose)
