"""Pages of sending: written, tried, looked after; closed to others."""

import pytest

from klientel.channels.models import Account, Mail
from klientel.channels.tests.test_sending import person
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
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
