"""What a customer says to a quote by its link: yes with a signature, no with a reason, or a question."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from django.utils import timezone
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.channels.queries.gate import may_track
from klientel.kernel.actions import Step, action
from klientel.kernel.errors import Refused
from klientel.kernel.events.notices import NOTIFY, notice
from klientel.kernel.kinds import Json, LongText, Privacy, Text, today
from klientel.kernel.records import type_of
from klientel.kernel.writing import door
from klientel.portal.actions.confirming import confirm
from klientel.portal.models import Share
from klientel.portal.queries.shares import spoken_by
from klientel.portal.queries.signature import picture_of
from klientel.sales.actions.quote import Reason, answered, declined, keep_evidence
from klientel.sales.models import Quote
from klientel.sales.models.quoting import ACCEPTED, SENT, SUPERSEDED, has_ended
from klientel.sales.queries.choosing import sent_places
from klientel.sales.queries.evidence import Said

PORTAL = ("portal",)
Name = Annotated[str, Text(_("name"), max_length=200, privacy=Privacy.PERSONAL)]
Where = Annotated[str, Text(_("IP address"), max_length=64, privacy=Privacy.PERSONAL)]

notice("sales.quote.sign", _("%(who)s accepted %(what)s"), icon="circle-check")
notice("sales.quote.refuse", _("%(who)s declined %(what)s"), icon="circle-x")
notice("sales.quote.ask_back", _("%(who)s asks about %(what)s"), icon="message-circle")


@action(
    "sales.quote",
    _("Accepted by the customer"),
    said=_("accepted the quote"),
    needs="change",
    icon="pen-line",
    undoable=False,
    only=PORTAL,
)
def sign(
    step: Step,
    quote: Quote,
    *,
    name: Name,
    chosen: Annotated[list[int] | None, Json(_("options that were chosen"), empty=[])] = None,
    alternatives: Annotated[list[int] | None, Json(_("alternatives that were chosen"), empty=[])] = None,
    drawn: Annotated[str, LongText(_("drawn signature"), max_length=200_000, privacy=Privacy.PERSONAL)] = "",
    address: Where = "",
) -> None:
    """The customer says yes: with name, options and signature, of which a document is kept and sent to both."""
    share = _share(step, quote)
    step.require(name.strip(), "required", _("Please type your name."), field="name")
    picture = picture_of(drawn)
    answered(step, quote, ACCEPTED, "", sent_places(chosen), sent_places(alternatives))
    step.stamp(quote, signed_by=" ".join(name.split()))
    keep_evidence(step, quote, Said(step.now, quote.signed_by, picture, address, share.address, str(share.id)))
    with _for_owner(quote):
        hint, subject = say("The confirmation could not be mailed."), say("Quote %(number)s was accepted")
    _task(step, quote, subject, "" if confirm(step, quote, share) else hint)


@action(
    "sales.quote",
    _("Declined by the customer"),
    said=_("declined the quote"),
    needs="change",
    icon="circle-x",
    undoable=False,
    only=PORTAL,
)
def refuse(step: Step, quote: Quote, *, reason: Reason = "") -> None:
    """The customer says no, and why."""
    _share(step, quote)
    declined(step, quote, reason)
    with _for_owner(quote):
        subject = say("Quote %(number)s was declined")
    _task(step, quote, subject, reason)


@action(
    "sales.quote",
    _("Question of the customer"),
    said=_("asked a question"),
    needs="change",
    icon="message-circle",
    undoable=False,
    only=PORTAL,
)
def ask_back(
    step: Step,
    quote: Quote,
    *,
    question: Annotated[str, LongText(_("question"), max_length=4000, privacy=Privacy.PERSONAL)],
    name: Name = "",
) -> None:
    """The customer wants to know something before the answer."""
    _share(step, quote)
    step.require(question.strip(), "required", _("Please write your question."), field="question")
    step.mark(quote)
    words = f"{question.strip()}\n{name.strip()}".strip()
    if _asked_already(step, quote, words):
        return
    with _for_owner(quote):
        subject = say("Question about quote %(number)s")
    _task(step, quote, subject, words)


@action(
    "sales.quote",
    _("Opened by the customer"),
    said=_("opened the quote"),
    needs="change",
    icon="eye",
    undoable=False,
    only=PORTAL,
)
def open_page(step: Step, quote: Quote) -> None:
    """Somebody who allowed us to measure it has opened the quote. The consent is looked at anew each time."""
    share = Share.objects.select_for_update().filter(pk=step.actor.id).first()
    if share is None or not share.tracked or not may_track(share.person_id, share.address).may:
        raise Refused("not_tracked", _("There is no consent to measuring this."))
    today_already = share.opened_at is not None and timezone.localdate(share.opened_at) == timezone.localdate()
    step.require(not today_already, "known", _("This is known already."))
    with door():
        Share.objects.filter(pk=share.pk).update(opened_at=step.now)
    step.mark(quote)


def _share(step: Step, quote: Quote) -> Any:
    """The link that the customer came with, where it and the quote can still be answered; why not, in a sentence."""
    share = Share.objects.select_for_update().filter(pk=step.actor.id, quote_id=quote.id).first()
    step.require(share is not None and share.is_open(step.now), "withdrawn", _("This link was withdrawn."))
    if quote.state == SUPERSEDED:
        raise Refused(
            "superseded", _("There is a newer version of this quote. Please use the link in our latest mail.")
        )
    step.require(quote.state == SENT, "answered", _("This quote was answered already."))
    late = has_ended(quote)
    step.require(not late, "expired", _("This quote is not valid any more. We are glad to make a new one: please ask."))
    step.keep(**{NOTIFY: [str(quote.owner)] if quote.owner else []})
    return share


def _task(step: Step, quote: Quote, subject: str, words: str) -> None:
    step.create(
        "work.task", subject=subject % {"number": quote.number}, description=words, priority="high", due=today(),
        owner=quote.owner, concerns=[quote.id],
    )  # fmt: skip


def _for_owner(quote: Quote) -> Any:
    """The language of whoever looks after the quote."""
    return spoken_by(type_of("kernel.member").model.objects.filter(pk=quote.owner).first() if quote.owner else None)


def _asked_already(step: Step, quote: Quote, words: str) -> bool:
    """Whether the same words came just now: a button was pressed twice."""
    tasks = type_of("work.task").model.objects.filter(concerns__contains=[quote.id], description=words)
    return bool(tasks.filter(created_at__gt=step.now - dt.timedelta(minutes=10)).exists())
