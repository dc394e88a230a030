"""Pages of received mail: what is complete says so, a conversation is read safely and answered, others see nothing."""

from __future__ import annotations

import email
from email.policy import default

import pytest

from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Fetched, Folder, Mail
from klientel.channels.tests.test_fetching import box, letter
from klientel.channels.tests.test_pages import boris_page, cleo_page, page
from klientel.channels.tests.test_sending import person
from klientel.kernel import writing
from klientel.kernel.actions import run

__all__ = ["boris_page", "box", "cleo_page", "page"]


def test_folders_are_found_fetched_and_said_to_be_complete(page, box):
    page.post(f"/mailboxes/{box.account.id}/folders")
    found = dict(Folder.objects.values_list("name", "level"))
    assert found == {"INBOX": "all", "Sent": "all", "Junk": "nothing"}
    assert Folder.objects.get(name="Sent").direction == "out"
    box.put(letter(1), letter(2))
    assert "unvollständig" in page.get("/mailboxes").content.decode()
    box.fetch()
    shown = page.get("/mailboxes").content.decode()
    assert "unvollständig" not in shown
    assert "auf dem Server: 2" in shown


def test_what_cannot_be_read_is_listed_given_out_as_it_came_and_keeps_it_incomplete(page, box):
    box.folder()
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(60))
    box.put(b"From: a@b.example\r\n" + deep)
    box.fetch()
    shown = page.get("/mailboxes").content.decode()
    assert "unvollständig" in shown and "ineinander" in shown
    row = Fetched.objects.get()
    given = page.get(f"/mailboxes/messages/{row.pk}")
    assert b"".join(given.streaming_content).startswith(b"From: a@b.example")
    assert "attachment" in given["Content-Disposition"]


def test_repair_brings_back_what_is_missing(page, anna, box):
    box.folder()
    box.put(letter(1), letter(2))
    box.fetch()
    with writing.door():
        Fetched.objects.filter(uid=1).delete()
        Fetched.objects.filter(uid=2).update(state="quarantined", reason="too_slow")
    page.post(f"/mail-accounts/{box.account.id}/do/repair", {"next": "/mailboxes"})
    box.fetch()
    assert sorted(Fetched.objects.values_list("uid", flat=True)) == [1, 2]
    assert "quarantined" not in box.states()


def test_a_conversation_is_read_and_answered_to_all(page, anna, box, sink):
    who = person(anna, 1, emails=[{"value": "eva@kunde.example", "purpose": "work", "state": "ok"}])
    box.folder()
    box.put(letter(1, to="vertrieb@hansewerk.de, Max <max@kunde.example>", text="<b>Guten</b> Tag"))
    box.fetch()
    mail = Mail.objects.get()
    assert "Eva Sommer" in page.get("/inbox").content.decode()
    shown = page.get(f"/mails/{mail.pk}/conversation").content.decode()
    assert "&lt;b&gt;Guten&lt;/b&gt; Tag" in shown
    form = page.get(f"/mails/{mail.pk}/answer/all").content.decode()
    assert "AW: Brief 1" in form and "max@kunde.example" in form and "&gt; &lt;b&gt;Guten" in form
    run(anna, "channels.account.change", box.account.id, host="127.0.0.1", port=sink.port, security="none", login="",
        imap_login=box.user)  # fmt: skip
    sink.script["falsch@kunde.example"] = ["550 5.1.1 unknown"]
    sent = page.post(f"/mails/{mail.pk}/answer/all", {
        "subject": "AW: Brief 1", "text": "Gerne", "to": "eva@kunde.example", "account": str(box.account.id),
        "others": "max@kunde.example\nfalsch@kunde.example"})  # fmt: skip
    assert sent.status_code == 302, sent.content.decode()
    deliver(account=box.account.id)
    [(_from, to, message)] = sink.mails
    assert to == ["eva@kunde.example", "max@kunde.example"]
    assert (message["In-Reply-To"], message["References"]) == ("<m1@kunde.example>", "<m1@kunde.example>")
    again = email.message_from_string(str(message), policy=default)
    assert [str(a.addr_spec) for a in again["Cc"].addresses] == ["max@kunde.example", "falsch@kunde.example"]
    ours = Mail.objects.get(direction="out")
    assert (ours.thread, ours.person, ours.state) == (mail.thread, who.id, "accepted")
    assert "falsch@kunde.example" in ours.reply


@pytest.mark.parametrize("others", ["kein", "a@b", "x" * 10 + "@"])
def test_copies_to_what_is_no_address_are_refused_at_the_field(page, anna, box, others):
    box.folder()
    box.put(letter(1))
    box.fetch()
    mail = Mail.objects.get()
    given = {"subject": "x", "text": "y", "to": "eva@kunde.example", "others": others}
    answer = page.post(f"/mails/{mail.pk}/answer/reply", given)
    assert answer.status_code == 422
    assert "keine E-Mail-Adresse" in answer.content.decode()
    assert Mail.objects.count() == 1


def test_the_formatted_part_can_do_nothing_and_asks_nobody_for_pictures(page, box):
    box.folder()
    box.put(b"From: Eva <eva@kunde.example>\nSubject: Bild\nContent-Type: text/html\n\n"
            b"<p style='x'>Hallo <img src='https://spion.example/x.png'><a href='javascript:x()'>hier</a></p>"
            b"<form action='https://boese.example'><input name=p></form>")  # fmt: skip
    box.fetch()
    mail = Mail.objects.get()
    plain = page.get(f"/mails/{mail.pk}/formatted")
    html = plain.content.decode()
    assert ("spion" in html, "javascript" in html, "<form" in html, "Hallo" in html) == (False, False, False, True)
    policy = plain["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "https:" not in policy
    asked = page.get(f"/mails/{mail.pk}/formatted?pictures=1")
    assert "spion.example" in asked.content.decode()
    assert "frame-src 'self'" in page.get(f"/mails/{mail.pk}/conversation")["Content-Security-Policy"]


def test_received_mail_is_hidden_from_others(boris_page, cleo_page, box):
    box.folder()
    box.put(letter(1, subject="Geheim"))
    box.fetch()
    mail, row = Mail.objects.get(), Fetched.objects.get()
    for at in (f"/mails/{mail.pk}/conversation", f"/mails/{mail.pk}/formatted", f"/mails/{mail.pk}/answer/reply",
               f"/mailboxes/messages/{row.pk}"):  # fmt: skip
        assert cleo_page.get(at).status_code == 404
        assert boris_page.get(at).status_code in (403, 404)
    for one in (boris_page, cleo_page):
        assert "Geheim" not in one.get("/inbox").content.decode()
        assert box.account.host not in one.get("/mailboxes").content.decode()
    assert cleo_page.post(f"/mailboxes/{box.account.id}/folders").status_code == 404
