"""Servers that tell of news: connections that stay open between two fetches, on a real IMAP server."""

from __future__ import annotations

import pytest
from django.db import connection

from klientel.channels.egress import Failure, imap, open_box
from klientel.channels.jobs import listening
from klientel.channels.jobs.fetching import fetch, look_now
from klientel.channels.models import Mail
from klientel.channels.queries import accounts
from klientel.channels.tests.test_fetching import Box, box, letter
from klientel.kernel.actions import run
from klientel.kernel.jobs.declaring import staying

__all__ = ["box"]


@pytest.fixture
def ears():
    """Ears whose thread the test is."""
    made = listening.Ears()
    made.threaded = False
    yield made
    for one in made._kept.values():
        one.box.close()


def heard(ears, news, seconds=15):
    """Listen until something was told."""
    for _n in range(seconds * 4):
        if news:
            return news
        ears.once(0.25)
    return news


def opened(box):
    place = accounts.mailbox_of(box.account, *accounts.signing_in(box.account))
    made = open_box(place)
    made.open("INBOX")
    return place, made


@pytest.mark.parametrize("tells", [True, False])
def test_news_is_told_at_once_or_asked_for_where_the_server_cannot_tell(box, ears, monkeypatch, tells):
    news = []
    ears.on_news(news.append)
    monkeypatch.setattr(listening, "NUDGE", 10.0 if tells else 0.1)
    place, line = opened(box)
    if not tells:
        line._idle = False
    ears.keep(box.account.id, place, line)
    ears.once(0.3)
    assert news == []
    box.put(letter(1))
    assert heard(ears, news) == [box.account.id]
    again = ears.taken(box.account.id, place)
    assert (again is line, again.uids("ALL"), ears.taken(box.account.id, place)) == (True, [1], None)
    line.close()


@pytest.mark.parametrize("tells", [True, False])
def test_another_folder_is_told_of_too_or_looked_into_soon_where_the_server_cannot_tell(box, ears, monkeypatch, tells):
    news = []
    ears.on_news(news.append)
    place, line = opened(box)
    if not tells:
        line._idle = True
    ears.keep(box.account.id, place, line, ["Sent", "Größeres & mehr"])
    ears.once(0.3)
    assert (line.hears_all, news) == (tells, [])
    box.put(letter(1), folder="Sent")
    if not tells:
        monkeypatch.setattr(listening, "OTHERS", 0.1)
    assert heard(ears, news) == [box.account.id]
    again = ears.taken(box.account.id, place)
    assert (again is line, again.open("Sent").total, again.uids("ALL")) == (True, 1, [1])
    line.close()


def test_what_came_between_opening_and_listening_is_news_too(box, ears):
    news = []
    ears.on_news(news.append)
    place, line = opened(box)
    box.put(letter(1))
    line._asked("noop", line._imap.noop)  # in the answer to any command a server may say what is new
    ears.keep(box.account.id, place, line)
    assert heard(ears, news) == [box.account.id]


def test_a_connection_that_is_gone_or_for_nobody_is_let_go(box, ears, monkeypatch):
    news = []
    ears.on_news(news.append)
    place, line = opened(box)
    ears.keep(box.account.id, place, line)
    other = place.__class__(place.host, place.port, place.security, place.login, "other", "")
    assert ears.taken(box.account.id, other) is None  # the password was changed meanwhile
    for least, told in ((60.0, []), (0.0, [box.account.id])):
        monkeypatch.setattr(listening, "LEAST", least)
        place, line = opened(box)
        ears.keep(box.account.id, place, line)
        line._imap.sock.shutdown(2)
        ears.once(1.0)
        assert (ears._kept, news) == ({}, told)
    place, line = opened(box)
    ears.keep(box.account.id, place, line)
    monkeypatch.setattr(listening, "UNUSED", 0.0)
    ears.once(0.1)
    assert ears._kept == {}
    with pytest.raises(Failure):
        line.uids("ALL")


def test_no_more_connections_stay_open_than_may(box, ears, dovecot, anna, monkeypatch):
    monkeypatch.setattr(listening, "MOST", 1)
    other = Box(anna, dovecot)
    for one in (box, other):
        ears.keep(one.account.id, *opened(one))
    assert list(ears._kept) == [other.account.id]


def test_the_next_fetch_takes_the_connection_back_and_news_leads_to_a_fetch(box, monkeypatch):
    monkeypatch.setattr(listening.ears, "threaded", False)
    signed_in = []
    connected = imap.connect
    monkeypatch.setattr(imap, "connect", lambda *args: signed_in.append(args) or connected(*args))
    staying.set()
    try:
        box.folder("Sent", direction="out")
        box.folder()
        for n in range(3):
            box.put(letter(n))
            assert box.fetch() == ""
        assert (Mail.objects.count(), len(signed_in), list(listening.ears._kept)) == (3, 1, [box.account.id])
        look_now(box.account.id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE '%fetching.fetch'")
            assert cursor.fetchone()[0] == 1
        run(box.anna, "channels.account.change", box.account.id, imap_port=1)
        fetch(account=box.account.id)
        assert listening.ears._kept == {}
    finally:
        staying.clear()
