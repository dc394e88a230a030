"""A discount above the threshold is approved by somebody else than who gives it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import CHANGED, NEW
from klientel.kernel.errors import Forbidden
from klientel.kernel.events.notices import NOTIFY, notice
from klientel.kernel.kinds import LongText, Text, today
from klientel.sales.actions.quote import complete
from klientel.sales.models import Quote, quoting
from klientel.sales.models.quoting import APPROVED, AWAITING, DRAFT
from klientel.sales.queries import approval
from klientel.sales.queries.waiting import tasks_of

PAGE = "quote_approval"
Note = Annotated[str, LongText(_("note"), max_length=1000)]
Reason = Annotated[str, Text(_("reason"), max_length=500)]

notice("sales.quote.ask_approval", _("%(who)s asks you to approve %(what)s"), icon="shield-question-mark", page=PAGE)
notice("sales.quote.remind_approval", _("Still waits for your approval: %(what)s"), icon="alarm-clock", page=PAGE)
notice("sales.quote.approve", _("%(who)s approved %(what)s"), icon="shield-check")
notice("sales.quote.send_back", _("%(who)s sent back %(what)s"), icon="shield-x")


@action(
    "sales.quote",
    _("Ask for approval"),
    said=_("asked for approval"),
    needs="change",
    icon="shield-question-mark",
    offered={"state": (DRAFT,)},
    writes={
        "state": AWAITING,
        "asked_by": ...,
        "approved_by": ...,
        "asked_at": ...,
        "reminded_at": ...,
        "work.task": NEW,
    },
)
def ask_approval(step: Step, quote: Quote, *, note: Note = "") -> None:
    """The discount is more than one may give alone: whoever approves is told and gets a task."""
    step.require(quote.state == DRAFT, "not_a_draft", _("Only a draft can be sent for approval."))
    complete(step, quote)
    asked = [one for one in approval.others(quoting.form_of(step, quote), quote) if one != step.actor.member]
    step.require(asked, "nobody_approves", _("The quote form names nobody else who has the right to approve this."))
    step.stamp(quote, state=AWAITING, asked_by=step.actor.member, approved_by=None, asked_at=step.now, reminded_at=None)
    step.keep(**{NOTIFY: [str(one) for one in asked]})
    step.create(
        "work.task", subject=say("Approve quote %(number)s") % {"number": quote.number}, description=note,
        priority="high", due=today(), owner=asked[0], concerns=[quote.id],
    )  # fmt: skip


@action(
    "sales.quote",
    _("Approve"),
    said=_("approved the quote"),
    icon="shield-check",
    undoable=False,
    offered={"state": (AWAITING,)},
    writes={"state": APPROVED, "approved_by": ..., "work.task": CHANGED},
)
def approve(step: Step, quote: Quote, *, note: Note = "") -> None:
    """The discount may be given."""
    _judge(step, quote)
    step.stamp(quote, state=APPROVED, approved_by=step.actor.member)


@action(
    "sales.quote",
    _("Send back"),
    said=_("sent the quote back for changes"),
    needs="approve",
    icon="shield-x",
    offered={"state": (AWAITING,)},
    writes={"state": DRAFT, "reason": ..., "work.task": CHANGED},
)
def send_back(step: Step, quote: Quote, *, reason: Reason) -> None:
    """The discount may not be given; the quote is a draft again."""
    _judge(step, quote)
    step.stamp(quote, state=DRAFT, reason=reason)


@action(
    "sales.quote",
    _("Back to draft"),
    said=_("put the quote back to draft"),
    needs="change",
    icon="pencil-line",
    offered={"state": (AWAITING, APPROVED)},
    writes={"state": DRAFT, "approved_by": ..., "work.task": CHANGED},
)
def withdraw(step: Step, quote: Quote) -> None:
    """Change it once more before it goes out; an approval is lost by that."""
    step.require(quote.state in (AWAITING, APPROVED), "not_waiting", _("This quote is not waiting for anything."))
    _settle_tasks(step, quote)
    step.stamp(quote, state=DRAFT, approved_by=None)


@action(
    "sales.quote",
    _("Reminder of the approval"),
    said=_("reminded of the approval"),
    needs="change",
    icon="alarm-clock",
    only=("system",),
)
def remind_approval(step: Step, quote: Quote) -> None:
    """Nobody has decided yet: those who may are told once more."""
    step.require(quote.state == AWAITING, "not_waiting", _("This quote is not waiting for anything."))
    form = quoting.form_of(step, quote)
    since = max(one for one in (quote.asked_at, quote.reminded_at, quote.created_at) if one is not None)
    due = since + dt.timedelta(days=form.approval_days or 1) <= step.now
    step.require(due, "not_due", _("No reminder is due."))
    step.stamp(quote, reminded_at=step.now)
    step.keep(**{NOTIFY: [str(one) for one in approval.others(form, quote)]})


def why_not(me: object, form: object, quote: Quote) -> Forbidden | None:
    """Why somebody does not decide about this quote; nothing where they do."""
    if me is None or me not in approval.judges(form):
        message = _("Only the approver named in the quote form or the deputy decides this.")
        return Forbidden("not_the_approver", message)
    if me in approval.givers(quote):
        return Forbidden("own_discount", _("Nobody approves their own discount."))
    return None


def _judge(step: Step, quote: Quote) -> None:
    step.require(quote.state == AWAITING, "not_waiting", _("This quote is not waiting for anything."))
    if no := why_not(step.actor.member, quoting.form_of(step, quote), quote):
        raise no
    _settle_tasks(step, quote)
    step.keep(**{NOTIFY: [str(quote.asked_by)] if quote.asked_by else []})


def _settle_tasks(step: Step, quote: Quote) -> None:
    for task in tasks_of(quote, quote.asked_at):
        step.follow(task, state="done", done_at=step.now)
