"""Access: who may do what to which records."""

from klientel.kernel.access.actors import actor_of, grants_of, memberships, system_actor
from klientel.kernel.access.deputies import deputies_of, with_deputies
from klientel.kernel.access.granting import ActorScope, allowed

__all__ = [
    "ActorScope",
    "actor_of",
    "allowed",
    "deputies_of",
    "grants_of",
    "memberships",
    "system_actor",
    "with_deputies",
]
