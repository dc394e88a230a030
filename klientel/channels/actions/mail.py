"""What can be done with e-mails: write, send, recall, and settle what became of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.channels.models import Mail, Template
from klientel.channels.models.mail import NATURES
from klientel.channels.models.placeholders import LINK, check_filled, fill, nothing_known
from klientel.channels.models.saying import LONGEST
from klientel.channels.queries import (
    accounts,
    attachments,
    composing,
    conversation,
    landing,
    outbox,
    signatures,
    suppression,
    threads,
)
from klientel.channels.queries.gate import Recipient, Wish, judge
from klientel.channels.queries.letters import wish_of
from klientel.channels.queries.mime import message_id
from klientel.kernel.access.reading import get, visible_ids
from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import NEW
from klientel.kernel.errors import Refused, filled
from klientel.kernel.kinds import Choice, DateTime, Email, Link, Links, LongText, Privacy, Sentence, Text, YesNo
from klientel.kernel.records import type_of
from klientel.lib.emails import email_key, read_email
from klientel.lib.sentences import Unreadable

MOST_COPIES = 30
LONGEST_AHEAD = dt.timedelta(days=366)
AT = _("Empty: at once.")
OUTCOMES = (
    ("accepted", _("handed over")),
    ("rejected", _("refused by the other side")),
    ("unclear", _("unclear")),
    ("withheld", _("not sent")),
)


def lay_out(
    step: Step, mail: Any, link: str = "", *, member: UUID | None = None, own: Collection[UUID] = (),
    at: dt.datetime | None = None,
) -> str:  # fmt: skip
    """Lay a mail into the outbox, to be sent now or ``at`` an instant; refused where the gate says no.

    Returns its Message-ID.

    ``link`` is known to its recipient only. ``member`` is in whose name it goes: whoever acts, unless that is nobody
    of the house. ``own`` files were made by the caller for this mail.
    """
    account = accounts.chosen(member or step.actor.member, mail.account)
    step.require(bool(mail.to), "no_address", _("Please say to which address."), field="to")
    for field in ("subject", "text"):
        step.require(bool(getattr(mail, field)), "required", _("Please fill in this field."), field=field)
    step.require(bool(link) or LINK not in mail.text, "placeholder_empty", nothing_known("link"), field="text")
    [verdict] = judge(wish_of(mail), [Recipient(mail.to, mail.person)])
    if not verdict.may:
        raise Refused("not_allowed_to_send", verdict.why, "to")
    attachments.check(step.scope, [one for one in mail.files if one not in own])
    _still_to_come(step, at)
    delivery = outbox.put(mail, account, link, at)
    whole = message_id(delivery, account.address)
    reference = whole.strip("<>")
    step.stamp(
        mail, account=account.id, sender=account.address, state="waiting", reply="", settled_at=None,
        message_ref=reference, sent_at=at or step.now, send_at=at,
    )  # fmt: skip
    mail.thread = threads.begin(mail, [reference])
    return whole


def _still_to_come(step: Step, at: dt.datetime | None) -> None:
    """Refuse an instant that has passed, and one so far away that it is a mistake."""
    step.require(at is None or at > step.now, "has_passed", _("This moment has passed."), field="at")
    near = at is None or at < step.now + LONGEST_AHEAD
    step.require(near, "too_far", _("A mail can wait a year at most."), field="at")


@action(
    "channels.mail",
    _("Send"),
    said=_("sent the e-mail"),
    needs="send",
    icon="send",
    outward=True,
    offered={"state": ("draft", "recalled", "withheld", "rejected")},
    writes={
        "state": "waiting",
        "account": ...,
        "sender": ...,
        "reply": "",
        "settled_at": ...,
        "message_ref": ...,
        "sent_at": ...,
        "send_at": ...,
    },
)
def send(
    step: Step, mail: Mail, *, at: Annotated[dt.datetime | None, DateTime(_("send at"), help_text=AT)] = None
) -> None:
    """Lay the mail into the outbox."""
    again = ("draft", "recalled", "withheld", "rejected")
    step.require(mail.state in again, "sent_already", _("This mail is on its way or was sent."))
    step.require(
        LINK not in mail.text, "link_gone",
        _("The link of this mail is known to nobody any more. Please send it anew from where it came."),
    )  # fmt: skip
    lay_out(step, mail, at=at)


@action(
    "channels.mail",
    _("Answer"),
    said=_("answered the e-mail"),
    needs="send",
    icon="mail",
    outward=True,
    offered=False,
    writes={"channels.mail": NEW},
)
def answer(
    step: Step,
    mail: Mail,
    *,
    subject: Annotated[str, Text(_("subject"), max_length=250, privacy=Privacy.PERSONAL)],
    text: Annotated[str, LongText(_("text"), max_length=100_000, privacy=Privacy.PERSONAL)],
    to: Annotated[str, Email(_("to"), privacy=Privacy.PERSONAL)],
    others: Annotated[str, LongText(_("copies to"), max_length=4000, privacy=Privacy.PERSONAL)] = "",
    account: Annotated[UUID | None, Link("channels.account", _("e-mail account"))] = None,
    files: Annotated[list[UUID] | None, Links("kernel.file", _("attachments"))] = None,
    at: Annotated[dt.datetime | None, DateTime(_("send at"), help_text=AT)] = None,
) -> None:
    """Answer or forward a mail: what is written goes on in its conversation and on everything that it concerns."""
    made = _letter(
        step,
        Letter(to, others, subject, text, tuple(files or ())),
        about=mail.concerns,
        account=account or mail.account,
    )
    _may_copy(made, wish_of(mail))
    step.mark(mail)
    made.thread = mail.thread
    threads.keep_references(made.id, conversation.references_after(mail))
    lay_out(step, made, at=at)


@action(
    "channels.mail",
    _("Write an e-mail"),
    said=_("wrote an e-mail"),
    needs="send",
    new=True,
    icon="mail",
    outward=True,
    writes={},
)
def compose(
    step: Step,
    *,
    to: Annotated[str, Email(_("to"), privacy=Privacy.PERSONAL)],
    subject: Annotated[str, Text(_("subject"), max_length=250, privacy=Privacy.PERSONAL)],
    text: Annotated[str, LongText(_("text"), max_length=100_000, privacy=Privacy.PERSONAL)],
    others: Annotated[str, LongText(_("copies to"), max_length=4000, privacy=Privacy.PERSONAL)] = "",
    account: Annotated[UUID | None, Link("channels.account", _("e-mail account"))] = None,
    nature: Annotated[str, Choice(_("what it is"), of=NATURES)] = "personal",
    purpose: Annotated[UUID | None, Link("channels.purpose", _("purpose of contact"))] = None,
    similar: Annotated[bool, YesNo(_("advertises own similar goods only"))] = False,
    files: Annotated[list[UUID] | None, Links("kernel.file", _("attachments"))] = None,
    concerns: Annotated[list[UUID] | None, Links("*", _("concerns"))] = None,
    at: Annotated[dt.datetime | None, DateTime(_("send at"), help_text=AT)] = None,
) -> Any:
    """Write to any address: the mail stands on the person it belongs to, and goes into the outbox."""
    subject, text = _filled(
        subject, text, composing.values_for(step.scope, _whose(step, to), composing.writer(step.actor))
    )
    letter = Letter(to, others, subject, text, tuple(files or ()))
    made = _letter(
        step, letter, about=concerns or (), account=account, nature=nature or "personal", purpose=purpose,
        similar=similar,
    )  # fmt: skip
    _may_copy(made, wish_of(made))
    lay_out(step, made, at=at)
    return made


@dataclass(frozen=True)
class Letter:
    """What somebody wrote: to whom, to whom else (one address a line), and what."""

    to: str
    others: str
    subject: str
    text: str
    files: tuple[UUID, ...]


def _letter(step: Step, letter: Letter, *, about: Collection[UUID], account: UUID | None, **what: Any) -> Any:
    """The record of a mail that somebody wrote, on the person its address belongs to and on what it is about."""
    copied = _copies(letter.others, letter.to)
    known = landing.known([letter.to]).persons.get(email_key(letter.to), [])
    made = step.create(
        "channels.mail",
        subject=letter.subject, text=letter.text, to=letter.to, formatted=signatures.is_rich(letter.text),
        recipients="\n".join([letter.to, *copied]) if copied else "", person=known[0] if len(known) == 1 else None,
        files=list(letter.files), owner=step.actor.member, concerns=list(dict.fromkeys([*known, *about])), **what,
    )  # fmt: skip
    step.stamp(made, account=accounts.chosen(step.actor.member, account).id)
    return made


def _whose(step: Step, address: str) -> Any:
    """The person whom an address belongs to, where the writer may see them; else nobody."""
    known = landing.known([address]).persons.get(email_key(address), [])
    rtype = type_of("contacts.person")
    seen = visible_ids(step.scope, rtype, known) if len(known) == 1 and step.scope.may(rtype, "view") else ()
    return get(step.scope, rtype, known[0]) if seen else None


def _may_copy(mail: Any, wish: Wish) -> None:
    """Refused where the gate says no to one of those who get a copy."""
    copied = mail.recipients.split("\n")[1:] if mail.recipients else []
    for address, verdict in zip(copied, judge(wish, [Recipient(one) for one in copied]), strict=True):
        if not verdict.may:
            why = filled("%(address)s: %(why)s", {"address": address, "why": verdict.why})
            raise Refused("not_allowed_to_send", why, "others")


def _copies(others: str, to: str) -> list[str]:
    """The addresses of the field "copies to", one a line or apart by commas; refused where one is none."""
    found = []
    for one in others.replace(",", "\n").replace(";", "\n").split("\n"):
        try:
            address = read_email(one) if one.strip() else ""
        except Unreadable as no:
            message = _("“%(text)s” is not an e-mail address.")
            raise Refused("email", filled(message, {"text": one.strip()[:80]}), "others") from no
        if address and email_key(address) != email_key(to):
            found.append(address)
    if len(found) > MOST_COPIES:
        raise Refused("too_many", filled(_("At most %(n)d copies are possible."), {"n": MOST_COPIES}), "others")
    return list(dict.fromkeys(found))


@action(
    "channels.mail",
    _("Recall"),
    said=_("recalled the e-mail"),
    needs="send",
    icon="rotate-ccw",
    undoable=False,
    offered={"state": ("waiting",)},
    writes={"state": "recalled", "send_at": ...},
)
def recall(step: Step, mail: Mail) -> None:
    """Take it out of the outbox, as long as it waits there."""
    step.require(mail.state == "waiting", "not_waiting", _("This mail does not wait any more."))
    step.require(outbox.recall(mail.id), "not_waiting", _("This mail is being handed over at this moment."))
    step.stamp(mail, state="recalled", send_at=None)


@action(
    "channels.mail",
    _("Send at another time"),
    said=_("changed when the e-mail is sent"),
    needs="send",
    icon="clock",
    undoable=False,
    offered={"state": ("waiting",)},
    writes={"send_at": ..., "sent_at": ...},
)
def reschedule(
    step: Step, mail: Mail, *, at: Annotated[dt.datetime | None, DateTime(_("send at"), help_text=AT)] = None
) -> None:
    """Have it go at another time, as long as it waits in the outbox."""
    step.require(mail.state == "waiting", "not_waiting", _("This mail does not wait any more."))
    _still_to_come(step, at)
    moved = outbox.reschedule(mail.id, at)
    step.require(moved, "not_waiting", _("This mail is being handed over at this moment."))
    step.stamp(mail, send_at=at, sent_at=at or step.now)


@action(
    "channels.mail",
    _("Settle"),
    said=_("cleared up what became of it"),
    needs="send",
    icon="check",
    undoable=False,
    offered={"state": ("unclear",)},
    writes={"state": ..., "reply": ..., "settled_at": ...},
)
def settle(
    step: Step,
    mail: Mail,
    *,
    outcome: Annotated[str, Choice(_("what became of it"), of=OUTCOMES)],
    reply: Annotated[str, Sentence(_("how we know"), max_length=LONGEST, privacy=Privacy.PERSONAL)] = "",
) -> None:
    """Write down what became of a mail: the outbox does it, and people where it is unclear."""
    if step.actor.kind != "system":
        step.require(mail.state == "unclear", "not_unclear", _("Only what is unclear is settled by hand."))
        known = outcome in ("accepted", "rejected")
        step.require(known, "not_an_outcome", _("Please say that it arrived, or that it did not."), field="outcome")
        outbox.settle_by_hand(mail.id, outcome)
    step.stamp(mail, state=outcome, reply=reply, settled_at=step.now)


@action(
    "contacts.person",
    _("Write e-mail"),
    said=_("wrote an e-mail"),
    needs="send",
    icon="mail",
    outward=True,
    writes={"channels.mail": NEW},
)
def send_mail(
    step: Step,
    person: Any,
    *,
    template: Annotated[UUID | None, Link("channels.template", _("e-mail template"))] = None,
    subject: Annotated[str, Text(_("subject"), max_length=250, privacy=Privacy.PERSONAL)] = "",
    text: Annotated[str, LongText(_("text"), max_length=100_000, privacy=Privacy.PERSONAL)] = "",
    to: Annotated[str, Email(_("to"), privacy=Privacy.PERSONAL)] = "",
    account: Annotated[UUID | None, Link("channels.account", _("e-mail account"))] = None,
    nature: Annotated[str, Choice(_("what it is"), of=NATURES)] = "personal",
    purpose: Annotated[UUID | None, Link("channels.purpose", _("purpose of contact"))] = None,
    similar: Annotated[bool, YesNo(_("advertises own similar goods only"))] = False,
    files: Annotated[list[UUID] | None, Links("kernel.file", _("attachments"))] = None,
    at: Annotated[dt.datetime | None, DateTime(_("send at"), help_text=AT)] = None,
) -> None:
    """Write to a person: the mail stands on their timeline and goes into the outbox."""
    visible = step.scope.visible(type_of("contacts.person"))
    step.require("emails" in visible, "no_address", _("You may not see the addresses of this person."), field="to")
    address = to or composing.first_address(person)
    known = {email_key(str(e["value"])) for e in person.emails}
    step.require(
        email_key(address) in known, "not_their_address", _("Please choose an address of this person."), field="to"
    )
    sender = accounts.chosen(step.actor.member, account)
    subject, filled = _texts(step, person, template, subject, text)
    if not text:  # from a template, as nobody has seen it yet
        filled = signatures.signed(filled, signatures.signature_of(step.actor.member, sender.id, person.language or ""))
    mail = step.create(
        "channels.mail",
        subject=subject, text=filled, formatted=signatures.is_rich(filled),
        to=address, person=person.id, nature=nature, purpose=purpose, similar=similar,
        files=files or [], owner=step.actor.member, concerns=[i for i in (person.id, person.organisation) if i],
    )  # fmt: skip
    step.stamp(mail, account=sender.id)
    step.mark(person)
    lay_out(step, mail, at=at)


def _texts(step: Step, person: Any, template: UUID | None, subject: str, text: str) -> tuple[str, str]:
    """Subject and text, those of the template where nothing was written, every placeholder filled."""
    if template is not None and not (subject and text):
        chosen = Template.objects.filter(pk=template, archived_at=None).first()
        if chosen is None:
            raise Refused("not_a_record", _("There is no such record, or you may not see it."), "template")
        subject, text = subject or chosen.subject, text or chosen.text
    step.require(bool(subject), "required", _("Please fill in this field."), field="subject")
    step.require(bool(text), "required", _("Please fill in this field."), field="text")
    return _filled(subject, text, composing.values_for(step.scope, person, composing.writer(step.actor)))


def _filled(subject: str, text: str, values: Mapping[str, str]) -> tuple[str, str]:
    """Subject and text with every placeholder filled; refused where one stands for nothing."""
    check_filled(values, subject=subject, text=text)
    return fill(subject, values), fill(text, values)


def block_dead(address: str) -> None:
    """The other side says that there is no such address: nothing more is sent there."""
    suppression.suppress([address], reason="bounce", channel="mail", scope="everything")
