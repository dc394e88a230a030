"""What can be done with a quote: sending, the customer's answer, a new version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Annotated, Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import BOTH, CHANGED, NEW
from klientel.kernel.events.notices import NOTIFY, notice
from klientel.kernel.files import keeping
from klientel.kernel.kinds import Choice, Date, Json, Privacy, Text, today
from klientel.kernel.records import type_of
from klientel.lib.files import clean_name
from klientel.sales.models import Quote, quoting
from klientel.sales.models.quoting import ACCEPTED, APPROVED, AWAITING, DECLINED, DRAFT, EXPIRED, SENT, SUPERSEDED
from klientel.sales.queries.choosing import sent_places
from klientel.sales.queries.evidence import Said, evidence
from klientel.sales.queries.paper import paper
from klientel.sales.queries.waiting import tasks_of

FOLLOW_UP = dt.timedelta(days=7)
notice("sales.quote.remind_expiry", _("Ends soon without an answer: %(what)s"), icon="alarm-clock")
WAYS = (("phone", _("by phone")), ("mail", _("by mail")), ("letter", _("by letter")), ("meeting", _("in person")))
#: what sending a quote writes
SENDS = {"state": SENT, "sent_at": ..., "document": ..., "sales.quote": CHANGED, "work.task": BOTH, "kernel.file": NEW}
Reason = Annotated[str, Text(_("reason"), max_length=500)]
_CARRIED = ("name", "deal", "organisation", "person", "form", "language", "currency", "salutation", "introduction",
            "terms", "positions", "discount", "owner", "tags")  # fmt: skip


@action(
    "sales.quote",
    _("Mark as sent"),
    said=_("marked the quote as sent"),
    needs="change",
    icon="send",
    undoable=False,
    offered={"state": (DRAFT, APPROVED)},
    writes=SENDS,
)
def send(step: Step, quote: Quote) -> None:
    """It has gone to the customer: from now on it is frozen, and the version before it no longer counts."""
    hand_out(step, quote)


def hand_out(step: Step, quote: Quote) -> None:
    """Freeze a quote and keep its paper, because it goes to the customer in this transaction."""
    step.require(quote.state in (DRAFT, APPROVED), "not_to_be_sent", _("Only a draft or an approved quote is sent."))
    complete(step, quote)
    approved = quote.state == APPROVED or not needs_approval(step, quote)
    step.require(approved, "approval_missing", _("The discount needs approval first."))
    step.require(not quoting.has_ended(quote), "past", _("Its validity has ended already."), field="valid_until")
    before = Quote.objects.select_for_update().filter(pk=quote.replaces).first() if quote.replaces else None
    step.require(
        before is None or before.state != ACCEPTED, "accepted_already",
        _("The customer has accepted the version before this one meanwhile."),
    )  # fmt: skip
    step.stamp(quote, state=SENT, sent_at=step.now)
    keep_paper(step, quote)
    _follow_up(step, quote)
    if before is not None and before.state in (SENT, EXPIRED):
        _wait_no_more(step, before)
        step.follow(before, state=SUPERSEDED)


@action(
    "sales.quote",
    _("Expired"),
    said=_("let the quote expire"),
    needs="change",
    icon="hourglass",
    undoable=False,
    offered=False,
    writes={"state": EXPIRED},
)
def expire(step: Step, quote: Quote) -> None:
    """Its validity has ended without an answer. Klientel does this by itself."""
    step.require(quote.state == SENT, "not_open", _("Only a quote that is sent and still valid can be answered."))
    step.require(quoting.has_ended(quote), "still_valid", _("This quote is still valid."))
    step.stamp(quote, state=EXPIRED)


@action(
    "sales.quote",
    _("Accepted"),
    said=_("noted that the customer accepted"),
    needs="change",
    icon="circle-check",
    offered={"state": (SENT,)},
    writes={
        "state": ACCEPTED,
        "closed_at": ...,
        "reason": ...,
        "chosen": ...,
        "left_out": ...,
        "agreed_net": ...,
        "agreed": ...,
        "signed_by": ...,
        "evidence": ...,
        "work.task": BOTH,
        "kernel.file": NEW,
    },
)
def accept(
    step: Step,
    quote: Quote,
    *,
    name: Annotated[str, Text(_("who accepted"), max_length=200, privacy=Privacy.PERSONAL)] = "",
    how: Annotated[str, Choice(_("how the customer said it"), of=WAYS)] = "",
    said_on: Annotated[dt.date | None, Date(_("on the day"), help_text=_("Empty: today"))] = None,
    note: Reason = "",
    chosen: Annotated[list[int] | None, Json(_("options that were chosen"), empty=[])] = None,
    alternatives: Annotated[list[int] | None, Json(_("alternatives that were chosen"), empty=[])] = None,
) -> None:
    """The customer has said yes, by letter or by telephone: to which options, and when. With a name it is evidence."""
    on = said_on or today()
    step.require(on <= today(), "in_the_future", _("This day is still to come."), field="said_on")
    step.require(
        quote.state != SENT or on <= (quote.valid_until or on), "past", _("Its validity has ended already."),
        field="said_on",
    )  # fmt: skip
    answered(step, quote, ACCEPTED, note, sent_places(chosen), sent_places(alternatives))
    if name := " ".join(name.split()):
        step.stamp(quote, signed_by=name)
        if step.scope.may(type_of("kernel.file"), "create"):
            way, by = dict(WAYS).get(how, ""), step.actor.name
            keep_evidence(step, quote, Said(step.now, name, how=way, on=on, noted_by=by, note=note))
    if quote.owner and quote.owner != step.actor.member and step.scope.may(type_of("work.task"), "create"):
        step.create(
            "work.task", subject=say("Quote %(number)s was accepted") % {"number": quote.number}, description=note,
            priority="high", due=today(), owner=quote.owner, concerns=[quote.id],
        )  # fmt: skip


@action(
    "sales.quote",
    _("Declined"),
    said=_("noted that the customer declined"),
    needs="change",
    icon="circle-x",
    offered={"state": (SENT,)},
    writes={"state": DECLINED, "closed_at": ..., "reason": ..., "work.task": CHANGED},
)
def decline(step: Step, quote: Quote, *, reason: Reason) -> None:
    """The customer has said no, and why."""
    declined(step, quote, reason)


@action(
    "sales.quote",
    _("New version"),
    said=_("made a new version"),
    needs="change",
    icon="copy-plus",
    offered={"state": (SENT, DECLINED, EXPIRED, SUPERSEDED)},
    writes={"sales.quote": NEW},
)
def revise(step: Step, quote: Quote) -> None:
    """A draft with the same number and content takes the place of this one as soon as it is sent."""
    step.require(
        quote.state not in (DRAFT, AWAITING, APPROVED), "still_open", _("This quote is not sent yet: please change it.")
    )
    step.require(quote.state != ACCEPTED, "accepted_already", _("An accepted quote has no newer version."))
    revision = quoting.next_revision(quote)
    carried = {name: getattr(quote, name) for name in _CARRIED}
    made = step.create("sales.quote", **carried)
    step.stamp(
        made, number=f"{quote.number.rpartition('/')[0] or quote.number}/{revision}", revision=revision,
        year=quote.year, sequence=quote.sequence, replaces=quote.id,
    )  # fmt: skip
    step.mark(quote)


@action(
    "sales.quote",
    _("Reminder before it ends"),
    said=_("reminded that the quote expires soon"),
    needs="change",
    icon="alarm-clock",
    only=("system",),
)
def remind_expiry(step: Step, quote: Quote) -> None:
    """Its validity ends soon and nobody has answered: its owner is told, once for each time it is sent."""
    form = quoting.form_of(step, quote)
    known = quote.reminded_at is not None and quote.sent_at is not None and quote.reminded_at >= quote.sent_at
    step.require(quote.state == SENT and not known, "not_due", _("No reminder is due."))
    step.require(
        quote.valid_until and quote.valid_until - dt.timedelta(days=form.remind_days or 3) <= today(), "not_due",
        _("No reminder is due."),
    )  # fmt: skip
    step.stamp(quote, reminded_at=step.now)
    step.keep(**{NOTIFY: [str(quote.owner)] if quote.owner else []})
    words = {"number": quote.number, "day": Date().show(quote.valid_until)}
    step.create(
        "work.task", subject=say("Quote %(number)s ends on %(day)s: ask for the answer") % words, priority="high",
        due=today(), owner=quote.owner, concerns=[quote.id],
    )  # fmt: skip


def needs_approval(step: Any, quote: Quote) -> bool:
    """Whether its highest discount is more than the form lets anybody give alone."""
    above = quoting.form_of(step, quote).approval_above
    return above is not None and (quote.discount_given or 0) > above


def keep_paper(step: Step, quote: Quote) -> None:
    """The PDF as it goes out, with its SHA-256: it stays so whatever becomes of letterhead, recipient and products."""
    if quote.document is None and step.scope.may(type_of("kernel.file"), "create"):
        file = keep_file(step, quote, f"{quote.number}.pdf", paper(step.scope, quote))
        step.stamp(quote, document=file.id)


def keep_file(step: Step, quote: Quote, name: str, content: bytes) -> Any:
    """A file of a quote, whose owner has it too.

    Bytes of a transaction that fails are swept up like those of an upload that nobody finished.
    """
    name = clean_name(name.replace("/", "-"))
    kept = keeping.keep(step.actor.tenant, [content], name)
    return step.create(
        "kernel.file", name=name, purpose="document", concerns=[quote.id], media_type=kept.media_type,
        size=kept.size, digest=kept.digest, place=kept.place, owner=step.actor.member or quote.owner,
    )  # fmt: skip


def keep_evidence(step: Step, quote: Quote, yes: Said) -> None:
    """The document of an acceptance, for both sides."""
    name = say("%(number)s acceptance.pdf") % {"number": quote.number}
    step.stamp(quote, evidence=keep_file(step, quote, name, evidence(step.scope, quote, yes)).id)


def _follow_up(step: Step, quote: Quote) -> None:
    """A task to ask what the customer thinks, before the quote expires; nothing for whoever may not make tasks."""
    if not step.scope.may(type_of("work.task"), "create"):
        return
    due = today() + FOLLOW_UP
    step.create(
        "work.task", subject=say("Follow up quote %(number)s") % {"number": quote.number},
        due=min(due, quote.valid_until or due), owner=quote.owner or step.actor.member, concerns=[quote.id],
    )  # fmt: skip


def _wait_no_more(step: Step, quote: Quote) -> None:
    """Nobody need ask for its answer: the tasks to follow it up and to ask before it ends are done."""
    for moment in {quote.sent_at, quote.reminded_at}:
        for task in tasks_of(quote, moment):
            step.follow(task, state="done", done_at=step.now)


def declined(step: Step, quote: Quote, reason: str) -> None:
    """Write down a no; without its reason nobody learns from it."""
    step.require(reason.strip(), "required", _("Please say why."), field="reason")
    answered(step, quote, DECLINED, reason.strip())


def answered(
    step: Step, quote: Quote, state: str, reason: str, options: Collection[int] = (), alternatives: Collection[int] = ()
) -> None:
    """Write down the answer; what was accepted counts with the options and alternatives that were chosen."""
    step.require(quote.state == SENT, "not_open", _("Only a quote that is sent and still valid can be answered."))
    _wait_no_more(step, quote)
    step.stamp(quote, state=state, closed_at=step.now, reason=reason)
    if state == ACCEPTED:
        totals, chosen = quoting.agreed(quote, options, alternatives), sorted({*options, *alternatives})
        step.stamp(
            quote, chosen=chosen, left_out=quoting.left_out(quote.positions or [], chosen),
            agreed_net=quoting.as_money(totals, "net"),
            agreed=quoting.as_money(totals, "gross"),
        )  # fmt: skip


def complete(step: Step, quote: Quote) -> None:
    """Refuse a quote without lines."""
    step.require(quote.positions, "no_lines", _("A quote needs at least one line."), field="positions")
