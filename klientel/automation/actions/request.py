"""Answers to what a workflow asks."""

from __future__ import annotations

from typing import Annotated, Any

from django.utils.translation import gettext_lazy as _

from klientel.automation.models import Request
from klientel.automation.queries.filling import answered, unfilled
from klientel.kernel.access.actors import MINE, everybody
from klientel.kernel.actions import Step, action
from klientel.kernel.errors import Refused, filled
from klientel.kernel.identity.actor import Grant
from klientel.kernel.kinds import Json, LongText, Privacy

everybody(*(Grant("automation.request", verb, MINE) for verb in ("view", "approve", "decline")))

Answers = Annotated[dict[str, Any] | None, Json(_("answers"), privacy=Privacy.PERSONAL)]
Note = Annotated[str, LongText(_("note"), max_length=2000, privacy=Privacy.PERSONAL)]


def _answer(step: Step, request: Any, state: str, note: str, **answers: Any) -> None:
    step.require(request.state == "open", "answered", _("This has been answered already."))
    step.stamp(request, state=state, note=note, answered_by=step.actor.member, **answers)


@action(
    "automation.request",
    _("Yes"),
    said=_("said yes"),
    icon="check",
    undoable=False,
    offered={"state": ("open",)},
    writes={"state": "approved", "note": ..., "answered_by": ..., "answers": ...},
)
def approve(step: Step, request: Request, *, note: Note = "", answers: Answers = None) -> None:
    """Say yes: the workflow goes on. What it asked to be filled in has to stand in the record by then.

    ``answers`` to its own questions, by name (``{"answer_budget": 5000}``); those that are needed have to be there.
    """
    if missing := unfilled(step.scope, request):
        first = missing[0]
        raise Refused("required", filled(_("Please fill in: %(name)s."), {"name": first.verbose_name}), first.name)
    _answer(step, request, "approved", note, answers=answered(request, answers or {}))


@action(
    "automation.request",
    _("No"),
    said=_("said no"),
    icon="x",
    undoable=False,
    offered={"state": ("open",)},
    writes={"state": "declined", "note": ..., "answered_by": ...},
)
def decline(step: Step, request: Request, *, note: Note = "") -> None:
    """Say no: the workflow goes the other way."""
    _answer(step, request, "declined", note)


@action(
    "automation.request",
    _("Expire"),
    said=_("gave up waiting for an answer"),
    icon="clock",
    undoable=False,
    only=("workflow",),
    writes={"state": "expired", "note": ..., "answered_by": ...},
)
def expire(step: Step, request: Request) -> None:
    """Nobody answered in time."""
    _answer(step, request, "expired", "")
