"""Workflows for the usual cases. They name types, fields and actions of other apps; what a tenant lacks is left out.

Texts are written in the language of whoever takes a preset, and belong to the workflow from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from klientel.automation.models import shape
from klientel.automation.queries import checking
from klientel.kernel.access import ActorScope


@dataclass(frozen=True)
class Preset:
    """A workflow that can be taken over: ``definition`` makes it in the active language."""

    key: str
    name: Any
    purpose: Any
    definition: Callable[[], shape.Definition]


def task(subject: str, *, due: int = 1, owner: Any = None, **params: Any) -> dict[str, Any]:
    """A step that makes a task about the record."""
    given = {"subject": subject, "concerns": [{"of": "id"}], "due": {"in": due, "unit": "days"},
             "owner": owner or {"of": "owner"}}  # fmt: skip
    return {"do": "action", "action": "work.task.create", "params": {**given, **params}}


def notify(text: str, who: str = "owner") -> dict[str, Any]:
    """A step that tells somebody."""
    return {"do": "notify", "who": who, "text": text}


def _unanswered() -> shape.Definition:
    reacted = {"field": "first_response_at", "op": "not_empty"}
    escalation = say("Escalation: {{title}} is still unanswered")
    still = {"do": "await", "where": reacted, "n": 4, "unit": "hours", "then": [],
             "late": [task(escalation, due=0, owner={"me": True}, priority="high"),
                      notify(say("Nobody has answered {{title}} yet"), "me")]}  # fmt: skip
    remind = [notify(say("Please answer: {{title}}")), still]
    wait = {"do": "await", "where": reacted, "n": 2, "unit": "hours", "then": [], "late": remind}
    return {"on": "sales.lead", "trigger": {"when": "made"}, "where": None, "again": "once", "steps": [wait]}


def _won() -> shape.Definition:
    trigger = {"when": "changed", "fields": [{"field": "state", "to": "won"}]}
    steps = [task(say("Thank the customer: {{title}}")), task(say("Hand over to delivery: {{title}}"), due=3)]
    return {"on": "sales.deal", "trigger": trigger, "where": None, "again": "once", "steps": steps}


def _accepted() -> shape.Definition:
    trigger = {"when": "changed", "fields": [{"field": "state", "to": "accepted"}]}
    steps = [notify(say("{{title}} was accepted")), task(say("Confirm the order: {{title}}"), priority="high")]
    return {"on": "sales.quote", "trigger": trigger, "where": None, "again": "once", "steps": steps}


def _ends() -> shape.Definition:
    trigger = {"when": "date", "field": "ends", "days": -90, "at": "08:00"}
    where = {"field": "state", "op": "is", "value": "active"}
    steps = [task(say("Talk about renewing: {{title}} ends on {{ends}}"), due=14)]
    return {"on": "sales.contract", "trigger": trigger, "where": where, "again": "always", "steps": steps}


def _overdue() -> shape.Definition:
    trigger = {"when": "schedule", "rule": "FREQ=WEEKLY;BYDAY=MO", "at": "08:00"}
    where = {"all": [{"field": "state", "op": "is", "value": "open"},
                     {"field": "expected_close", "op": "before", "value": {"today": True}}]}  # fmt: skip
    steps = [notify(say("{{title}} should have been closed by now: please move or close it"))]
    return {"on": "sales.deal", "trigger": trigger, "where": where, "again": "one", "steps": steps}


def _quoted() -> shape.Definition:
    trigger = {"when": "changed", "fields": [{"field": "state", "to": "sent"}]}
    answered = {"field": "state", "op": "is_not", "value": "sent"}
    wait = {"do": "await", "where": answered, "n": 7, "unit": "days", "then": [],
            "late": [task(say("Ask about the quote: {{title}}"))]}  # fmt: skip
    return {"on": "sales.quote", "trigger": trigger, "where": None, "again": "one", "steps": [wait]}


def _lost() -> shape.Definition:
    trigger = {"when": "changed", "fields": [{"field": "state", "to": "lost"}]}
    where = {"all": [{"field": "state", "op": "is", "value": "lost"}, {"field": "reason_note", "op": "empty"}]}
    ask = {"do": "ask", "who": "owner", "question": say("Why was {{title}} lost?"), "n": 3, "unit": "days",
           "fields": ["reason_note", "lost_to"], "needed": ["reason_note"], "then": [],
           "else": [notify(say("Nobody has said why {{title}} was lost"), "me")]}  # fmt: skip
    return {"on": "sales.deal", "trigger": trigger, "where": where, "again": "once", "steps": [ask]}


USUAL = (
    Preset("unanswered", _("New lead without a reaction"),
           _("Reminds whoever looks after a new lead after two hours, escalates after four more."), _unanswered),
    Preset("won", _("Deal won"), _("Makes the tasks that follow a won deal."), _won),
    Preset("quoted", _("Quote without an answer"),
           _("Makes a task where a sent quote was not answered within a week."), _quoted),
    Preset("accepted", _("Quote accepted"), _("Tells the owner and makes the task that follows."), _accepted),
    Preset("lost", _("Deal lost"), _("Asks the owner why, with a form whose answers stand in the deal."), _lost),
    Preset("ends", _("Contract ends in 90 days"),
           _("Makes a task early enough to talk about renewing."), _ends),
    Preset("overdue", _("Deals past their date"),
           _("Every Monday: reminds owners of open deals whose expected close has passed."), _overdue),
)  # fmt: skip


def usual(scope: ActorScope) -> list[Preset]:
    """The presets that this actor could activate here."""
    return [one for one in USUAL if not checking.refusals(one.definition(), scope)]
