"""A quote goes to the customer by mail, with a link by which it can be answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.channels.actions.mail import lay_out
from klientel.channels.models import Template
from klientel.channels.models.placeholders import LINK, check_filled, fill
from klientel.channels.queries import accounts, composing
from klientel.channels.queries.gate import may_track
from klientel.kernel.access.reading import get
from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import NEW
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.kinds import Email, Link, LongText, Privacy, Text
from klientel.kernel.records import type_of
from klientel.lib.emails import email_key
from klientel.portal.queries import shares
from klientel.sales.actions.quote import SENDS, hand_out, keep_paper
from klientel.sales.models import Quote, QuoteForm, telling
from klientel.sales.models.quoting import APPROVED, DRAFT, SENT, has_ended
from klientel.sales.queries.paper import greeting

PERSON = "contacts.person"


@action(
    "sales.quote",
    _("Send by e-mail"),
    said=_("sent the quote by e-mail"),
    needs="change",
    icon="send",
    outward=True,
    offered={"state": (DRAFT, APPROVED, SENT)},
    writes=SENDS | {"channels.mail": NEW},
)
def mail(
    step: Step,
    quote: Quote,
    *,
    to: Annotated[str, Email(_("to"), privacy=Privacy.PERSONAL)] = "",
    account: Annotated[UUID | None, Link("channels.account", _("e-mail account"))] = None,
    template: Annotated[UUID | None, Link("channels.template", _("e-mail template"))] = None,
    subject: Annotated[str, Text(_("subject"), max_length=250, privacy=Privacy.PERSONAL)] = "",
    text: Annotated[str, LongText(_("text"), max_length=100_000, privacy=Privacy.PERSONAL)] = "",
) -> None:
    """With its PDF and a link for the answer. From now on it is frozen; what stays empty is written as usual."""
    if not step.scope.may(type_of("channels.mail"), "send"):
        raise Forbidden("forbidden", _("You may not send e-mails."))
    if quote.state in (DRAFT, APPROVED):
        hand_out(step, quote)
    else:
        step.require(quote.state == SENT, "not_to_be_sent", _("Only a draft, an approved or a sent quote is mailed."))
        step.require(not has_ended(quote), "past", _("Its validity has ended already."), field="valid_until")
        keep_paper(step, quote)
    person = get(step.scope, type_of(PERSON), quote.person) if quote.person else None
    address, sender = _address(step, person, to), accounts.chosen(step.actor.member, account)
    share, link = shares.make(
        quote, person=quote.person, account=sender.id, address=address,
        tracked=may_track(quote.person, address).may,
    )  # fmt: skip
    subject, text = _texts(step, quote, person, (template, subject, text))
    made = step.create(
        "channels.mail", subject=subject, text=text, to=address, person=quote.person, nature="personal",
        owner=step.actor.member, concerns=[quote.id], files=[quote.document] if quote.document else [], formatted=True,
    )  # fmt: skip
    step.stamp(made, account=sender.id)
    step.keep(share=str(share.id))
    step.mark(quote)
    lay_out(step, made, link, own=made.files)


@action(
    "sales.quote",
    _("Withdraw the link"),
    said=_("revoked the link"),
    needs="change",
    icon="link-2-off",
    undoable=False,
    offered={"state": (SENT,)},
    writes={},
)
def revoke_link(step: Step, quote: Quote) -> None:
    """What was mailed no longer leads to the quote; it can be mailed anew."""
    step.require(shares.revoke(quote.id), "no_link", _("No link leads to this quote."))
    step.mark(quote)


def _address(step: Step, person: Any, to: str) -> str:
    if person is None:
        step.require(to, "no_address", _("Please say to which address."), field="to")
        return to
    visible = step.scope.visible(type_of(PERSON))
    step.require("emails" in visible, "no_address", _("You may not see the addresses of this person."), field="to")
    address = to or composing.first_address(person)
    step.require(address, "no_address", _("Please say to which address."), field="to")
    known = {email_key(str(e["value"])) for e in person.emails}
    step.require(
        email_key(address) in known, "not_their_address", _("Please choose an address of this person."), field="to"
    )
    return address


def _texts(step: Step, quote: Quote, person: Any, given: tuple[UUID | None, str, str]) -> tuple[str, str]:
    """Subject and text: as typed, else those of the template, else the usual ones, in the recipient's language."""
    wanted, subject, text = given
    form = QuoteForm.of(quote)
    usual = (quote.language == "en" and form.mail_template_en) or form.mail_template
    chosen = Template.objects.filter(pk=wanted or usual, archived_at=None).first() if wanted or usual else None
    if wanted and chosen is None:
        raise Refused("not_a_record", _("There is no such record, or you may not see it."), "template")
    with translation.override(quote.language or "de"):
        values = _values(step, quote, person)
        subject = subject or (chosen.subject if chosen else say("Our quote {{number}}"))
        text = text or (chosen.text if chosen else _usual_text(person))
    check_filled(values, subject=subject, text=text)
    return fill(subject, values | {"link": ""}), fill(text, values)


def _usual_text(person: Any) -> str:
    begins = "{{greeting}}" if person is not None and person.letter_salutation else say("Dear Sir or Madam")
    return say(
        "%(greeting)s,\n\nplease find attached our quote {{number}} “{{title}}” of {{total}}.\n\n"
        "You can read it, accept it or ask us something here:\n{{link}}\n\nKind regards\n{{sender}}"
    ) % {"greeting": begins}


def _values(step: Step, quote: Quote, person: Any) -> dict[str, str]:
    sender, language = composing.writer(step.actor), quote.language or "de"
    known = dict(composing.values_for(step.scope, person, sender)) if person is not None else {"sender": sender}
    if known.get("greeting"):
        known["greeting"] = greeting(person, language)
    totals = telling.told(quote, quote.positions or [], language)
    ends = date_format(quote.valid_until, "DATE_FORMAT") if quote.valid_until else ""
    quoted = {"number": quote.number, "title": quote.name, "total": totals["gross"], "valid_until": ends, "link": LINK}
    return known | quoted
