"""Two people changed the same record: what is whose, so that nobody loses anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from klientel.kernel import events
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get
from klientel.kernel.events import Event
from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType
from klientel.kernel.sql import Sql

MOST = 100  # versions that are looked back


@dataclass
class Clash:
    """A field that both changed, in plain values; ``original`` is what both began with."""

    kind: Kind
    original: Any
    mine: Any
    theirs: Any


@dataclass
class Meeting:
    """What somebody wanted to save who began with an older version.

    ``mine``: the fields that only they changed, in canonical values; ``clashes``: those that both did, differently;
    ``theirs``: those that only others changed; ``version``: the one that is stored now.
    """

    record: Any
    version: int
    mine: dict[str, Any] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    theirs: list[str] = field(default_factory=list)
    who: list[str] = field(default_factory=list)  # who changed it meanwhile


def meet(
    scope: ActorScope,
    rtype: RecordType,
    record_id: UUID,
    version: int,
    params: dict[str, Any],
    into: UUID | None = None,
) -> Meeting:
    """Compare field by field: as it was at ``version``, as somebody wants it (JSON-like ``params``), as it is stored.

    ``into`` is the record that it became part of meanwhile: what is stored there counts. In a reading transaction.
    Raises :class:`Refused` where a value is none of its kind, :class:`Missing` where the record is not to be seen any
    more.
    """
    found = get(scope, rtype, into or record_id, archived=False)
    begun = found if into is None else get(scope, rtype, record_id)
    since = _since(record_id, begun.version - version)
    met = Meeting(found, found.version, who=list(dict.fromkeys(e.actor_name for e in since)))
    visible = scope.visible(rtype)
    for name, value in params.items():
        if name not in visible:
            continue
        kind = visible[name]
        accepted = kind.accept(value)
        mine, theirs = kind.plain(accepted), kind.plain(rtype.value(found, name))
        stood = theirs if begun is found else kind.plain(rtype.value(begun, name))
        original = next((e.changes[name][0] for e in reversed(since) if name in e.changes), stood)
        if _same(kind, mine, theirs):
            continue
        if _same(kind, mine, original):
            met.theirs.append(name)
        elif _same(kind, theirs, original):
            met.mine[name] = accepted
        else:
            met.clashes.append(Clash(kind, original, mine, theirs))
    return met


def _same(kind: Kind, one: Any, other: Any) -> bool:
    return bool(one == other) or (kind.is_empty(one) and kind.is_empty(other))


def _since(record_id: UUID, versions: int) -> list[Event]:
    """The events that made the last versions of a record, newest first: each version has one."""
    if versions <= 0:
        return []
    where = Sql(
        "a.tenant_id = e.tenant_id AND a.record_id = %s AND e.record_id = a.record_id"
        " AND (e.fields <> '{}' OR e.undoes IS NOT NULL)",
        (record_id,),
    )
    join = "JOIN kernel_about a ON a.event_id = e.id"
    return events.read(where, order="e.id DESC", limit=min(versions, MOST), join=join)
