"""The tenant one works in: chosen from one's memberships, kept in the session, checked at every request."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from klientel.kernel import access
from klientel.kernel.errors import Missing
from klientel.kernel.identity.models import User

SESSION_KEY = "tenant"


@dataclass(frozen=True, slots=True)
class Membership:
    """One tenant a login may work in, and as which member."""

    tenant_id: UUID
    member_id: UUID
    tenant_name: str


def signed_in(request: HttpRequest) -> User:
    """The login of a request that ``members_only`` let through."""
    user = request.user
    assert isinstance(user, User)
    return user


def memberships(request: HttpRequest) -> list[Membership]:
    """Where this login is an active member, in the order of names."""
    found = [Membership(*row) for row in access.memberships(signed_in(request).id)]
    return sorted(found, key=lambda each: each.tenant_name.casefold())


def chosen(request: HttpRequest) -> Membership | None:
    """The membership in use: the chosen one while it lasts, else the first; none where there is no membership."""
    mine = memberships(request)
    wanted = request.session.get(SESSION_KEY)
    return next((each for each in mine if each.tenant_id.hex == wanted), mine[0] if mine else None)


def choose(request: HttpRequest, tenant_id: UUID) -> None:
    """Work in this tenant from now on; ``Missing`` where one is no member of it."""
    found = next((each for each in memberships(request) if each.tenant_id == tenant_id), None)
    if found is None:
        raise Missing("workspace_missing", _("There is no such workspace."))
    request.session[SESSION_KEY] = tenant_id.hex
    messages.success(request, _("You now work in %(name)s.") % {"name": found.tenant_name})
