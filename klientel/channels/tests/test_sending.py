"""What is sent arrives once; what the other side refuses is kept as it said so."""

import base64
import datetime as dt
from email.header import decode_header, make_header

import pytest
from django.db import connection
from django.utils import timezone

from klientel.channels.jobs.sending import deliver, look
from klientel.channels.models import Account, Delivery, DomainRate, Mail, Rate, Suppression
from klientel.channels.queries import outbox, pace
from klientel.channels.queries.mime import message_id
from klientel.channels.queries.outbox import login_of
from klientel.kernel import writing
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Refused
from klientel.kernel.testing import make
from klientel.lib.ids import uuid7


def person(anna, n=1, **given):
    emails = [{"value": f"kunde{n}@beispiel.de", "purpose": "work", "state": "ok"}]
    return make(anna, "contacts.person", n, **{"emails": emails, **given})


def write_to(anna, who, **more):
    run(anna, "contacts.person.send_mail", who.id, **{"subject": "Grüße", "text": "Guten Tag\nBis bald", **more})
    return Mail.objects.filter(person=who.id).latest("created_at")


def due_now():
    with writing.door():
        Delivery.objects.filter(state="later").update(not_before="2020-01-01T00:00Z")
        DomainRate.objects.update(not_before=None)


def states():
    return dict(Delivery.objects.values_list("mail_id", "state"))


def test_a_mail_arrives_once_as_it_was_written_and_stands_on_the_timeline(anna, account, sink):
    who = person(anna)
    mail = write_to(anna, who)
    assert mail.state == "waiting"
    deliver(account=account.id)
    deliver(account=account.id)
    assert Account.objects.get().trouble == ""
    [(sender, to, message)] = sink.mails
    row = Delivery.objects.get()
    assert (sender, to, message["Message-ID"]) == (
        "vertrieb@hansewerk.de", ["kunde1@beispiel.de"], message_id(row.id, "vertrieb@hansewerk.de"),
    )  # fmt: skip
    assert base64.b64decode(message.get_payload()).decode() == "Guten Tag\r\nBis bald\r\n"
    assert str(make_header(decode_header(message["Subject"]))) == "Grüße"
    assert (Mail.objects.get().state, row.state, row.code) == ("accepted", "accepted", 250)
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM kernel_about WHERE record_id = %s ORDER BY id", [who.id])
        kinds = [r[0] for r in cursor.fetchall()]
    assert kinds[-2:] == ["contacts.person.send_mail", "channels.mail.settle"]


@pytest.mark.parametrize(
    ("replies", "state", "sent"),
    [
        (["550 5.1.1 no such user"], "rejected", 0),
        (["450 4.2.0 try later"], "later", 0),
        (["421 4.7.0 too fast"], "later", 0),
        (["drop"], "later", 0),
        (["data:451 4.3.0 later"], "later", 0),
        (["data:554 5.6.0 no"], "rejected", 0),
        (["data:drop"], "unclear", 1),
    ],
)
def test_what_the_other_side_says_decides(anna, account, sink, replies, state, sent):
    sink.script["kunde1@beispiel.de"] = list(replies)
    write_to(anna, person(anna))
    deliver(account=account.id)
    deliver(account=account.id)
    row = Delivery.objects.get()
    assert (row.state, len(sink.mails)) == (state, sent)
    assert Mail.objects.get().state == {"later": "waiting"}.get(state, state)
    assert Account.objects.get().state == "active"


def test_what_was_put_off_arrives_later_under_the_same_id(anna, account, sink):
    sink.script["kunde1@beispiel.de"] = ["450 wait", "421 wait", "drop"]
    write_to(anna, person(anna))
    for _n in range(5):
        deliver(account=account.id)
        due_now()
    assert list(sink.ids.values()) == [1]
    assert Delivery.objects.get().state == "accepted"


def test_an_unclear_mail_is_never_sent_again_by_itself_but_settled_by_hand(anna, account, sink):
    sink.script["kunde1@beispiel.de"] = ["data:drop"]
    mail = write_to(anna, person(anna))
    for _n in range(3):
        deliver(account=account.id)
        look()
    assert list(sink.ids.values()) == [1]
    with pytest.raises(Refused, match="sent_already"):
        run(anna, "channels.mail.send", mail.id)
    run(anna, "channels.mail.settle", mail.id, outcome="accepted", reply="rief an")
    assert Mail.objects.get().state == Delivery.objects.get().state == "accepted"
    with pytest.raises(Refused):
        run(anna, "channels.mail.settle", mail.id, outcome="rejected")


def test_one_refused_recipient_holds_up_nobody_else(anna, account, sink):
    sink.script["kunde2@beispiel.de"] = ["550 5.1.1 unknown"]
    for n in (1, 2, 3):
        write_to(anna, person(anna, n))
    deliver(account=account.id)
    assert sorted(states().values()) == ["accepted", "accepted", "rejected"]
    assert Suppression.objects.get().reason == "bounce"


def test_a_slower_pace_is_kept_when_the_server_asks_for_it(anna, account, sink):
    sink.script["kunde1@beispiel.de"] = ["421 4.7.0 slower"]
    write_to(anna, person(anna))
    deliver(account=account.id)
    assert Rate.objects.get().share == 0.5


def test_no_more_than_the_rate_goes_out_in_a_second(anna, account, sink):
    run(anna, "channels.account.change", account.id, per_second=2)
    for n in range(1, 6):
        write_to(anna, person(anna, n))
    deliver(account=account.id)
    assert len(sink.mails) == 5
    times = sink.times
    assert all(times[n + 2] - times[n] > 0.8 for n in range(3))


def test_the_day_and_the_domain_have_ends_too(anna, account, sink):
    run(anna, "channels.account.change", account.id, per_day=3, per_domain=2)
    for n in range(1, 6):
        write_to(anna, person(anna, n))
    deliver(account=account.id)
    assert len(sink.mails) == 2
    write_to(anna, person(anna, 9, emails=[{"value": "x@anderswo.de", "purpose": "work", "state": "ok"}]))
    deliver(account=account.id)
    assert len(sink.mails) == 3
    write_to(anna, person(anna, 10, emails=[{"value": "y@anderswo.de", "purpose": "work", "state": "ok"}]))
    deliver(account=account.id)
    assert len(sink.mails) == 3


def test_an_account_that_does_not_work_stops_and_uses_up_no_recipient(anna, account, sink):
    run(anna, "channels.account.change", account.id, security="starttls")
    write_to(anna, person(anna))
    deliver(account=account.id)
    stopped, row = Account.objects.get(), Delivery.objects.get()
    assert (stopped.state, row.state, row.attempts) == ("failed", "waiting", 0)
    assert stopped.trouble
    run(anna, "channels.account.change", account.id, security="none")
    deliver(account=account.id)
    assert sink.mails == []
    run(anna, "channels.account.resume", account.id)
    deliver(account=account.id)
    assert len(sink.mails) == 1


def test_a_server_that_does_not_answer_is_asked_again_later(anna, account, sink, settings):
    run(anna, "channels.account.change", account.id, port=1)
    write_to(anna, person(anna))
    deliver(account=account.id)
    assert (Account.objects.get().state, Delivery.objects.get().state) == ("active", "waiting")
    assert Rate.objects.get().not_before is not None


def test_a_server_that_lets_nobody_in_is_asked_after_seconds_and_then_less_and_less_often(anna, account, sink):
    port = account.port
    run(anna, "channels.account.change", account.id, port=1)
    write_to(anna, person(anna))
    pauses = []
    for _n in range(7):
        deliver(account=account.id)
        pauses.append(Rate.objects.get().pause)
        with writing.door():
            Rate.objects.update(not_before=timezone.now())
    assert pauses == [5, 10, 20, 40, 80, 120, 120]
    run(anna, "channels.account.change", account.id, port=port)
    deliver(account=account.id)
    assert len(sink.mails) == 1
    assert pace.hold(login_of(account), anew=True) < timezone.now() + dt.timedelta(seconds=6)


def test_after_a_long_quiet_a_refusal_is_taken_as_a_first_one(anna, account, sink):
    run(anna, "channels.account.change", account.id, port=1)
    write_to(anna, person(anna))
    deliver(account=account.id)
    with writing.door():
        Rate.objects.update(pause=80, not_before=timezone.now() - dt.timedelta(minutes=3))
    deliver(account=account.id)
    assert Rate.objects.get().pause == 5


def test_a_recalled_mail_stays_here(anna, account, sink):
    mail = write_to(anna, person(anna))
    run(anna, "channels.mail.recall", mail.id)
    deliver(account=account.id)
    assert (sink.mails, Mail.objects.get().state) == ([], "recalled")


def test_a_claim_whose_worker_is_gone_goes_back_and_a_begun_delivery_is_unclear(anna, account, sink):
    for n in (1, 2):
        write_to(anna, person(anna, n))
    first, second = outbox.claim(account, uuid7(), limit=9, room={}, full=[])
    assert outbox.stepped([second], [])
    with writing.door():
        Delivery.objects.update(lease_until="2020-01-01T00:00Z")
    look()
    assert states() == {first.mail: "waiting", second.mail: "unclear"}
    assert Mail.objects.get(pk=second.mail).state == "unclear"
    assert not outbox.stepped([first], [])  # who was thought dead finds out before anything is handed over
    deliver(account=account.id)
    assert list(sink.ids.values()) == [1]


def test_the_gate_is_asked_again_when_the_mail_is_handed_over(anna, account, sink):
    who = person(anna)
    write_to(anna, who)
    run(anna, "contacts.person.object_to_advertising", who.id, extent="everything")
    deliver(account=account.id)
    mail = Mail.objects.get()
    assert (sink.mails, mail.state) == ([], "withheld")
    assert "Art. 21" in mail.reply


def test_a_subject_cannot_smuggle_in_a_header(anna, account, sink):
    write_to(anna, person(anna), subject="Hallo\r\nBcc: alle@beispiel.de", text="x\r\n.\r\nMAIL FROM:<a@b.de>")
    deliver(account=account.id)
    [(_from, to, message)] = sink.mails
    assert to == ["kunde1@beispiel.de"]
    assert message["Bcc"] is None


def test_the_password_is_sealed_and_stands_nowhere_else(anna, account, sink):
    run(anna, "channels.account.change", account.id, security="tls", login="vertrieb")
    run(anna, "channels.account.set_password", account.id, password="geheim-4711")
    with connection.cursor() as cursor:
        for table in ("channels_secret", "channels_account", "kernel_event", "kernel_event_private"):
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%%geheim-4711%%'")
            assert cursor.fetchone() == (0,)


def test_a_file_of_a_mail_on_its_way_is_kept_and_the_others_of_the_same_call_go(anna, account):
    files = [make(anna, "kernel.file", n) for n in range(1, 4)]
    write_to(anna, person(anna), files=[files[1].id])
    for one in files:
        run(anna, "kernel.file.archive", one.id)
    with pytest.raises(Refused, match="sent_already"):
        run(anna, "kernel.file.remove", files[1].id)
    outcomes = list(run_many(anna, "kernel.file.remove", [Item(one.id) for one in files]))
    assert [one.refused and one.refused.code for one in outcomes] == [None, "sent_already", None]
    assert [one.id for one in type(files[0]).objects.all()] == [files[1].id]
