"""Calls of other systems: written in the transaction that wants them, delivered afterwards, tried again, given up."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.channels.models.webhook import DUE, Webhook, WebhookCall, keep_secret
from klientel.channels.queries import hooks
from klientel.kernel.access.naming import types_of
from klientel.kernel.access.reading import get
from klientel.kernel.actions import Step, action
from klientel.kernel.events.consuming import wake
from klientel.kernel.kinds import Link, Links, LongText, Privacy, Sentence, Text, Whole
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current

CALL = "channels.webhookcall"


@action(CALL, _("Call a webhook"), said=_("called another system"), needs="create", new=True, outward=True, icon="send")
def send(
    step: Step,
    *,
    webhook: Annotated[UUID, Link("channels.webhook", _("webhook"))],
    topic: Annotated[str, Text(_("topic"), max_length=100)] = "",
    concerns: Annotated[list[UUID], Links("*", _("records that are sent along"))] = [],  # noqa: B006  never changed
    text: Annotated[str, LongText(_("text"), max_length=5000, privacy=Privacy.PERSONAL)] = "",
) -> Any:
    """Tell another system, with what the caller may see of these records; in this transaction or not at all."""
    types = types_of(concerns)
    records = [
        hooks.content(step.scope, type_of(types[i]), get(step.scope, type_of(types[i]), i))
        for i in concerns if i in types
    ]  # fmt: skip
    said = {"type": topic or "klientel", "timestamp": step.now.isoformat(), "data": {"text": text, "records": records}}
    made = step.create(CALL, webhook=webhook, topic=said["type"], concerns=concerns, payload=said)
    step.stamp(made, next_at=step.now)
    wake(current(), hooks.QUEUE)
    return made


@action(
    CALL,
    _("Call again"),
    said=_("called the other system again"),
    needs="change",
    undoable=False,
    icon="rotate-ccw",
    offered={"state": ("delivered", "failed", "recalled")},
)
def replay(step: Step, call: WebhookCall) -> None:
    """Once more, with the same id and content; the other side can tell that it has seen it."""
    step.require(call.state not in DUE, "under_way", _("This call is still under way."))
    step.stamp(call, state="waiting", attempts=0, next_at=step.now)
    wake(current(), hooks.QUEUE)


@action(
    CALL,
    _("Take back"),
    said=_("took the call back"),
    needs="change",
    undoable=False,
    icon="rotate-ccw",
    offered={"state": DUE},
)
def recall(step: Step, call: WebhookCall) -> None:
    """The other system is not called any more. One that is under way at this moment may still arrive: it says so."""
    step.require(call.state in DUE, "not_waiting", _("This call does not wait any more."))
    step.stamp(call, state="recalled", next_at=None)


@action(CALL, _("Note an answer"), said=_("noted the answer"), needs="change", undoable=False, only=("system",))
def answered(
    step: Step,
    call: WebhookCall,
    *,
    status: Annotated[int, Whole(_("answer code"))] = 0,
    reply: Annotated[str, Sentence(_("answer"), max_length=400, privacy=Privacy.PERSONAL)] = "",
) -> None:
    """What the other side said: done, later once more, or given up."""
    attempts = call.attempts + 1
    facts: dict[str, Any] = {"attempts": attempts, "status": status or None, "reply": reply}
    if 200 <= status < 300:
        facts |= {"state": "delivered", "next_at": None}
    elif call.state == "recalled":
        pass  # taken back while it was under way: it did not arrive, and is not tried again
    elif status == 410 or attempts > len(hooks.WAITS):
        facts |= {"state": "failed", "next_at": None}
    else:
        facts |= {"state": "later", "next_at": step.now + dt.timedelta(seconds=hooks.WAITS[attempts - 1])}
    step.stamp(call, **facts)


@action(
    "automation.workflow",
    _("Make a secret for calls"),
    said=_("made a secret for calls"),
    needs="change",
    undoable=False,
    icon="key-round",
)
def renew_call_secret(step: Step, workflow: Any) -> None:
    """Another system signs with it when it calls this workflow; an old one ends at once."""
    keep_secret(workflow.pk)
    step.mark(workflow)


@action(
    "channels.webhook",
    _("Make a new secret"),
    said=_("made a new secret"),
    needs="change",
    undoable=False,
    icon="key-round",
    dangerous=True,
)
def renew_secret(step: Step, webhook: Webhook) -> None:
    """The old one ends at once."""
    keep_secret(webhook.pk)
    step.mark(webhook)
