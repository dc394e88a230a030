"""A guest becomes a member: the action that makes the membership, run by the system on the invitation's word."""

from __future__ import annotations

from uuid import UUID

from klientel.kernel import access, actions
from klientel.kernel.identity.models import Invitation, User
from klientel.kernel.tenancy import inside


def join(invitation: Invitation, user: User) -> None:
    """Give the waiting member its login (``parameters["member"]``), else create a member as ``parameters`` say."""
    given = dict(invitation.parameters)
    waiting = given.pop("member", None)
    with inside(invitation.tenant_id):
        system = access.system_actor()
        if waiting is not None:
            actions.run(system, "kernel.member.change", UUID(waiting), user=user.id)
            return
        about = {"name": user.name, "email": user.email, "language": user.language, "user": user.id}
        actions.run(system, "kernel.member.create", **(given | about))
