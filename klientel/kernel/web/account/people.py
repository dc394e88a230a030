"""Who asks, and as which member of which workspace. The kernel's middleware worked it out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Missing
from klientel.kernel.identity.actor import Actor
from klientel.kernel.identity.models import User


def signed_in(request: HttpRequest) -> User:
    """The login of a request that ``members_only`` let through."""
    user = request.user
    assert isinstance(user, User)
    return user


def acting(request: Any) -> Actor:
    """The actor of a request that has a workspace."""
    assert isinstance(request.actor, Actor)
    return request.actor


def workspaces(request: Any) -> list[dict[str, Any]]:
    """Where this login is an active member: ``id``, ``name`` and whether it is the ``current`` one."""
    return list(request.tenants)


def membership(request: Any) -> tuple[UUID, UUID, str]:
    """Tenant, member and the tenant's name; ``Missing`` where the login is a member of nothing."""
    if request.actor is None or request.tenant is None:
        raise Missing("workspace_missing", _("You are not a member of any workspace."))
    return request.tenant.id, request.actor.member, request.tenant.name
