"""From an old id to the record that it stands for, for those who may see it."""

from __future__ import annotations

from uuid import UUID

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import visible_ids
from klientel.kernel.records import RecordType, aliases


def stands_for(scope: ActorScope, rtype: RecordType, record_id: UUID) -> UUID | None:
    """The record that an old id stands for, if the actor may see it; none where it is no old id."""
    found = aliases.survivor(record_id)
    return found if found is not None and found in visible_ids(scope, rtype, [found]) else None
