"""Mail of a real IMAP server: every message here once, whatever happens to the mailbox or to us."""

from __future__ import annotations

import itertools

import pytest
from django.db import connection

from klientel.channels.jobs import fetching
from klientel.channels.jobs.fetching import fetch, look
from klientel.channels.jobs.reading import read_mail
from klientel.channels.models import Account, Body, Fetched, Mail, Mailbox, Position
from klientel.channels.queries import mailboxes
from klientel.channels.tests.dovecot import PASSWORD
from klientel.contacts.models import Person
from klientel.kernel import writing
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.files import sweeping
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.kernel.testing import make
from klientel.privacy import erasing

_users = itertools.count()


def letter(n=1, *, sender="Eva Sommer <eva@kunde.example>", to="vertrieb@hansewerk.de", subject="", text="Guten Tag",
           ident=None, more=""):  # fmt: skip
    """A mail as it comes; ``ident`` "" for one without a Message-ID."""
    named = f"Message-ID: <{ident or f'm{n}@kunde.example'}>\r\n" if ident != "" else ""
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject or f'Brief {n}'}\r\n{named}"
        f"Date: Mon, 02 Nov 2026 10:{n % 60:02}:00 +0100\r\n{more}\r\n{text}\r\n"
    ).encode()


class Box:
    """A mailbox on the server and the account that fetches it."""

    def __init__(self, anna, dovecot, **given):
        self.user, self.server, self.anna = f"user{next(_users)}", dovecot, anna
        self.account = run(
            anna, "channels.account.create", name="Vertrieb", address="vertrieb@hansewerk.de", host="127.0.0.1",
            port=25, security="starttls", login=self.user, fetching=True, imap_host="127.0.0.1",
            **{"imap_port": dovecot.port, "imap_security": "tls", **given},
        ).record  # fmt: skip
        run(anna, "channels.account.set_password", self.account.id, password=PASSWORD)

    def folder(self, name="INBOX", **given):
        values = {"account": self.account.id, "name": name, "level": "all", **given}
        return run(self.anna, "channels.folder.create", **values).record

    def put(self, *messages, folder="INBOX"):
        self.server.put(self.user, *messages, folder=folder)

    def fetch(self):
        fetch(account=self.account.id)
        read_mail(account=self.account.id)
        return Mailbox.objects.filter(account_id=self.account.id).values_list("trouble", flat=True).first()

    def states(self):
        return sorted(Fetched.objects.filter(account_id=self.account.id).values_list("state", flat=True))


@pytest.fixture
def box(anna, dovecot, authority, settings, monkeypatch, tmp_path):
    settings.KLIENTEL_EGRESS_ALLOW = "*=127.0.0.1"
    settings.KLIENTEL_FILES = tmp_path / "files"
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    return Box(anna, dovecot)


def test_a_mail_is_fetched_once_as_it_came_and_stands_with_its_sender(anna, box):
    who = make(anna, "contacts.person", 1, emails=[{"value": "Eva@kunde.example", "purpose": "work", "state": "ok"}])
    box.folder()
    raw = letter(subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=", text="Guten Tag,\r\n\r\nbis bald\r\n")
    box.put(raw)
    assert [box.fetch(), box.fetch()] == ["", ""]
    row, mail = Fetched.objects.get(), Mail.objects.get()
    assert (row.state, row.mail_id, row.size) == ("mail", mail.pk, len(raw))
    assert (mail.subject, mail.text, mail.sender, mail.sender_name) == (
        "Grüße", "Guten Tag,\n\nbis bald", "eva@kunde.example", "Eva Sommer",
    )  # fmt: skip
    assert (mail.direction, mail.state, mail.person, who.id in mail.concerns) == ("in", "received", who.id, True)
    assert mail.sent_at.isoformat() == "2026-11-02T09:01:00+00:00"
    assert (sweeping.orphans(current(), age=0).places, sweeping.orphans(current()).rows) == ([], [])


def test_what_is_on_the_server_is_counted_and_nothing_is_missing(box):
    folder = box.folder()
    box.put(*(letter(n) for n in range(1, 8)))
    box.fetch()
    box.server.do(box.user, ("select", "INBOX"), ("store", "2:3", "+FLAGS", r"(\Deleted)"), ("expunge",))
    box.fetch()
    position = Position.objects.get(folder_id=folder.id)
    assert (position.total, position.missing, position.compared_at is None) == (5, 0, False)
    assert (Mail.objects.count(), Fetched.objects.filter(gone=True).count()) == (7, 2)


def test_what_went_missing_here_is_fetched_again(box):
    box.folder()
    box.put(*(letter(n) for n in range(1, 5)))
    box.fetch()
    with writing.door():
        Fetched.objects.filter(uid=2).delete()
    box.fetch()
    assert sorted(Fetched.objects.values_list("uid", flat=True)) == [1, 2, 3, 4]


def test_another_uidvalidity_loses_nothing_and_doubles_nothing(box):
    box.folder()
    twin = letter(9, ident="")
    box.put(letter(1), letter(2), twin, twin.replace(b"Guten Tag", b"Auf bald"))
    box.fetch()
    before = set(Fetched.objects.values_list("uidvalidity", flat=True))
    box.server.rebuild(box.user)
    box.put(letter(3))
    box.fetch()
    box.fetch()
    after = set(Fetched.objects.values_list("uidvalidity", flat=True))
    assert (len(after), before & after) == (1, set())
    assert (Fetched.objects.count(), Mail.objects.count(), set(box.states())) == (5, 5, {"mail"})


def test_another_uidvalidity_in_many_pieces_loses_nothing_either(box, monkeypatch):
    monkeypatch.setattr(fetching, "BATCH", 2)
    box.folder()
    box.put(*(letter(n) for n in range(1, 6)), letter(3, ident=""), letter(3, ident=""))
    box.fetch()
    box.server.rebuild(box.user)
    box.put(letter(7))
    box.fetch()
    uids = sorted(Fetched.objects.filter(gone=False).values_list("uid", flat=True))
    assert (uids, Mail.objects.count()) == (list(range(1, 9)), 7)


def test_what_was_erased_comes_back_under_no_uidvalidity_and_a_new_mail_does(anna, box):
    who = make(anna, "contacts.person", 1, emails=[{"value": "eva@kunde.example", "purpose": "work", "state": "ok"}])
    run(anna, "channels.account.change", box.account.id, strangers="person")
    box.folder()
    box.put(letter(1))
    box.fetch()
    erasing.erase(system_actor(), type_of("contacts.person"), who.id, "request")
    assert (Mail.objects.count(), box.states()) == (0, [""])
    box.server.rebuild(box.user)
    box.fetch()
    assert (Mail.objects.count(), box.states(), Person.objects.count()) == (0, [""], 0)
    box.put(letter(2))
    box.fetch()
    assert (Mail.objects.count(), box.states(), Person.objects.count()) == (1, ["", "mail"], 1)


def test_a_copy_in_another_folder_is_the_same_mail(box):
    box.folder()
    box.folder("Sent", direction="out")
    box.put(letter(1))
    box.put(letter(1), folder="Sent")
    box.fetch()
    assert (box.states(), Mail.objects.count()) == (["double", "mail"], 1)


def test_of_a_folder_that_is_not_taken_in_nothing_comes_and_of_one_only_subjects_no_text(box):
    box.folder("Junk", level="nothing")
    box.folder(level="subject")
    box.put(letter(1), folder="Junk")
    box.put(letter(2, subject="Betriebsrat", text="Vertraulich"))
    box.fetch()
    mail = Mail.objects.get()
    assert (mail.subject, mail.text, Body.objects.get().html) == ("Betriebsrat", "", "")


def test_no_folder_takes_in_more_than_its_account(anna, box):
    box.folder()
    box.folder("Sent", direction="out", level="nothing")
    box.put(letter(1, subject="Betriebsrat", text="Vertraulich"))
    for level, texts in (("nothing", []), ("subject", [""])):
        run(anna, "channels.account.change", box.account.id, level=level)
        box.fetch()
        assert list(Mail.objects.values_list("text", flat=True)) == texts
    assert [f.level for f in mailboxes.folders_of([Account.objects.get(pk=box.account.id)])] == ["subject", "nothing"]


def test_mail_from_before_the_chosen_day_stays_out_and_is_no_gap(box):
    folder = box.folder(since="2126-01-01")
    box.put(letter(1), letter(2))
    box.fetch()
    position = Position.objects.get(folder_id=folder.id)
    assert (position.total, position.older, position.missing, Mail.objects.count()) == (2, 2, 0, 0)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"imap_port": 1}, "antwortet nicht"), ({"imap_host": "10.0.0.1"}, "10.0.0.1"),
     ({"imap_login": "nobody\n"}, ""), ({"imap_security": "starttls"}, None)],
)  # fmt: skip
def test_what_stands_in_the_way_is_said_and_tried_again_later(anna, box, given, said):
    box.folder()
    given = {k: v for k, v in given.items() if v != "nobody\n"} or {"imap_security": "tls"}
    if said is None:
        given["imap_port"] = box.server.plain
    run(anna, "channels.account.change", box.account.id, **given)
    box.put(letter(1))
    trouble = box.fetch()
    if said:
        state = Mailbox.objects.get()
        assert said in trouble or "not answer" in trouble
        assert (state.failures, Mail.objects.count()) == (1, 0)
        box.fetch()
        assert Mailbox.objects.get().failures == 2
    else:
        assert (trouble, Mail.objects.count()) == ("", 1)


def test_a_wrong_password_is_said_and_never_stops_for_good(anna, box):
    box.folder()
    run(anna, "channels.account.set_password", box.account.id, password="falsch")
    box.put(letter(1))
    assert "refuses" in box.fetch() or "lehnt" in Mailbox.objects.get().trouble
    run(anna, "channels.account.set_password", box.account.id, password=PASSWORD)
    assert (box.fetch(), Mailbox.objects.get().failures, Mail.objects.count()) == ("", 0, 1)


def test_a_folder_that_is_gone_keeps_no_other_from_being_read(box):
    gone = box.folder("Gibt es nicht")
    box.folder()
    box.put(letter(1))
    box.fetch()
    assert Mail.objects.count() == 1
    assert Position.objects.get(folder_id=gone.id).trouble


def test_each_account_that_is_due_gets_a_job_and_no_sooner_again(anna, box):
    box.folder()
    look()
    assert [Mailbox.objects.count(), Fetched.objects.count()] == [1, 0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'channels.jobs.fetching.fetch'")
        assert cursor.fetchone()[0] == 1
    look()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'channels.jobs.fetching.fetch'")
        assert cursor.fetchone()[0] == 1


def test_what_is_fetched_waits_for_the_disk_and_what_becomes_of_it_does_not(box, monkeypatch):
    waits = {}

    def asked(known):
        def asking(*words, **more):
            done = known(*words, **more)
            with connection.cursor() as cursor:
                cursor.execute("SHOW synchronous_commit")
                waits[known.__name__] = cursor.fetchone()[0]
            return done

        return asking

    for known in (mailboxes.store, mailboxes.settle):
        monkeypatch.setattr(mailboxes, known.__name__, asked(known))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")  # the databases of tests wait for nothing
    box.folder()
    box.put(letter(1))
    assert box.fetch() == ""
    assert waits == {"store": "on", "settle": "off"}
