"""Whether a page should offer something at all. The decision itself falls in queries and in ``run``."""

from __future__ import annotations

from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import RecordType


def may(actor: Actor | None, rtype: RecordType, verb: str) -> bool:
    """Whether any grant of this actor speaks of this verb on this type, whatever its condition."""
    if actor is None:
        return False
    if actor.kind == "system":
        return True
    return any(g.record in ("*", rtype.key) and g.verb in ("*", verb) for g in actor.grants)
