"""Through whose eyes the document is written: a token's, or nobody's (the declared types, without any tenant's own)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from klientel.kernel.access import ActorScope
from klientel.kernel.access.actors import EVERYTHING
from klientel.kernel.api.call import Call
from klientel.kernel.api.describing import seen_types
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import RecordType, all_types


@dataclass(frozen=True)
class Reader:
    """Whose document it is."""

    scope: ActorScope
    types: list[RecordType]
    permits: Callable[[str, str], bool]

    def may(self, rtype: RecordType, verb: str) -> bool:
        """Whether the reader may do this to any record of the type."""
        return self.permits(rtype.key, verb) and self.scope.may(rtype, verb)


def reader_of(call: Call) -> Reader:
    """The document of a token."""
    return Reader(call.scope, seen_types(call), call.facts.permits)


def anybody() -> Reader:
    """The document for who has no token: what every installation has."""
    nobody = Actor(kind="system", id=UUID(int=0), name="", tenant=UUID(int=0), grants=EVERYTHING)
    return Reader(ActorScope(nobody), all_types(), lambda _record, _verb: True)
