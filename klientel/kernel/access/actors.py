"""From a member to an actor: roles to grants, teams with all below them. Cached until the tenant's access changes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Forbidden
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.tenancy import current, inside

_cache: dict[tuple[UUID, UUID], tuple[int, Actor]] = {}

EVERYTHING = (Grant("*", "*"),)

MINE = {"field": "owner", "op": "is", "value": {"me": True}}
_SHARED = {
    "any": [
        MINE,
        {"field": "shared", "op": "is", "value": "all"},
        {
            "all": [
                {"field": "shared", "op": "is", "value": "team"},
                {"field": "team", "op": "one_of", "value": [{"my_teams": True}]},
            ]
        },
    ]
}
#: what every member may do beside what roles grant: own views and comments on what one may see
BASE = (
    Grant("kernel.view", "view", _SHARED),
    Grant("kernel.view", "create", MINE),
    Grant("kernel.view", "change", MINE),
    Grant("kernel.view", "archive", MINE),
    Grant("kernel.comment", "view", {"seen": "about"}),
    Grant("kernel.warning", "view", {"seen": "about"}),
    Grant("kernel.warning", "accept", {"seen": "about"}),
    Grant("kernel.comment", "create", {"seen": "about"}),
    Grant("kernel.comment", "change", MINE),
    Grant("kernel.comment", "archive", MINE),
)

_MEMBER = """
WITH RECURSIVE below AS (
    SELECT t.id FROM kernel_team t JOIN kernel_member m ON m.team = t.id
    WHERE m.id = %(member)s AND t.tenant_id = %(tenant)s AND m.tenant_id = %(tenant)s
    UNION
    SELECT t.id FROM kernel_team t JOIN below b ON t.parent = b.id WHERE t.tenant_id = %(tenant)s
)
SELECT m.name, m.active AND m.archived_at IS NULL, n.access_version, n.time_zone,
    COALESCE(NULLIF(m.language, ''), n.language),
    (SELECT coalesce(jsonb_agg(r.grants), '[]') FROM kernel_role r
     WHERE r.tenant_id = %(tenant)s AND r.id = ANY(m.roles) AND r.archived_at IS NULL),
    ARRAY(SELECT id FROM below)
FROM kernel_member m JOIN kernel_tenant n ON n.id = m.tenant_id
WHERE m.tenant_id = %(tenant)s AND m.id = %(member)s
"""

_ALSO: list[Grant] = []


def everybodys() -> tuple[Grant, ...]:
    """What every member may do beside what roles grant."""
    return BASE + tuple(_ALSO)


def everybody(*grants: Grant) -> None:
    """Declare what every member may do beside this, with records of an app."""
    _ALSO.extend(grants)


def actor_of(member_id: UUID, *, version: int | None = None) -> Actor:
    """The member as an actor in the current tenant; :class:`Forbidden` where there is none or it is inactive.

    ``version`` is the tenant's ``access_version`` where the caller has read it already: then a cached actor
    costs nothing.
    """
    tenant = current()
    known = _cache.get((tenant, member_id))
    if known and version is not None and known[0] == version:
        return known[1]
    with connection.cursor() as cursor:
        cursor.execute(_MEMBER, {"member": member_id, "tenant": tenant})
        row = cursor.fetchone()
    if row is None or not row[1]:
        _cache.pop((tenant, member_id), None)
        raise Forbidden("not_a_member", _("You have no access to this workspace."))
    name, _active, now, time_zone, language, grants, teams = row
    made = Actor(
        kind="member",
        id=member_id,
        member=member_id,
        name=name,
        tenant=tenant,
        time_zone=time_zone,
        language=language,
        grants=grants_of(_flat(grants)) + everybodys(),
        teams=tuple(teams),
    )
    _cache[(tenant, member_id)] = (now, made)
    return made


def _flat(grants: Any) -> list[dict[str, Any]]:
    lists = orjson.loads(grants) if isinstance(grants, str | bytes) else grants
    return [g for one in lists for g in one]


def grants_of(rows: list[dict[str, Any]]) -> tuple[Grant, ...]:
    """Grants from their JSON. A row of the wrong shape grants nothing."""
    return tuple(
        Grant(
            record=str(g.get("record", "")),
            verb=str(g.get("verb", "")),
            where=g.get("where") or {},
            hidden=tuple(g.get("hidden") or ()),
            readonly=tuple(g.get("readonly") or ()),
        )
        for g in rows
        if isinstance(g, dict)
    )


def system_actor(name: str = "Klientel", *, kind: str = "system", id: UUID | None = None) -> Actor:  # noqa: A002
    """The system itself in the current tenant: set-up, jobs, commands of the console. Holds every grant."""
    return Actor(kind=kind, id=id or UUID(int=0), name=name, tenant=current(), grants=EVERYTHING)  # type: ignore[arg-type]


def memberships(user_id: UUID) -> list[tuple[UUID, UUID, str]]:
    """Where a login belongs: (tenant, member, tenant's name), by name."""
    with inside(None), connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.tenant_id, s.member_id, t.name"
            " FROM kernel_membership s JOIN kernel_tenant t ON t.id = s.tenant_id"
            " WHERE s.user_id = %s AND s.active ORDER BY t.name, s.tenant_id",
            [user_id],
        )
        return [(row[0], row[1], row[2]) for row in cursor.fetchall()]
