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
    "visible",
    "with_deputies",
    "writable",
]


def visible(scope: ActorScope, rtype):  # type: ignore[no-untyped-def]
    """The fields of a type that the scope's actor may see."""
    return scope.visible(rtype)


def writable(scope: ActorScope, rtype):  # type: ignore[no-untyped-def]
    """The fields of a type that the scope's actor may set."""
    return scope.writable(rtype)
