"""A quote goes out by mail: frozen in the same moment, with its PDF unchanged and a link nobody here can read."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Delivery, Mail
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.testing.making import make_member
from klientel.portal.models import Share
from klientel.portal.tests.conftest import again, link_in, parts
from klientel.sales.models import Quote

pytestmark = pytest.mark.django_db


def test_it_is_frozen_when_it_is_handed_to_the_outbox_and_arrives_with_pdf_and_link(
    anna: Actor, account: Any, quote: Quote, sink: Any
) -> None:
    run(anna, "sales.quote.mail", quote.pk)
    assert again(quote).state == "sent"
    mail = Mail.objects.get()
    assert (mail.state, mail.to, mail.concerns, mail.files) == (
        "waiting", "eva@beispiel.de", [quote.pk], [again(quote).document],
    )  # fmt: skip
    deliver(account=account.id)
    [(_sender, to, message)] = sink.mails
    found = parts(message)
    kept = type_of("kernel.file").model.objects.get(pk=again(quote).document)
    assert to == ["eva@beispiel.de"]
    assert set(found) == {"text/plain", "text/html", "application/pdf"}
    assert hashlib.sha256(found["application/pdf"]).hexdigest() == kept.digest
    text = found["text/plain"].decode()
    assert f"Angebot {quote.number} „Press for hall 3“ über 1.190,00" in text.replace("\xa0", " ")
    assert text.startswith("Sehr geehrte Frau Sommer,")
    assert f'href="http://127.0.0.1:8700{link_in(message)}"' in found["text/html"].decode()
    assert Mail.objects.get().state == "accepted"


def test_a_letter_has_one_language_whatever_the_recipient_speaks(
    anna: Actor, account: Any, eva: Any, quote: Quote
) -> None:
    run(anna, "contacts.person.change", eva.id, language="tr")
    run(anna, "sales.quote.mail", quote.pk)
    text = Mail.objects.get().text
    assert text.startswith("Sehr geehrte Frau Sommer,") and "anbei erhalten Sie" in text


def test_a_program_writes_in_the_name_of_its_member(anna: Actor, account: Any, quote: Quote) -> None:
    program = replace(anna, kind="token", name=f"Shop ({anna.name})")
    run(program, "sales.quote.mail", quote.pk)
    text = Mail.objects.get().text
    assert text.endswith(f"\n{anna.name}") and "Shop" not in text


def test_nobody_of_the_house_finds_the_link_in_a_record_or_row(
    anna: Actor, account: Any, quote: Quote, sink: Any
) -> None:
    run(anna, "sales.quote.mail", quote.pk)
    assert "{{link}}" in Mail.objects.get().text
    deliver(account=account.id)
    secret = link_in(sink.mails[0][2])[-43:]
    share = Share.objects.get()
    assert len(secret) == 43 and secret not in share.digest
    assert Delivery.objects.get().sealed == ""
    with pytest.raises(Refused, match=r"sent_already|link_gone"):
        run(anna, "channels.mail.send", Mail.objects.get().pk)


def test_without_an_account_nothing_is_sent_and_nothing_is_frozen(anna: Actor, account: Any, quote: Quote) -> None:
    run(anna, "channels.account.archive", account.id)
    with pytest.raises(Refused, match="no_account"):
        run(anna, "sales.quote.mail", quote.pk)
    assert again(quote).state == "draft"
    assert not Mail.objects.exists() and not Share.objects.exists() and not Delivery.objects.exists()


def test_a_blocked_address_stops_all_of_it(anna: Actor, quote: Quote, eva: Any) -> None:
    with pytest.raises(Refused) as no:
        run(anna, "sales.quote.mail", quote.pk, to="somebody@else.example")
    assert no.value.field == "to" and again(quote).state == "draft"


def test_who_may_not_send_mail_sends_no_quote(anna: Actor, quote: Quote) -> None:
    clerk = make_member(
        "Clerk", [{"record": "sales.quote", "verb": "*"}, {"record": "contacts.person", "verb": "view"}]
    )
    with pytest.raises(Forbidden):
        run(clerk, "sales.quote.mail", quote.pk)
    assert again(quote).state == "draft"


def test_the_tenants_template_in_the_recipients_language_is_used_with_every_sign_escaped(
    anna: Actor, account: Any, eva: Any, sink: Any
) -> None:
    german, english = (
        run(anna, "channels.template.create", name=name, subject=f"{name} {{{{number}}}}", text=text).record
        for name, text in (
            ("Angebot", "Guten Tag, {{link}}"),
            ("Quote", "Dear {{first_name}}, <b>{{title}}</b>\n\n{{link}}"),
        )
    )
    run(anna, "sales.quoteform.create", name="F", mail_template=german.id, mail_template_en=english.id)
    made = run(
        anna, "sales.quote.create", name="<script>alert(1)</script> {{sender}}", language="en", person=eva.id,
        positions=[{"name": "A", "quantity": "1", "price": "1"}],
    ).record  # fmt: skip
    run(anna, "sales.quote.mail", made.pk)
    deliver(account=account.id)
    message = sink.mails[0][2]
    html = parts(message)["text/html"].decode()
    assert message["Subject"] == f"Quote {made.number}"
    assert "&lt;b&gt;&lt;script&gt;alert(1)&lt;/script&gt; {{sender}}&lt;/b&gt;" in html and "<script" not in html


def test_an_attachment_that_changed_on_the_disk_is_not_sent(
    anna: Actor, account: Any, quote: Quote, sink: Any, settings: Any
) -> None:
    run(anna, "sales.quote.mail", quote.pk)
    kept = type_of("kernel.file").model.objects.get(pk=again(quote).document)
    place = settings.KLIENTEL_FILES / str(anna.tenant) / kept.place
    place.write_bytes(place.read_bytes() + b" ")
    deliver(account=account.id)
    assert not sink.mails
    assert (Mail.objects.get().state, Delivery.objects.get().state) == ("withheld", "withheld")


def test_it_can_be_mailed_again_and_its_link_be_withdrawn(anna: Actor, quote: Quote) -> None:
    for _n in range(2):
        run(anna, "sales.quote.mail", quote.pk)
    assert Share.objects.filter(revoked_at=None).count() == 2
    run(anna, "sales.quote.revoke_link", quote.pk)
    assert not Share.objects.filter(revoked_at=None).exists()
    with pytest.raises(Refused, match="no_link"):
        run(anna, "sales.quote.revoke_link", quote.pk)
