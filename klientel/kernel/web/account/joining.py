"""A guest becomes a member: the actions that make the membership, run by the system on the invitation's word."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel import access
from klientel.kernel.actions import Step, action, run
from klientel.kernel.errors import Forbidden
from klientel.kernel.identity.models import Invitation, User
from klientel.kernel.kinds import Link
from klientel.kernel.tenancy import inside


@action("kernel.member", _("Connect login"), said=_("connected the sign-in"), icon="log-in", only=("system",))
def connect(step: Step, record: Any, *, user: Annotated[UUID, Link("kernel.user", _("login"))]) -> None:
    """Give a member the login it signs in with. Only the system does, when the owner of the login has agreed."""
    if step.actor.kind != "system":
        raise Forbidden("system_only", _("A member is connected by accepting an invitation."))
    step.stamp(record, user=user)


def join(invitation: Invitation, user: User) -> None:
    """Connect the waiting member (``parameters["member"]``), else one made as ``parameters`` say (``roles``, ``team``).

    A login that is a member already stays the one member it is.
    """
    given = dict(invitation.parameters)
    waiting = given.pop("member", None)
    if any(tenant_id == invitation.tenant_id for tenant_id, _member, _name in access.memberships(user.id)):
        return
    if waiting is None:
        add_member(invitation.tenant_id, user, **given)
        return
    with inside(invitation.tenant_id):
        run(access.system_actor(), "kernel.member.connect", UUID(waiting), user=user.id)


def add_member(tenant_id: UUID, user: User, **facts: Any) -> UUID:
    """A new member of the tenant who signs in as ``user``; ``facts`` are further fields (``roles``, ``team``)."""
    about = {"name": user.name, "email": user.email, "language": user.language} | facts
    with inside(tenant_id):
        system = access.system_actor()
        member = run(system, "kernel.member.create", **about).record
        run(system, "kernel.member.connect", member.id, user=user.id)
    return UUID(str(member.id))
