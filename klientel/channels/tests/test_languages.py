"""What became of a mail, and what stands in the way of an account, is read in the language of whoever reads it."""

from __future__ import annotations

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from markupsafe import escape

from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Account, Mail, Position
from klientel.channels.models.saying import LONGEST, said
from klientel.channels.queries import suppression
from klientel.channels.queries.waiting import why
from klientel.channels.tests.test_fetching import box
from klientel.channels.tests.test_pages import page
from klientel.channels.tests.test_sending import person, write_to
from klientel.kernel.actions import run
from klientel.kernel.errors import filled, read_out
from klientel.kernel.records import type_of

__all__ = ["box", "page"]


def both(show):
    """What ``show()`` says in German and in English."""
    told = []
    for language in ("de", "en"):
        with translation.override(language):
            told.append(str(show()))
    return told


def fate():
    """What a mail says became of it, in both languages."""
    return both(lambda: type_of("channels.mail").fields["reply"].show(Mail.objects.get().reply))


def test_why_a_mail_was_not_sent_is_read_in_each_language(anna, account, sink):
    who = person(anna)
    write_to(anna, who)
    run(anna, "contacts.person.object_to_advertising", who.id, extent="everything")
    deliver(account=account.id)
    german, english = fate()
    assert "widersprochen" in german and "objected" in english


def test_an_end_in_the_midst_of_handing_over_is_explained_in_each_language(anna, account, sink):
    sink.script["kunde1@beispiel.de"] = ["data:drop"]
    write_to(anna, person(anna))
    deliver(account=account.id)
    german, english = fate()
    assert "nicht noch einmal" in german and "not sent again" in english


def test_whom_a_copy_did_not_go_to_stands_beside_the_words_of_the_server(anna, account, sink):
    sink.script["lager@beispiel.de"] = ["550 5.1.1 no such user"]
    copies = "chef@beispiel.de\nlager@beispiel.de"
    letter = {"to": "kunde1@beispiel.de", "others": copies, "subject": "x", "text": "y", "account": account.id}
    run(anna, "channels.mail.compose", **letter)
    suppression.suppress(["chef@beispiel.de"], reason="objection", scope="everything")
    deliver(account=account.id)
    german, english = fate()
    for told in (german, english):
        assert told.startswith("250 2.0.0 taken; chef@beispiel.de: ") and told.endswith("550 5.1.1 no such user")
    assert "widersprochen" in german and "objected" in english


def test_what_is_wrong_with_an_account_is_read_in_each_language(page, anna, account, sink):
    run(anna, "channels.account.change", account.id, host="10.0.0.1")
    page.post(f"/outbox/accounts/{account.id}/try")
    trouble = Account.objects.get().trouble
    german, english = both(lambda: read_out(trouble))
    assert "darf von hier nicht erreicht werden" in german and "may not be reached from here" in english
    for at in (f"/mail-accounts/{account.id}/", "/outbox"):
        shown = page.get(at).content.decode()
        assert escape(german) in shown and '{"de"' not in shown and "&#34;de&#34;" not in shown
    mail = write_to(anna, person(anna))
    deliver(account=account.id)
    told = both(lambda: why(mail, Account.objects.get()))
    assert german in told[0] and english in told[1]


def test_what_stands_in_the_way_of_fetching_is_read_in_each_language(page, anna, box):
    box.folder("Gibt es nicht")
    box.folder()
    box.fetch()
    german, english = both(lambda: read_out(Position.objects.exclude(trouble="").get().trouble))
    assert "lässt sich nicht öffnen" in german and "cannot be opened" in english
    assert escape(german) in page.get("/mailboxes").content.decode()
    run(anna, "channels.account.set_password", box.account.id, password="falsch")
    trouble = box.fetch()
    german, english = both(lambda: read_out(trouble))
    assert "lehnt" in german and "refuses" in english
    for at in ("/mailboxes", f"/mail-accounts/{box.account.id}/"):
        assert escape(german) in page.get(at).content.decode()


@pytest.mark.parametrize("words", ["x" * 300, "ü" * 300, '"' * 300])
def test_long_words_of_a_server_are_cut_in_each_language_and_what_was_there_before_stays(words):
    told = said(filled(_("The mail server refuses login or password: %(reply)s"), {"reply": words}))
    assert len(told) <= LONGEST
    german, english = both(lambda: read_out(told))
    assert german.startswith("Der Mailserver") and english.startswith("The mail server")
    assert all(words[:150] in one for one in (german, english))
    assert both(lambda: read_out("550 5.1.1 gibt es nicht")) == ["550 5.1.1 gibt es nicht"] * 2
