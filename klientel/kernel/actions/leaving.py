"""Deactivating a member as an action: closed at once; the worker hands over what they own, in the same change set."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import actor_of, system_actor
from klientel.kernel.actions.declaring import action
from klientel.kernel.actions.handover import close, hand_over
from klientel.kernel.actions.step import Step
from klientel.kernel.jobs import defer, job
from klientel.kernel.kinds import Link
from klientel.kernel.tenancy import current


@job(queue="long")
def hand_over_all(*, member: UUID, to: UUID, change_set: UUID, by: UUID) -> None:
    """Give all that the member owns to the colleague; what is done already is not there any more."""
    with transaction.atomic():
        actor = actor_of(by) if by != UUID(int=0) else system_actor()
    hand_over(actor, member, to, change_set=change_set)


@action("kernel.member", _("Deactivate"), said=_("deactivated"), needs="change", icon="user-x", dangerous=True)
def deactivate(
    step: Step, member: Any, *, to: Annotated[UUID, Link("kernel.member", _("hand everything over to"))]
) -> None:
    """End a member's access, and give all they own to a colleague."""
    heir = type(member).objects.filter(pk=to, active=True, archived_at=None).first()
    step.require(heir is not None and to != member.id, "no_heir", _("Please choose an active colleague."), "to")
    step.require(step.actor.member != member.id, "not_oneself", _("You cannot deactivate yourself."))
    step.change(member, active=False)
    close(member)
    by = step.actor.member or UUID(int=0)
    defer(hand_over_all, tenant=current(), member=member.id, to=to, change_set=step.change_set, by=by)
