"""Hints from the consumers to the live processes: ids and counts, never values. A lost one is made up for later."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.db import connection

CHANNEL = "klientel_live"
FULL = 7500  # bytes; PostgreSQL takes just under 8000
RECORDS, UNREAD, ACCESS = "r", "n", "x"


def records(tenant: UUID, rtype: str, versions: list[tuple[UUID, int]]) -> None:
    """These records of one type have these versions now."""
    each = (FULL - len(rtype) - 60) // 50
    for start in range(0, len(versions), each):
        _send({"t": tenant.hex, RECORDS: rtype, "v": [[i.hex, v] for i, v in versions[start : start + each]]})


def unread(tenant: UUID, counts: dict[UUID, int]) -> None:
    """These members have this many unread notifications."""
    members = [[m.hex, n] for m, n in counts.items()]
    for start in range(0, len(members), 150):
        _send({"t": tenant.hex, UNREAD: members[start : start + 150]})


def access(tenant: UUID) -> None:
    """Members, teams or roles changed: look again at who may listen."""
    _send({"t": tenant.hex, ACCESS: 1})


def _send(message: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, orjson.dumps(message).decode()])
