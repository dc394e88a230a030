"""The seal of the audit: events are sealed in blocks, each chained to the one before, so that a change shows.

A consumer does it, never the business transaction. What an event says is sealed as two salted commitments (personal
values, and all others), what it is (kind, actor, record, times) in clear: an erasure drops values and salts, after
which nothing can be guessed from a commitment, and the chain still holds. Everything is hashed inside PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Container
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from klientel.kernel import writing
from klientel.kernel.events.consumers import consumer
from klientel.kernel.events.event import Event
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7

NAME = "seal"
FIRST = b"\0" * 32
MOST_NAMED = 20  # faults that a report names; the others are counted

_FIXED = (
    "convert_to(jsonb_build_array(e.id, e.tenant_id, extract(epoch FROM e.at), extract(epoch FROM e.recorded_at),"
    " e.kind, e.actor, e.record_type, e.record_id, e.cause, e.change_set, e.undoes)::text, 'UTF8')"
)
_PUBLIC = (
    "sha256(uuid_send({salt}) || convert_to("
    "jsonb_build_array(e.actor_name, e.parameters, e.changes, to_jsonb(e.fields))::text, 'UTF8'))"
)
_PRIVATE = "sha256(uuid_send(p.salt) || convert_to(jsonb_build_array(p.changes, p.was)::text, 'UTF8'))"
_LEAF = f"sha256({_FIXED} || s.public || coalesce(s.private, ''))"

#: LIMIT has each event looked up by its id: of a young tenant the planner knows nothing, and would read all its events
_SEAL = f"""
WITH e AS MATERIALIZED (
    SELECT e.*, o.n, gen_random_uuid() AS fresh FROM unnest(%s::uuid[]) WITH ORDINALITY o(wanted, n)
    CROSS JOIN LATERAL (SELECT * FROM kernel_event x WHERE x.id = o.wanted AND x.tenant_id = %s LIMIT 1) e
), s AS (
    INSERT INTO kernel_seal (id, tenant_id, block, place, salt, public, private)
    SELECT e.id, e.tenant_id, %s, e.n, e.fresh, {_PUBLIC.format(salt="e.fresh")},
        CASE WHEN p.event_id IS NOT NULL THEN {_PRIVATE} END
    FROM e LEFT JOIN LATERAL (SELECT * FROM kernel_event_private x WHERE x.event_id = e.id
        AND x.tenant_id = e.tenant_id AND x.record_id = e.record_id LIMIT 1) p ON true
    ON CONFLICT (id) DO NOTHING RETURNING id, place, public, private
)
SELECT count(*), sha256(string_agg({_LEAF}, ''::bytea ORDER BY s.place)) FROM s JOIN e ON e.id = s.id
"""
_LAST = "SELECT number, hash FROM kernel_block WHERE tenant_id = %s ORDER BY number DESC LIMIT 1"
_ADD = """
INSERT INTO kernel_block (id, tenant_id, number, events, root, hash, sealed_at)
VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp())
"""


def _chained(before: bytes, number: int, events: int, root: bytes) -> bytes:
    return hashlib.sha256(before + f"{number}:{events}:".encode() + root).digest()


@consumer(NAME, group=NAME)
def seal(events: list[Event]) -> None:
    """Add a block with these events to the current tenant's chain; those sealed already are left out."""
    tenant = current()
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_LAST, [tenant])
        number, before = cursor.fetchone() or (0, FIRST)
        cursor.execute(_SEAL, [[e.id for e in events], tenant, number + 1])
        count, root = cursor.fetchone()
        if count:
            root, before = bytes(root), bytes(before)
            made = _chained(before, number + 1, count, root)
            cursor.execute(_ADD, [uuid7(), tenant, number + 1, count, root, made])


def unseal(events: list[UUID], erasure: UUID) -> None:
    """Drop the salts of events whose values an erasure is about to drop: the chain holds, the erasure accounts."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_seal SET salt = NULL, erased_by = %s WHERE tenant_id = %s AND id = ANY(%s)",
            [erasure, current(), events],
        )
        cursor.execute(
            "UPDATE kernel_event_private SET salt = gen_random_uuid() WHERE tenant_id = %s AND event_id = ANY(%s)",
            [current(), events],
        )


# -- looking at it ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """How far the chain reaches: blocks, the last one's hash and time, and how many events wait for their seal."""

    blocks: int = 0
    hash: str = ""
    sealed_at: dt.datetime | None = None

    @property
    def head(self) -> str:
        """What an operator keeps elsewhere, so that a chain cut short shows: tenant, last block, its hash."""
        return f"{current()}:{self.blocks}:{self.hash}"


@dataclass
class Report:
    """What a check of the chain found; without faults it is whole."""

    blocks: int = 0
    events: int = 0
    erased: int = 0
    faults: list[str] = field(default_factory=list)


def state() -> State:
    """The end of the current tenant's chain: one look at an index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, encode(hash, 'hex'), sealed_at FROM kernel_block WHERE tenant_id = %s"
            " ORDER BY number DESC LIMIT 1",
            [current()],
        )
        row = cursor.fetchone()
    return State(*row) if row else State()


def holds(blocks: int, head: str) -> bool:
    """Whether the block of this number in the current tenant's chain has this hash: one look at an index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM kernel_block WHERE tenant_id = %s AND number = %s"
            " AND encode(hash, 'hex') = %s)",
            [current(), blocks, head],
        )
        return bool(cursor.fetchone()[0])


_BLOCKS = f"""
SELECT b.number, b.events, b.root, b.hash, count(s.id), count(e.id),
    sha256(coalesce(string_agg({_LEAF}, ''::bytea ORDER BY s.place) FILTER (WHERE e.id IS NOT NULL), ''::bytea))
FROM kernel_block b LEFT JOIN kernel_seal s ON s.tenant_id = b.tenant_id AND s.block = b.number
LEFT JOIN kernel_event e ON e.id = s.id AND e.tenant_id = b.tenant_id
WHERE b.tenant_id = %s GROUP BY b.number, b.events, b.root, b.hash ORDER BY b.number
"""
_VALUES = f"""
SELECT s.id, s.erased_by FROM kernel_seal s JOIN kernel_event e ON e.id = s.id AND e.tenant_id = s.tenant_id
LEFT JOIN kernel_event_private p ON p.event_id = s.id
WHERE s.tenant_id = %s AND (s.salt IS NULL OR s.public <> {_PUBLIC.format(salt="s.salt")}
    OR CASE WHEN p.event_id IS NULL THEN s.private ELSE {_PRIVATE} END IS DISTINCT FROM
       CASE WHEN p.event_id IS NULL THEN NULL ELSE s.private END)
ORDER BY s.id
"""
_LOOSE = """
SELECT DISTINCT s.block FROM kernel_seal s WHERE s.tenant_id = %s
    AND NOT EXISTS (SELECT 1 FROM kernel_block b WHERE b.tenant_id = s.tenant_id AND b.number = s.block)
ORDER BY s.block
"""
_BEHIND = """
SELECT e.id FROM kernel_event e JOIN kernel_cursor c ON c.tenant_id = e.tenant_id AND c.consumer = %s
WHERE e.tenant_id = %s AND (e.epoch, e.xid::text::bigint, e.id) <= (c.epoch, c.xid, c.event_id)
    AND NOT EXISTS (SELECT 1 FROM kernel_seal s WHERE s.id = e.id)
    AND NOT EXISTS (SELECT 1 FROM kernel_parked k WHERE k.event_id = e.id AND k.consumer = %s)
ORDER BY e.id
"""


def verify(erasures: Container[UUID]) -> Report:
    """Check the current tenant's whole chain; values may be gone where one of the ``erasures`` did it."""
    made, tenant = Report(), current()
    with connection.cursor() as cursor:
        cursor.execute(_BLOCKS, [tenant])
        _check_chain(made, cursor.fetchall())
        cursor.execute(_VALUES, [tenant])
        changed = cursor.fetchall()
        cursor.execute(_LOOSE, [tenant])
        made.faults += [f"block {number} is missing" for (number,) in cursor.fetchall() if number > made.blocks]
        cursor.execute(_BEHIND, [NAME, tenant, NAME])
        behind = [row[0] for row in cursor.fetchall()]
    made.erased = sum(by in erasures for _event, by in changed)
    made.faults += [f"what event {event} says was changed" for event, by in changed if by not in erasures][:MOST_NAMED]
    made.faults += [f"event {event} was put in behind the seal" for event in behind[:MOST_NAMED]]
    return made


def _check_chain(made: Report, rows: list[tuple[int, int, bytes, bytes, int, int, bytes]]) -> None:
    before, expected = FIRST, 1
    for number, events, root, stored, sealed, there, found in rows:
        if number != expected:
            made.faults.append(f"block {expected} is missing")
        elif _chained(before, number, events, bytes(root)) != bytes(stored):
            made.faults.append(f"block {number} does not follow the block before it")
        elif sealed != events or there != events:
            made.faults.append(f"block {number} held {events} events and holds {there}")
        elif bytes(found) != bytes(root):
            made.faults.append(f"an event of block {number} was changed")
        before, expected = bytes(stored), number + 1
        made.blocks, made.events = made.blocks + 1, made.events + events
