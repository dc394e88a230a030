"""A member's grants, narrowed to what a token's scopes allow. Narrowing the actor itself leaves no side door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from klientel.kernel import access
from klientel.kernel.access import ActorScope
from klientel.kernel.identity import tokens
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.identity.tokens import TokenFacts
from klientel.kernel.kinds import Privacy
from klientel.kernel.records import RecordType, all_types

MOST_KEPT = 2000

_known: dict[tuple[UUID, UUID], tuple[tuple[object, ...], ActorScope]] = {}


def scope_of(facts: TokenFacts) -> ActorScope:
    """Under whose eyes a token's requests run. Remembered until rights, own fields or the token change.

    Raises ``Forbidden`` where the member is gone or inactive.
    """
    member = access.actor_of(facts.member_id, version=facts.place.access_version)
    stand = (member, facts.place.schema_version, facts.scopes, facts.name)
    known = _known.get((facts.tenant_id, facts.id))
    if known is not None and known[0][0] is member and known[0][1:] == stand[1:]:
        return known[1]
    if len(_known) >= MOST_KEPT:
        _known.clear()
    made = ActorScope(_actor(member, facts))
    _known[(facts.tenant_id, facts.id)] = (stand, made)
    return made


def _actor(member: Actor, facts: TokenFacts) -> Actor:
    return Actor(
        kind="token",
        id=facts.id,
        name=f"{facts.name} ({member.name})",
        tenant=member.tenant,
        member=member.member,
        grants=narrowed(member.grants, facts.scopes),
        teams=member.teams,
        language=member.language,
        time_zone=member.time_zone,
    )


def narrowed(grants: tuple[Grant, ...], scopes: Iterable[str]) -> tuple[Grant, ...]:
    """What both the grants and the scopes allow."""
    scopes = tuple(scopes)
    if tokens.WRITE in scopes:
        return grants
    types = all_types()
    return tuple(dict.fromkeys(made for scope in scopes for made in _under(scope, grants, types)))


def _under(scope: str, grants: tuple[Grant, ...], types: list[RecordType]) -> Iterator[Grant]:
    keys, verbs = _meant(scope, types)
    for rtype in types:
        if rtype.key not in keys:
            continue
        for grant in grants:
            if not _speaks_of(grant, rtype):
                continue
            for verb in verbs:
                both = grant.verb if verb == "*" else verb if grant.verb in ("*", verb) else None
                if both is not None:
                    yield Grant(rtype.key, both, grant.where, _hidden(grant, rtype), grant.readonly)


def _meant(scope: str, types: list[RecordType]) -> tuple[set[str], tuple[str, ...]]:
    """The types and verbs that a scope names."""
    keys = {t.key for t in types}
    if scope == tokens.READ:
        return keys, ("view", "export")
    if scope in keys:
        return {scope}, ("*",)
    key, _dot, verb = scope.rpartition(".")
    return (keys if key == "*" else {key} & keys), (verb,)


def _speaks_of(grant: Grant, rtype: RecordType) -> bool:
    """As the access storey reads grants: ``*`` speaks of settings only together with every verb."""
    return grant.record == rtype.key or (grant.record == "*" and (not rtype.system or grant.verb == "*"))


def _hidden(grant: Grant, rtype: RecordType) -> tuple[str, ...]:
    """A grant that never named the type showed no sensitive fields, so its narrowed one, which does, hides them."""
    if grant.record == rtype.key or (grant.record == "*" and grant.verb == "*"):
        return grant.hidden
    return (*grant.hidden, *(n for n, k in rtype.fields.items() if k.privacy == Privacy.SENSITIVE))
