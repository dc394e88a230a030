"""Who does something and what they may do, as one value that passes everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

ActorKind = Literal["member", "token", "workflow", "job", "portal", "system"]


@dataclass(frozen=True, slots=True)
class Grant:
    """One permission: ``verb`` on the record type ``record``, where the condition ``where`` holds.

    An empty ``where`` is every record; ``hidden`` and ``readonly`` name fields. ``*`` stands for all types or verbs.
    """

    record: str
    verb: str
    where: Mapping[str, Any] = field(default_factory=dict, hash=False)
    hidden: tuple[str, ...] = ()
    readonly: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts: a member, an API token, a workflow, a job, a portal customer or the system itself.

    ``id`` is the id of what ``kind`` names, ``member`` the member whose rights and ownership count (none for the
    system), ``teams`` that member's teams and every team below them.
    """

    kind: ActorKind
    id: UUID
    name: str
    tenant: UUID
    member: UUID | None = None
    grants: tuple[Grant, ...] = ()
    teams: tuple[UUID, ...] = ()
    language: str = "de"
    time_zone: str = "Europe/Berlin"

    @property
    def ref(self) -> str:
        """How events and logs name this actor: ``member:0198…``."""
        return f"{self.kind}:{self.id}"
