"""Where mail lands: its conversation, its people, the fate of what we sent."""

from __future__ import annotations

import base64
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klientel.channels.jobs import fetching, handing, reading
from klientel.channels.jobs.fetching import fetch
from klientel.channels.jobs.filing import append
from klientel.channels.jobs.reading import read_mail
from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Body, Fetched, Mail, Suppression
from klientel.channels.queries import mailboxes
from klientel.channels.tests.test_fetching import Box, box, letter
from klientel.channels.tests.test_sending import person, write_to
from klientel.contacts.models import Person
from klientel.kernel import writing
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.files import keeping
from klientel.kernel.files.opening import open_file
from klientel.kernel.jobs.turn import Turn
from klientel.kernel.tenancy import current
from klientel.kernel.testing import make

__all__ = ["box"]


def sent(anna, box, sink, who):
    """A mail of ours that was handed over; its Message-ID."""
    run(anna, "channels.account.change", box.account.id, host="127.0.0.1", port=sink.port, security="none", login="",
        imap_login=box.user, per_second=500)  # fmt: skip
    mail = write_to(anna, who, account=box.account.id, subject="Angebot")
    deliver(account=box.account.id)
    return Mail.objects.get(pk=mail.pk)


def bounce(mail, status="5.1.1", to="kunde1@beispiel.de", ident="r1@mx.example"):
    return (
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: vertrieb@hansewerk.de\nSubject: Undelivered\n"
        f"Message-ID: <{ident}>\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n\nNot delivered.\n--b\n'
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; {to}\n"
        f"Action: failed\nStatus: {status}\n\n--b\nContent-Type: text/rfc822-headers\n\n"
        f"Message-ID: <{mail.message_ref}>\nTo: {to}\n--b--\n"
    ).encode()


def newest():
    return Mail.objects.latest("created_at")


def test_an_answer_goes_on_in_the_conversation_and_on_all_that_it_concerned(anna, box, sink):
    who, deal = person(anna), person(anna, 7)
    box.folder()
    ours = sent(anna, box, sink, who)
    run(anna, "channels.mail.change", ours.id, concerns=[*ours.concerns, deal.id])
    said = f"In-Reply-To: <{ours.message_ref}>\r\nReferences: <{ours.message_ref}>\r\n"
    box.put(letter(1, sender="Eva <privat@anderswo.example>", subject="AW: Angebot", more=said,
                   text="Gerne!\r\n\r\nAm 2. Nov. schrieb Vertrieb <v@hansewerk.de>:\r\n> Guten Tag"))  # fmt: skip
    box.fetch()
    mail = newest()
    assert (mail.thread, ours.thread, mail.text) == (ours.id, ours.id, "Gerne!")
    assert deal.id in mail.concerns
    assert "> Guten Tag" in Body.objects.get(mail_id=mail.pk).quoted


def test_a_new_conversation_lands_on_the_one_deal_that_goes_on_and_on_none_of_two(anna, box):
    firm = make(anna, "contacts.organisation", 1)
    who = make(anna, "contacts.person", 1, organisation=firm.id,
               emails=[{"value": "eva@kunde.example", "purpose": "work", "state": "ok"}])  # fmt: skip
    deal = make(anna, "sales.deal", 1, person=who.id, organisation=firm.id)
    box.folder()
    box.put(letter(1), letter(2, subject="AW: Brief 1", more="References: <m1@kunde.example>\r\n"))
    box.fetch()
    assert [set(m.concerns) for m in Mail.objects.all()] == [{who.id, firm.id, deal.id}] * 2
    make(anna, "sales.deal", 2, person=who.id, organisation=firm.id)
    box.put(letter(3), letter(4, subject="AW: Brief 1", more="References: <m1@kunde.example>\r\n"))
    box.fetch()
    of = {m.subject: set(m.concerns) for m in Mail.objects.all()}
    assert (of["Brief 3"], of["AW: Brief 1"]) == ({who.id, firm.id}, {who.id, firm.id, deal.id})


def test_however_many_mails_come_the_statements_are_the_same(box):
    box.folder()
    asked = []
    for some in (range(1, 3), range(3, 40)):
        box.put(*(letter(n, sender=f"eva{n}@kunde.example") for n in some))
        fetch(account=box.account.id)
        with CaptureQueriesContext(connection) as seen:
            read_mail(account=box.account.id)
        asked.append(len(seen))
    assert (asked[0], Mail.objects.count()) == (asked[1], 39)


def test_a_forged_reference_leads_nowhere(anna, box, sink):
    box.folder()
    ours = sent(anna, box, sink, person(anna))
    ident, _dot, rest = ours.message_ref.partition(".")
    forged = f"{ident}.{'0' * 24}@{rest.partition('@')[2]}"
    box.put(letter(1, subject="AW: Angebot", more=f"In-Reply-To: <{forged}>\r\n"))
    box.fetch()
    assert newest().thread == newest().pk


def test_an_answer_that_comes_before_what_it_answers_meets_it_all_the_same(box):
    box.folder()
    box.put(letter(2, subject="Re: Brief 1", more="References: <m1@kunde.example>\r\n"), letter(1), letter(3))
    box.fetch()
    threads = dict(Mail.objects.values_list("message_ref", "thread"))
    assert threads["m1@kunde.example"] == threads["m2@kunde.example"] != threads["m3@kunde.example"]


@pytest.mark.parametrize("pieces", [1, 200])
def test_two_conversations_that_turn_out_to_be_one_are_one(box, monkeypatch, pieces):
    monkeypatch.setattr(reading, "PIECE", pieces)
    box.folder()
    answer = "In-Reply-To: <m2@kunde.example>\r\n"
    box.put(letter(1), letter(3, subject="AW: Anders", more=answer), letter(4, subject="AW: Anders", more=answer),
            letter(2, subject="AW: Brief 1", more="In-Reply-To: <m1@kunde.example>\r\n"),
            letter(5, subject="AW: Anders", more=answer), letter(6))  # fmt: skip
    box.fetch()
    threads = dict(Mail.objects.values_list("message_ref", "thread"))
    first = Mail.objects.get(message_ref="m1@kunde.example").pk
    assert {threads[f"m{n}@kunde.example"] for n in range(1, 6)} == {first} != {threads["m6@kunde.example"]}


def test_a_new_subject_under_old_references_is_a_new_conversation(box):
    box.folder()
    old = "References: <m1@kunde.example>\r\n"
    box.put(letter(1), letter(2, subject="Etwas ganz anderes", more=old), letter(3, subject="AW: Brief 1", more=old))
    box.fetch()
    threads = dict(Mail.objects.values_list("message_ref", "thread"))
    assert threads["m2@kunde.example"] != threads["m1@kunde.example"] == threads["m3@kunde.example"]


def test_a_mail_to_two_mailboxes_is_one_each_and_one_conversation(anna, dovecot, box):
    other = Box(anna, dovecot)
    for one in (box, other):
        one.folder()
        one.put(letter(1))
        one.fetch()
    mails = list(Mail.objects.all())
    assert ({m.account for m in mails}, len({m.thread for m in mails})) == ({box.account.id, other.account.id}, 1)


def test_a_bounce_settles_what_it_tells_of_and_blocks_a_dead_address_only_where_it_is_ours(anna, box, sink):
    box.folder()
    who = person(anna)
    ours = sent(anna, box, sink, who)
    ours.message_ref = "erfunden@hansewerk.de"
    box.put(bounce(ours))
    box.fetch()
    assert (Suppression.objects.count(), Mail.objects.get(pk=ours.pk).state) == (0, "accepted")
    box.put(bounce(Mail.objects.get(pk=ours.pk), ident="r2@mx.example"))
    box.fetch()
    told = newest()
    assert (told.sort, told.thread, told.person, told.failed) == ("bounce", ours.thread, who.id, "kunde1@beispiel.de")
    assert Mail.objects.get(pk=ours.pk).state == "rejected"
    assert Suppression.objects.get().reason == "bounce"
    assert box.states() == ["bounce", "bounce"]


def test_a_full_mailbox_blocks_only_after_it_came_back_again_and_again(anna, box, sink):
    box.folder()
    ours = sent(anna, box, sink, person(anna))
    box.put(*(bounce(ours, "4.4.1", ident=f"n{n}@mx.example") for n in range(3)))
    box.fetch()
    assert Suppression.objects.count() == 0  # a server that is out of reach says nothing of the address
    with writing.door():
        Mail.objects.filter(sort="bounce").delete()
    for n in range(3):
        assert Suppression.objects.count() == 0
        box.put(bounce(ours, "5.2.2", ident=f"f{n}@mx.example"))
        box.fetch()
    assert Suppression.objects.count() == 1


def test_who_is_not_known_is_kept_made_or_left_out_as_the_account_says(anna, box):
    box.folder()
    for n, choice in enumerate(("keep", "person", "skip")):
        run(anna, "channels.account.change", box.account.id, strangers=choice)
        box.put(letter(n, sender=f"Jana Fremd <jana{n}@fremd.example>"))
        box.fetch()
    assert box.states() == ["mail", "mail", "skipped"]
    [made] = Person.objects.filter(last_name="Fremd")
    assert (made.first_name, made.emails[0]["value"]) == ("Jana", "jana1@fremd.example")
    assert newest().person == made.pk
    assert Fetched.objects.get(state="skipped").reason == "stranger"


def test_what_we_sent_elsewhere_is_a_mail_from_us(anna, box):
    who = person(anna)
    box.folder("Sent", direction="out")
    box.put(letter(1, sender="Vertrieb <vertrieb@hansewerk.de>", to="Kunde <kunde1@beispiel.de>"), folder="Sent")
    box.fetch()
    mail = newest()
    assert (mail.direction, mail.state, mail.person, mail.to) == ("out", "elsewhere", who.id, "kunde1@beispiel.de")


def test_what_we_sent_ourselves_is_not_doubled(anna, box, sink):
    box.folder("Sent", direction="out")
    ours = sent(anna, box, sink, person(anna))
    box.put(letter(1, sender="vertrieb@hansewerk.de", to="kunde1@beispiel.de", ident=ours.message_ref), folder="Sent")
    box.fetch()
    assert (box.states(), Mail.objects.count()) == (["own"], 1)


def test_what_we_send_lies_once_in_the_sent_folder_and_is_recognised_there(anna, box, sink):
    box.folder("Sent", direction="out")
    run(anna, "channels.account.change", box.account.id, keep_sent=True)
    ours = sent(anna, box, sink, person(anna))
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'channels.jobs.filing.append'")
        [[found]] = cursor.fetchall()
    args = json.loads(found)
    body = keeping.path_of(current(), args["place"]).read_bytes()
    for _n in range(2):
        append(account=box.account.id, place=args["place"])
        keeping.path_of(current(), args["place"]).write_bytes(body)  # as if it had been killed before it was done
    assert box.fetch() == ""
    assert (box.states(), Mail.objects.count(), Mail.objects.get().pk) == (["own"], 1, ours.pk)


def test_a_date_in_the_future_counts_as_the_arrival(box):
    box.folder()
    box.put(letter(1).replace(b"02 Nov 2026", b"02 Nov 2126"))
    box.fetch()
    assert newest().sent_at == Fetched.objects.get().received_at


def test_attachments_lie_beside_the_mail_and_hostile_formatting_is_gone(anna, box):
    box.folder()
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 40).decode()
    box.put(
        b'From: Eva <eva@kunde.example>\nSubject: Bild\nContent-Type: multipart/mixed; boundary="b"\n\n'
        b"--b\nContent-Type: text/html\n\n<p onclick=\"x()\">Hallo<script>alert(1)</script><img src='cid:a1'>"
        b"<img src='https://spion.example/x.png'></p>\n--b\nContent-Type: image/png; name=\"../../B\xc3\xa4r.png\"\n"
        b"Content-ID: <a1>\nContent-Transfer-Encoding: base64\n\n" + picture.encode() + b"\n--b--\n"
    )
    box.fetch()
    mail, html = newest(), Body.objects.get().html
    assert (mail.text, "onclick" in html, "alert" in html, "cid:a1" in html) == ("Hallo", False, False, False)
    [file] = mail.files
    assert f"cid:{file}" in html
    opened = open_file(ActorScope(anna), file)
    assert (opened.record.name, opened.path.read_bytes()[:4]) == ("Bär.png", b"\x89PNG")


def test_one_mail_that_cannot_be_read_is_set_apart_and_the_others_come(box):
    box.folder()
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(60))
    box.put(letter(1), b"From: a@b.example\n" + deep, letter(2))
    box.fetch()
    assert box.states() == ["mail", "mail", "quarantined"]
    row = Fetched.objects.get(state="quarantined")
    assert row.reason == "too_deep"
    assert mailboxes.again(box.account.id) == 1
    read_mail(account=box.account.id)
    assert box.states() == ["mail", "mail", "quarantined"]


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x01",
        "ein\x0cSeitenwechsel",
        "\u202eumgekehrt",
        "a\ud800b".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_signs_that_cannot_be_stored_keep_no_mail_out(box, text):
    box.folder()
    box.put(letter(1, subject=f"x{text}", text=text))
    box.fetch()
    assert box.states() == ["mail"]


def test_what_stopped_a_reader_before_is_read_alone_and_in_the_end_set_apart(box):
    box.folder()
    box.put(*(letter(n) for n in range(5)))
    fetch(account=box.account.id)
    for n in range(1, reading.TRIES + 1):  # a reader that vanishes each time, as long as the third mail is with it
        rows = mailboxes.claim(box.account.id, 25, 2**20)
        assert len(rows) == (5 if n == 1 else 1)
        with writing.door():
            Fetched.objects.update(lease_until=None)
            Fetched.objects.exclude(uid=3).update(tries=0)
    read_mail(account=box.account.id)
    assert box.states() == ["mail"] * 4 + ["quarantined"]


def test_one_reader_at_a_time_works_at_an_account_and_goes_on_with_what_the_next_was_asked_for(box, monkeypatch):
    box.folder()
    box.put(letter(1))
    fetch(account=box.account.id)
    asked, read = [], reading._read
    monkeypatch.setattr(reading, "defer", lambda job, **ids: asked.append((job, ids["account"])))

    def asked_again(*facts):
        read_mail(account=box.account.id)
        return read(*facts)

    monkeypatch.setattr(reading, "_read", asked_again)
    read_mail(account=box.account.id)
    assert (box.states(), asked, handing._desks) == (["mail"], [(read_mail, box.account.id)], {})


@pytest.mark.parametrize("over", [False, True])
def test_what_is_fetched_while_its_account_is_read_is_handed_over_and_waits_if_nobody_takes_it(box, monkeypatch, over):
    monkeypatch.setattr(Turn, "over", lambda _turn: over)
    box.folder()
    box.put(letter(1))
    fetch(account=box.account.id)
    settle, leased = reading._Reading._settle, []

    def and_more(self, *facts):
        if not leased:
            box.put(letter(2))
            fetch(account=box.account.id)
            leased.append((Fetched.objects.get(uid=2).lease_until, mailboxes.claim(box.account.id, 25, 2**20)))
        settle(self, *facts)

    monkeypatch.setattr(reading._Reading, "_settle", and_more)
    read_mail(account=box.account.id)
    assert (leased[0][0] is not None, leased[0][1]) == (True, [])
    assert (box.states(), handing._desks) == (["mail", "waiting"] if over else ["mail", "mail"], {})
    read_mail(account=box.account.id)
    assert list(Fetched.objects.order_by("uid").values_list("state", "tries")) == [("mail", 1), ("mail", int(over))]


@pytest.mark.parametrize("hurried", [False, True])
def test_a_fetch_waits_for_room_and_goes_on_without_where_others_wait(box, monkeypatch, hurried):
    monkeypatch.setattr(handing, "PATIENCE", 0.4)
    account, asked = box.account.id, []
    assert not handing.has_room(account, lambda: False)
    assert handing.begin(account)
    try:
        assert handing.has_room(account, lambda: False)
        assert (handing.give(account, []), handing.give(account, [])) == (True, False)
        assert not handing.has_room(account, lambda: asked.append(1) or hurried)
        assert (len(asked), handing.taken(account), handing.taken(account)) == (1 if hurried else 4, [], None)
    finally:
        handing.end(account)
    assert not handing.give(account, [])


def test_much_mail_makes_room_for_others_after_each_piece_and_comes_back(box, monkeypatch):
    monkeypatch.setattr(Turn, "over", lambda _turn: True)
    monkeypatch.setattr(reading, "PIECE", 2)
    monkeypatch.setattr(fetching, "BATCH", 2)
    box.folder()
    box.put(*(letter(n) for n in range(5)))
    here = []
    for _n in range(3):
        fetch(account=box.account.id)
        here.append(len(box.states()))
    read = []
    for _n in range(4):
        read_mail(account=box.account.id)
        read.append((box.states().count("mail"), len(reading._spare)))
    assert (here, read) == ([2, 4, 5], [(2, 1), (4, 1), (5, 1), (5, 0)])


def test_a_message_id_with_signs_that_cannot_be_stored_keeps_no_mail_out(box):
    box.folder()
    box.put(letter(1, ident="a\x01b@kunde.example", more="References: <x\x02y@k.example> <m0@kunde.example>\r\n"))
    box.fetch()
    assert (box.states(), newest().message_ref) == (["mail"], "")
