"""Double opt-in: a consent that was ticked holds when its address has confirmed it. The mail that asks advertises
nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from klientel.channels.actions.mail import lay_out
from klientel.channels.models import Confirmation, Consent, Form, Response, Template
from klientel.channels.models.placeholders import LINK
from klientel.channels.models.response import ASKED
from klientel.channels.queries import accounts, forms
from klientel.channels.queries.forms import BY_MAIL, Answers, first_mail
from klientel.channels.queries.gate import Recipient, Wish, judge
from klientel.channels.queries.tickets import MAILS_A_DAY
from klientel.kernel.actions import Step
from klientel.kernel.identity import keys
from klientel.kernel.links import whole
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.writing import door
from klientel.lib.emails import email_key
from klientel.lib.ids import uuid7


def ask_to_confirm(step: Step, form: Form, content: dict[str, Any], response: Response, said: Answers) -> None:
    """Note each consent that was ticked, and ask the address to confirm those that a mail can confirm.

    A consent that holds already is left as it is, and the visitor learns nothing of it. A consent to calls is noted as
    unproven: a mail proves nothing about a phone (BGH I ZR 164/09).
    """
    address = first_mail(said)
    step.settle(type_of("contacts.person").table)  # the gate reads rows
    given = _given(response.person)
    wanted = [one for one in said.consents if _key(one, address) not in given]
    ask = _may_ask(address, response.person)
    page = forms.address_of(form)
    made = [_noted(step, one, form, response, said, page) for one in wanted]
    waiting = [one for one in made if one.channel in BY_MAIL]
    if waiting and ask:
        message_id = _post(step, form, content, response, address, waiting)
        for one in waiting:
            step.stamp(one, message_id=message_id)
        step.stamp(response, state=ASKED, asked_at=step.now, message_id=message_id)


def _given(person: UUID | None) -> set[tuple[str, str, str]]:
    """What a person agreed to and holds: purpose, way, address. To be written to as a customer is no consent:
    who is can still be asked for one."""
    rows = Consent.objects.filter(person=person, state="given", ground="consent", archived_at=None)
    return {(str(one.purpose), one.channel, email_key(one.email) if one.email else "") for one in rows}


def _key(one: dict[str, Any], address: str) -> tuple[str, str, str]:
    return one["purpose"], one["channel"], email_key(address) if one["channel"] in BY_MAIL and address else ""


def _noted(step: Step, one: dict[str, Any], form: Form, response: Response, said: Answers, page: str) -> Any:
    """The consent of one tick, as it was shown and when."""
    by_mail = one["channel"] in BY_MAIL
    phones = said.of("person").get("phones") or []
    made = step.create(
        "channels.consent", person=response.person, purpose=one["purpose"], channel=one["channel"],
        email=first_mail(said) if by_mail else "",
        phone=phones[0]["value"] if phones and one["channel"] in ("phone", "sms") else "",
        ground="consent", text=one["wording"], given_at=step.now, source=page[:200],
        wording=f"{one['text']}\n\n[{one['name']}, v{one['version']}]",
    )  # fmt: skip
    step.stamp(made, response=response.id, form_version=f"{form.name}, v{response.form_version}", given_ip=response.ip)
    if by_mail:
        step.stamp(made, asked_at=step.now)
    return made


def _may_ask(address: str, person: UUID | None) -> bool:
    """Nobody is flooded with confirmations that strangers ask for, and no dead address is written to."""
    if not address:
        return False
    since = timezone.now() - dt.timedelta(days=1)
    asked = Consent.objects.filter(asked_at__gt=since, email__iexact=address).exclude(message_id="")
    mails = asked.values("message_id").distinct().count()
    return bool(mails < MAILS_A_DAY and judge(Wish("mail"), [Recipient(address, person)])[0].may)


def _post(step: Step, form: Form, content: dict[str, Any], response: Response, address: str, waiting: list[Any]) -> str:
    text, key = keys.mint(keys.CONFIRMATION, current())
    link = Confirmation(
        id=uuid7(), response_id=response.id, prefix=key.prefix, digest=key.digest, expires_at=forms.expires(step.now)
    )
    with door():
        link.save(force_insert=True)
    account = accounts.chosen(form.owner, form.account)
    with translation.override(form.language):
        subject, words = _words(form, content, waiting)
    mail = step.create(
        "channels.mail", subject=subject[:250], text=words, to=address, person=response.person, nature="personal",
        formatted=True, owner=form.owner,
    )  # fmt: skip
    step.stamp(mail, account=account.pk)
    at = whole("form_confirm", text)
    return lay_out(step, mail, at, member=form.owner)


def _words(form: Form, content: dict[str, Any], waiting: list[Any]) -> tuple[str, str]:
    """Subject and text. Nothing that the visitor typed stands in it, so that nobody sends words through us."""
    own = Template.objects.filter(pk=form.template, archived_at=None).first() if form.template else None
    if own is not None:
        return str(own.subject), str(own.text)
    sender = Tenant.objects.get(pk=current()).name
    agreed = "\n\n".join(f"“{made.wording.rpartition(chr(10) * 2)[0]}”" for made in waiting)
    text = _(
        "Hello,\n\nthis address was entered on the page “%(page)s” of %(sender)s, to agree to this:\n\n%(agreed)s\n\n"
        "If that was you, please confirm it here:\n%(link)s\n\n"
        "If it was not you, please do nothing: then nothing is sent to you, and the entry is deleted after 14 days.\n\n"
        "Kind regards\n%(sender)s"
    )
    facts = {"page": content["heading"] or content["name"], "sender": sender, "agreed": agreed, "link": LINK}
    return _("Please confirm: %(page)s") % facts, text % facts
