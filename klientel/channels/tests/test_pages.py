"""Pages of sending: written, tried, looked after; closed to others."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from klientel.channels.models import Account, Mail
from klientel.channels.queries import conversation
from klientel.channels.tests.test_sending import person
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.files.models import File
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL, NARROW
from klientel.kernel.web.tests.conftest import at_browser


@pytest.fixture
def page(tenant):
    return at_browser(tenant, "Petra", ALL, "de")[0]


@pytest.fixture
def boris_page(tenant):
    return at_browser(tenant, "Bodo", NARROW, "de")[0]


@pytest.fixture
def cleo_page(cleo):
    return at_browser(Tenant.objects.get(pk=cleo.tenant), "Clara", ALL, "de")[0]


def test_a_template_fills_the_form_and_what_is_sent_is_what_was_seen(page, anna, account, sink):
    who = person(anna, first_name="Eva", last_name="Sommer", salutation="ms", academic_title="", language="de")
    template = run(anna, "channels.template.create", name="Dank", subject="Danke, {{first_name}}",
                   text="{{greeting}}\n\nIhre {{sender}}").record  # fmt: skip
    at = f"/persons/{who.id}/do/send_mail"
    shown = page.post(at, {"template": template.id, "fill": "1"})
    assert "Danke, Eva" in shown.content.decode() and "Sehr geehrte Frau Sommer" in shown.content.decode()
    assert Mail.objects.count() == 0
    sent = page.post(at, {"send": "1", "subject": "Danke, Eva", "text": "Guten Tag", "to": "kunde1@beispiel.de",
                          "account": account.id, "nature": "personal"})  # fmt: skip
    assert sent.status_code == 302
    assert (Mail.objects.get().state, Mail.objects.get().subject) == ("waiting", "Danke, Eva")
    assert "Danke, Eva" in page.get("/outbox").content.decode()


def test_advertising_without_consent_is_refused_at_the_field_with_the_reason(page, anna, account):
    who = person(anna)
    purpose = run(anna, "channels.purpose.create", name="Newsletter").record
    answer = page.post(f"/persons/{who.id}/do/send_mail", {
        "send": "1", "subject": "Rabatt", "text": "Nur heute", "to": "kunde1@beispiel.de", "nature": "advertising",
        "purpose": purpose.id})  # fmt: skip
    assert answer.status_code == 422
    assert "gibt es keine Einwilligung" in answer.content.decode() and "Nur heute" in answer.content.decode()
    assert Mail.objects.count() == 0
    assert "gibt es keine Einwilligung" in page.get(f"/persons/{who.id}/contact").content.decode()


def test_a_letter_goes_to_any_address_with_copies_and_files(page, anna, account):
    who = person(anna)
    file = SimpleUploadedFile("Maße.txt", b"3.600 mm")
    sent = page.post("/mails/new", {"to": "kunde1@beispiel.de", "others": "lager@beispiel.de", "subject": "Die Maße",
                                    "text": "Guten Tag", "account": account.id, "file": file})  # fmt: skip
    mail = Mail.objects.get()
    assert sent.url == f"/mails/{mail.pk}/conversation"
    assert (mail.state, mail.person, mail.recipients) == ("waiting", who.id, "kunde1@beispiel.de\nlager@beispiel.de")
    assert [one.name for one in File.objects.filter(pk__in=mail.files)] == ["Maße.txt"]


def test_placeholders_of_a_letter_to_any_address_are_filled_or_refused(page, anna, account):
    who = person(anna)
    sent = {"subject": "For {{first_name}}", "text": "{{greeting}}", "account": account.id}
    page.post("/mails/new", sent | {"to": "kunde1@beispiel.de"})
    mail = Mail.objects.get()
    assert mail.subject == f"For {who.first_name}" and "{{" not in mail.text and mail.text
    for more, why in (
        ({"to": "fremd@beispiel.de"}, "Für {{first_name}} ist nichts bekannt"),
        ({"to": "kunde1@beispiel.de", "text": "Hier: {{link}}"}, "Bitte schreiben Sie die Adresse einer Seite"),
    ):
        answer = page.post("/mails/new", sent | more)
        assert answer.status_code == 422 and why in answer.text
    assert Mail.objects.count() == 1


def test_the_secret_link_of_a_mail_that_is_answered_is_neither_quoted_nor_holds_the_answer_up(anna, account):
    made = run(anna, "channels.mail.compose", to="kunde1@beispiel.de", subject="x", text="y", account=account.id).record
    made.text, made.sent_at = "Please confirm: {{link}}", dt.datetime(2026, 11, 23, 13, 57, tzinfo=dt.UTC)
    with translation.override("en"):
        begun = conversation.answer_to(made, "reply")["text"]
    assert "wrote on 23/11/2026, 14:57:" in begun  # as everywhere else
    assert "[personal link]" in begun and "{{link}}" not in begun
    with pytest.raises(Refused) as no:
        run(anna, "channels.mail.answer", made.pk, to="kunde1@beispiel.de", subject="x", text="{{link}}")
    assert (no.value.code, no.value.field) == ("placeholder_empty", "text")


def test_a_refused_letter_keeps_its_text_and_its_files(page, anna, account):
    sent = {"to": "kunde1@beispiel.de", "subject": "Rabatt", "text": "Nur heute", "nature": "advertising"}
    first = page.post("/mails/new", {**sent, "file": SimpleUploadedFile("Liste.txt", b"x")})
    assert first.status_code == 422 and "Nur heute" in first.text and Mail.objects.count() == 0
    kept = File.objects.get(name="Liste.txt")
    assert f'name="files" value="{kept.pk}" checked' in first.text
    page.post("/mails/new", {**sent, "nature": "personal", "account": account.id, "files": str(kept.pk)})
    assert Mail.objects.get().files == [kept.pk]


def test_what_a_letter_is_about_knows_to_whom_it_goes(page, anna):
    who = person(anna)
    tie = run(anna, "contacts.affiliation.create", person=who.id,
               organisation=run(anna, "contacts.organisation.create", name="Lager AG").record.id).record  # fmt: skip
    shown = page.get("/mails/new", {"concerns": tie.id}).text
    assert 'value="kunde1@beispiel.de"' in shown and f'name="concerns" value="{tie.id}"' in shown


def test_whoever_may_send_nothing_writes_nothing(boris_page):
    assert boris_page.get("/mails/new").status_code == 403
    assert boris_page.post("/mails/new", {"to": "a@beispiel.de", "subject": "x", "text": "x"}).status_code == 403


@pytest.mark.parametrize("text", ["{{password}}", "{{ first_name.__class__ }}", "{{", "x }} y", "{{first_name|safe}}"])
def test_an_unknown_placeholder_is_refused(anna, text):
    with pytest.raises(Refused, match="no_placeholder"):
        run(anna, "channels.template.create", name="x", subject="x", text=text)


def test_a_placeholder_in_a_name_is_not_read_again(anna, account, sink):
    who = person(anna, first_name="{{sender}}", last_name="X")
    run(anna, "contacts.person.send_mail", who.id, subject="Hallo {{first_name}}", text="x")
    assert Mail.objects.get().subject == "Hallo {{sender}}"


def test_the_connection_is_tried_and_the_answer_says_what_is_wrong(page, anna, account, sink):
    at = f"/outbox/accounts/{account.id}/try"
    page.post(at)
    assert (Account.objects.get().trouble, Account.objects.get().checked_at is None) == ("", False)
    run(anna, "channels.account.change", account.id, security="starttls")
    page.post(at)
    assert "STARTTLS" in Account.objects.get().trouble
    run(anna, "channels.account.change", account.id, host="10.0.0.1")
    page.post(at)
    assert "10.0.0.1" in Account.objects.get().trouble


def test_others_see_nothing_of_it(boris_page, cleo_page, anna, account):
    who = person(anna)
    run(anna, "contacts.person.send_mail", who.id, subject="Geheim", text="x")
    assert "Geheim" not in boris_page.get("/outbox").content.decode()
    assert boris_page.get(f"/persons/{who.id}/do/send_mail").status_code in (403, 404)
    for at in (f"/persons/{who.id}/do/send_mail", f"/persons/{who.id}/contact"):
        assert cleo_page.get(at).status_code == 404
    assert cleo_page.post(f"/outbox/accounts/{account.id}/try").status_code == 404
    assert account.host not in cleo_page.get("/outbox").content.decode()
