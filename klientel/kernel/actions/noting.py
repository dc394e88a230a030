"""What happened that no action on a record did: invitations, tokens, settings of the workspace, exports, erasures.

Such an event stands in the audit list, and on the timeline of the record it names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from klientel.kernel import events
from klientel.kernel.events import Event
from klientel.kernel.identity.actor import Actor
from klientel.kernel.identity.models import ApiToken
from klientel.lib.ids import uuid7

#: the record type under which events of the workspace itself stand; their record is the tenant
WORKSPACE = "kernel.workspace"


def note(
    actor: Actor,
    kind: str,
    record_type: str,
    record_id: UUID,
    *,
    parameters: dict[str, Any] | None = None,
    changes: dict[str, list[Any]] | None = None,
    private: Iterable[str] = (),
) -> Event:
    """Remember what was done, in the open transaction. Personal values only among the changes, named in ``private``."""
    made = Event(
        kind=kind,
        record_type=record_type,
        record_id=record_id,
        actor=actor.ref,
        actor_name=actor.name,
        change_set=uuid7(),
        parameters=parameters or {},
        changes=changes or {},
        private=frozenset(private),
    )
    events.write([made])
    return made


def token_noted(actor: Actor, what: str, token: ApiToken) -> None:
    """Remember who made (``token_made``) or ended (``token_ended``) a token: name and scopes, never the secret."""
    named = {"name": [None, token.name], "scopes": [None, ", ".join(token.scopes)]}
    facts = {"token": str(token.pk), "prefix": token.prefix}
    note(actor, f"{WORKSPACE}.{what}", WORKSPACE, token.tenant_id, parameters=facts, changes=named)
