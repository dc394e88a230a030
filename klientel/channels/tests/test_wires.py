"""Servers as they are: that take commands together or one by one, hang up, say nothing, or something odd."""

import socket
import threading
import time

import pytest

from klientel.channels.jobs import sending, wires
from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Account, Delivery, Mail
from klientel.channels.tests.test_sending import person, write_to
from klientel.kernel import writing
from klientel.kernel.actions import run

USUAL = {
    "EHLO": "250 it.test", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": "250 taken",
    "RSET": "250 ok", "QUIT": "221 bye!",
}  # fmt: skip


class Odd:
    """Answers as ``says`` tells, and as servers usually do else; ``!`` hangs up afterwards, ``?`` says nothing."""

    def __init__(self):
        self.says, self.taken, self.connections, self.burst = dict(USUAL), [], 0, 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                talk, _from = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.talk, args=(talk,), daemon=True).start()

    def talk(self, talk):
        heard = b""
        talk.sendall(b"220 it.test\r\n")
        inside = False
        while more := talk.recv(65536):
            heard += more
            self.burst = max(self.burst, heard.count(b"\r\n") if not inside else 0)
            while b"\r\n" in heard and (not inside or b"\r\n.\r\n" in heard):
                line, _end, heard = heard.partition(b"\r\n.\r\n" if inside else b"\r\n")
                said = self.says["." if inside else line[:4].decode().upper()]
                if inside and said.startswith("250"):
                    self.taken.append(line)
                inside = not inside and said.startswith("354")
                if "?" not in said:
                    talk.sendall(said.rstrip("!").encode() + b"\r\n")
                if said.endswith("!"):
                    talk.close()
                    return


@pytest.fixture
def odd(settings):
    settings.KLIENTEL_EGRESS_ALLOW = "*=127.0.0.1"
    made = Odd()
    yield made
    made.socket.close()


@pytest.fixture
def account(anna, odd):
    return run(anna, "channels.account.create", name="Vertrieb", address="vertrieb@hansewerk.de", host="127.0.0.1",
               port=odd.port, security="none", per_second=500, connections=1).record  # fmt: skip


def sent(anna, account, n=1):
    for one in range(1, n + 1):
        write_to(anna, person(anna, one))
    deliver(account=account.id)
    return sorted(Delivery.objects.values_list("state", flat=True))


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize(
    ("says", "state"),
    [
        ({}, "accepted"),
        ({".": "250"}, "accepted"),
        ({".": "250-one\r\n250 two"}, "accepted"),
        ({"RCPT": "450 later"}, "later"),
        ({"RCPT": "550 5.1.1 nobody"}, "rejected"),
        ({"RCPT": "421 bye!"}, "later"),
        ({"DATA": "451 later"}, "later"),
        ({"DATA": "?!"}, "later"),  # it never got the message
        ({".": "?!"}, "unclear"),
        ({".": "what?"}, "unclear"),
        ({".": "odd words"}, "unclear"),
        ({".": "452 full"}, "later"),
    ],
)
def test_what_becomes_of_a_mail_hangs_on_how_far_it_got(anna, odd, account, monkeypatch, together, says, state):
    monkeypatch.setattr(wires, "SECONDS_AFTER_DATA", 0.2)
    odd.says |= says | ({"EHLO": "250-it.test\r\n250 PIPELINING"} if together else {})
    assert sent(anna, account) == [state]
    assert len(odd.taken) == (state == "accepted")
    assert odd.burst == (2 if together else 1)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_falls_silent_is_left_and_asked_later(anna, odd, account, monkeypatch, command):
    monkeypatch.setattr(wires, "SECONDS", 0.1)
    odd.says[command] = "?"
    assert sent(anna, account) == ["later"]


def test_a_connection_that_is_closed_between_two_mails_is_opened_again(anna, odd, account):
    odd.says["."] = "250 taken!"
    assert sent(anna, account, 3) == ["accepted"] * 3
    assert (len(odd.taken), odd.connections) == (3, 3)


def test_a_refused_copy_holds_up_neither_the_others_nor_the_recipient(anna, odd, account):
    odd.says["EHLO"] = "250-it.test\r\n250 PIPELINING"
    mail = write_to(anna, person(anna))
    with writing.door():
        Mail.objects.filter(pk=mail.pk).update(recipients="kunde1@beispiel.de\nkopie@beispiel.de")
    deliver(account=account.id)
    assert odd.burst == 3
    assert Delivery.objects.get().state == "accepted"


def test_who_objects_while_mails_are_ready_gets_none(anna, odd, account):
    them = [person(anna, n) for n in (1, 2)]
    for one in them:
        write_to(anna, one)
    sender = sending.Sender(Account.objects.get())
    sender._claim()
    run(anna, "contacts.person.object_to_advertising", them[1].id, extent="everything")
    sender.judged -= sending.FRESH + 1
    sender.work(time.sleep)
    sender.close()
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["accepted", "withheld"]
    assert len(odd.taken) == 1


def test_a_letter_that_waits_too_long_for_a_connection_is_given_back():
    lines = wires.Wires(None, 0, None)
    late, fresh = (
        wires.Letter(None, None, "", [], b"", [], since=time.monotonic() - age) for age in (wires.FRESH + 1, 0)
    )
    lines.give(late)
    lines.give(fresh)
    lines._looked = 0
    lines.listen(0)
    assert lines.heard() == [wires.Done(late)]
    assert lines.out == 1
    lines.close()


def test_more_letters_are_at_hand_the_quicker_they_go_up_to_an_end():
    lines = wires.Wires(None, 2, None)
    rooms = []
    for lines.seconds in (10.0, wires.AHEAD, wires.AHEAD / 3, 1e-6):
        rooms.append(lines.room)
    assert rooms == [2, 4, 8, 2 * (1 + wires.MOST_AHEAD)]
    lines.close()


def test_what_is_given_back_is_asked_about_again_and_goes_in_the_same_turn(anna, odd, account, monkeypatch):
    given = wires.Wires.give

    def late(lines, letter):
        letter.since -= wires.FRESH + 1
        monkeypatch.setattr(wires.Wires, "give", given)
        given(lines, letter)

    monkeypatch.setattr(wires.Wires, "give", late)
    assert sent(anna, account) == ["accepted"]
    assert (len(odd.taken), Delivery.objects.get().attempts) == (1, 1)
