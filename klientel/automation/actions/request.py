"""Answers to what a workflow asks."""

from __future__ import annotations

from typing import Annotated, Any

from django.utils.translation import gettext_lazy as _

from klientel.automation.models import Request
from klientel.automation.queries.filling import unfilled
from klientel.kernel.access.actors import MINE, everybody
from klientel.kernel.actions import Step, action
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Grant
from klientel.kernel.kinds import LongText, Privacy

everybody(*(Grant("automation.request", verb, MINE) for verb in ("view", "approve", "decline")))

Note = Annotated[str, LongText(_("note"), max_length=2000, privacy=Privacy.PERSONAL)]


def _answer(step: Step, request: Any, state: str, note: str) -> None:
    step.require(request.state == "open", "answered", _("This has been answered already."))
    step.stamp(request, state=state, note=note, answered_by=step.actor.member)


@action("automation.request", _("Yes"), said=_("said yes"), icon="check", undoable=False)
def approve(step: Step, request: Request, *, note: Note = "") -> None:
    """Say yes: the workflow goes on. What it asked to be filled in has to stand in the record by then."""
    if missing := unfilled(step.scope, request):
        raise Refused("required", _("Please fill in: %(name)s.") % {"name": missing[0].verbose_name}, missing[0].name)
    _answer(step, request, "approved", note)


@action("automation.request", _("No"), said=_("said no"), icon="x", undoable=False)
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
)
def expire(step: Step, request: Request) -> None:
    """Nobody answered in time."""
    _answer(step, request, "expired", "")
