"""Nobody hands out more than they hold: who gives a member roles may do everything those roles allow, or may change
roles anyway."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.actors import grants_of
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import Forbidden, Refused, filled
from klientel.kernel.identity.actor import Grant
from klientel.kernel.records import type_of
from klientel.kernel.sql import loaded
from klientel.kernel.tenancy import current

ROLE = "kernel.role"


def manages_roles(scope: ActorScope) -> bool:
    """Whether the actor may change roles themselves, and so may anyway give them to anybody."""
    return any(g.record in ("*", ROLE) and not g.where for g in scope.grants(type_of(ROLE), "change"))


def beyond(scope: ActorScope, roles: Iterable[UUID]) -> list[str]:
    """The names of those roles that allow more than the actor may do; none where they manage roles."""
    wanted = list(roles)
    if not wanted or manages_roles(scope):
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, grants FROM kernel_role WHERE tenant_id = %s AND id = ANY(%s) ORDER BY name",
            [current(), wanted],
        )
        rows = cursor.fetchall()
    return [name for name, held in rows if not all(holds(scope, g) for g in grants_of(loaded(held)))]


def holds(scope: ActorScope, grant: Grant) -> bool:
    """Whether one of the actor's own grants allows all that this one allows."""
    return any(_covers(own, grant) for own in scope.actor.grants)


def _covers(own: Grant, grant: Grant) -> bool:
    wide = own.record == "*" and (own.verb == "*" or not _of_settings(grant.record))
    if not (own.record == grant.record or wide) or own.verb not in ("*", grant.verb):
        return False
    if own.where and own.where != grant.where:
        return False
    return set(own.hidden) <= set(grant.hidden) and set(own.readonly) <= set(grant.readonly)


def _of_settings(key: str) -> bool:
    return key != "*" and type_of(key).system


def refuse(names: list[str]) -> Refused:
    """Why these roles cannot be given by this actor."""
    text = filled(_("You cannot give rights that you do not have yourself: %(roles)s."), {"roles": ", ".join(names)})
    return Forbidden("beyond_own_rights", text, "roles")


def given(scope: ActorScope, drafts: list[Any]) -> dict[int, Refused]:
    """Refusals, by item, of members who were given more than the actor may give: by roles, or by a team that widens
    what the actor may see themselves."""
    refusals: dict[int, Refused] = {}
    for draft in drafts:
        before, after = draft.changes.get("roles", (None, None))
        added = {UUID(r) for r in after or ()} - {UUID(r) for r in before or ()}
        if added and (names := beyond(scope, added)):
            refusals[draft.item] = refuse(names)
        elif draft.record.id == scope.me and _widens(scope, draft.changes.get("team")):
            refusals[draft.item] = Forbidden(
                "beyond_own_rights", _("You cannot move yourself to a team that is not below your own."), "team"
            )
    return refusals


def _widens(scope: ActorScope, change: list[Any] | None) -> bool:
    team = change[1] if change else None
    return team is not None and UUID(team) not in scope.teams and not manages_roles(scope)
