"""Makes tenants, members and whole records for tests, through actions as everybody else does."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from klientel.kernel.access import actor_of, system_actor
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Links
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.tenancy.models import Tenant


def make_tenant(slug: str, **facts: Any) -> Tenant:
    """A tenant without anybody in it."""
    return Tenant.objects.create(name=slug.title(), slug=slug, **facts)


def make_member(name: str, grants: list[dict[str, Any]], **facts: Any) -> Actor:
    """A member of the current tenant who holds one role with these grants, as an actor."""
    system = system_actor()
    role = run(system, "kernel.role.create", name=f"{name}'s role", grants=grants).record
    member = run(system, "kernel.member.create", name=name, roles=[role.id], active=True, **facts).record
    return actor_of(member.id)


def maker(actor: Actor, rtype: RecordType) -> Actor:
    """Who makes a record of this type where ``actor`` wants one: somebody else where nobody does so by hand."""
    return system_actor(kind=rtype.made_by[0]) if rtype.made_by else actor


def make(actor: Actor, rtype: RecordType | str, n: int = 1, **given: Any) -> Any:
    """A record with something in every field and every required link followed, unless ``given`` says otherwise."""
    rtype = type_of(rtype)
    values = rtype.sample(n) | given
    for name, kind in rtype.links.items():
        if kind.required and name not in values:
            to = rtype.key if kind.to == "*" else kind.to
            unique = {"name": f"Tag {uuid4()}"} if kind.to == "*" else {}
            other = make(actor, "kernel.tag" if kind.to == "*" else to, n, **unique)
            values[name] = [other.id] if isinstance(kind, Links) else other.id
    return run(maker(actor, rtype), f"{rtype.key}.create", **values).record


__all__ = ["make", "make_member", "make_tenant", "maker"]
