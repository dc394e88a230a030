"""What a viewer is told: ids and versions of records that they may see, and how many notifications are unread."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.access import ActorScope, actor_of, allowed, reading
from klientel.kernel.errors import Forbidden, Missing
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.live.viewers import Viewer
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import FALSE, TRUE
from klientel.kernel.tenancy import reading as read_only
from klientel.lib.ids import uuid7_at

Versions = dict[str, dict[UUID, int]]  # by record type
LONGEST_GAP = dt.timedelta(minutes=10)
MOST_MISSED = 500

_MISSED = """
SELECT DISTINCT record_type, record_id FROM kernel_event WHERE tenant_id = %s AND id >= %s LIMIT %s
"""


def visible_to(tenant: UUID, members: Iterable[UUID], changed: Versions) -> dict[UUID, Versions]:
    """Which of the changed records each member may see now."""
    found: dict[UUID, Versions] = {}
    with working_in(tenant) as facts, read_only():
        types = {key: rtype for key in changed if (rtype := _type(key)) is not None}
        for member in members:
            try:
                scope = ActorScope(actor_of(member, version=facts.access_version))
            except Forbidden:
                continue
            found[member] = {key: _seen(scope, rtype, changed[key]) for key, rtype in types.items()}
    return found


def _type(key: str) -> RecordType | None:
    try:
        return type_of(key)
    except Missing:
        return None


def _seen(scope: ActorScope, rtype: RecordType, versions: dict[UUID, int]) -> dict[UUID, int]:
    limit = allowed(scope, rtype, "view", "t")
    if limit is TRUE:
        return versions
    if limit is FALSE:
        return {}
    seen = reading.visible_ids(scope, rtype, versions)
    return {i: v for i, v in versions.items() if i in seen}


def unread(viewer: Viewer, since: dt.datetime | None = None) -> tuple[int, bool]:
    """How many notifications the member has not read, and whether one came after ``since``."""
    with working_in(viewer.tenant), read_only(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(max(at) > %s, false) FROM kernel_notification"
            " WHERE tenant_id = %s AND member_id = %s AND read_at IS NULL",
            [since, viewer.tenant, viewer.member],
        )
        count, fresh = cursor.fetchone()
    return int(count), bool(fresh)


def missed(viewer: Viewer, since: dt.datetime) -> Versions | None:
    """What changed while the browser was not connected; None where that was too long or too much: load anew."""
    if dt.datetime.now(dt.UTC) - since > LONGEST_GAP:
        return None
    by_type: dict[str, list[UUID]] = defaultdict(list)
    with working_in(viewer.tenant), read_only(), connection.cursor() as cursor:
        cursor.execute(_MISSED, [viewer.tenant, uuid7_at(since), MOST_MISSED + 1])
        rows = cursor.fetchall()
        for key, record_id in rows:
            by_type[key].append(record_id)
        changed: Versions = {}
        for key, ids in by_type.items():
            if (rtype := _type(key)) is not None:
                cursor.execute(
                    f"SELECT id, version FROM {rtype.table} WHERE tenant_id = %s AND id = ANY(%s)",
                    [viewer.tenant, ids],
                )
                changed[key] = dict(cursor.fetchall())
    if len(rows) > MOST_MISSED:
        return None
    return visible_to(viewer.tenant, [viewer.member], changed).get(viewer.member, {})


def messages(seen: Versions) -> list[dict[str, Any]]:
    """One message for each record."""
    return [
        {"type": "record", "record_type": key, "id": str(record_id), "version": version}
        for key, versions in seen.items()
        for record_id, version in versions.items()
    ]
