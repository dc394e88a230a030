"""A member leaves: all they own goes to a colleague, their sessions and tokens end, their history stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.actors import EVERYTHING
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get, visible_ids
from klientel.kernel.actions.running import Item, run, run_many
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.identity import accounts, tokens
from klientel.kernel.identity.actor import Actor
from klientel.kernel.identity.models import User
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.sql import TRUE
from klientel.kernel.tenancy import PRIVACY, current, inside
from klientel.lib.ids import uuid7

CHUNK = 500


@dataclass
class HandedOver:
    """What became of a member's records: one change set, so that one undo takes it all back."""

    change_set: UUID
    records: int = 0
    by_type: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[str, Refused]] = field(default_factory=list)


def hand_over(actor: Actor, member: UUID, to: UUID, *, change_set: UUID | None = None) -> HandedOver:
    """Give everything that ``member`` owns to ``to``, in chunks that commit by themselves; safe to repeat.

    Whoever may change members may do this, also with records they may not see themselves.
    """
    _check(actor, member, to)
    result, whole = HandedOver(change_set or uuid7()), replace(actor, grants=EVERYTHING)
    with inside(current(), purpose=PRIVACY):
        for rtype in all_types():
            for some in _owned(rtype, member):
                items = [Item(i, {"owner": to}) for i in some]
                for outcome in run_many(whole, f"{rtype.key}.assign", items, change_set=result.change_set):
                    if outcome.refused is not None:
                        result.refused.append((rtype.key, outcome.refused))
                        continue
                    result.records += 1
                    result.by_type[rtype.key] = result.by_type.get(rtype.key, 0) + 1
    return result


def _check(actor: Actor, member: UUID, to: UUID) -> None:
    rtype, scope = type_of("kernel.member"), ActorScope(actor)
    with transaction.atomic():
        get(scope, rtype, member)
        if not visible_ids(scope, rtype, [member], "change"):
            raise Forbidden("forbidden", _("You may not do this here."))
        heir = get(scope, rtype, to, archived=False)
    if member == to or not heir.active:
        raise Refused("no_heir", _("Please choose an active colleague."), "to")


def _owned(rtype: RecordType, member: UUID) -> Iterator[list[UUID]]:
    """Ids of what the member owns, a chunk at a time, in the order of their ids; what is in the trash stays there."""
    base, last = rtype.base("t") or TRUE, UUID(int=0)
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.id FROM {rtype.table} t WHERE t.tenant_id = %s AND t.owner = %s AND t.archived_at IS NULL"
                f" AND t.id > %s AND {base.text} ORDER BY t.id LIMIT {CHUNK}",
                [current(), member, last, *base.params],
            )
            some = [row[0] for row in cursor.fetchall()]
        if not some:
            return
        yield some
        last = some[-1]


def deactivate(actor: Actor, member: UUID, to: UUID) -> HandedOver:
    """Hand over, then close the member's place here: no sign-in to this tenant, no session, no token. History stays."""
    result = hand_over(actor, member, to)
    done: Any = run(actor, "kernel.member.change", member, change_set=result.change_set, active=False)
    close(done.record)
    return result


def close(member: Any) -> None:
    """End all sessions and tokens of a member."""
    tokens.revoke_all(current(), member.id)
    login = User.objects.filter(pk=member.user).first() if member.user else None
    if login is not None:
        accounts.end_sessions(login)
