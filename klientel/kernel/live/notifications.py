"""Notifications of members: told once, counted, shown under the reader's own rights."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from klientel.kernel import writing
from klientel.kernel.access import ActorScope, actor_of, reading
from klientel.kernel.errors import Forbidden, mine
from klientel.kernel.events import notices
from klientel.kernel.jobs import sweep
from klientel.kernel.live import signals
from klientel.kernel.live.models import Notification
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7

KEPT_DAYS = 90  # of what has been read


@dataclass
class Told:
    """A notification to be. Those of one ``key`` become one; ``n`` counts what they are about."""

    member: UUID
    kind: str
    key: str
    record_type: str = ""
    record_id: UUID | None = None
    event_id: UUID | None = None
    n: int = 0
    params: dict[str, Any] = field(default_factory=dict)


Hearer = Callable[[list[UUID]], None]
_hearers: list[Hearer] = []


def heard(hear: Hearer) -> Hearer:
    """Declare who hears of new notifications, by their ids, in the transaction that stores them."""
    _hearers.append(hear)
    return hear


_TELL = """
INSERT INTO kernel_notification AS old
    (id, tenant_id, member_id, kind, key, event_id, record_type, record_id, params, at)
SELECT r.id, r.tenant_id, r.member_id, r.kind, r.key, r.event_id, r.record_type, r.record_id, r.params, now()
FROM json_populate_recordset(NULL::kernel_notification, %s::json) r
WHERE NOT EXISTS (SELECT 1 FROM kernel_noticechoice c
                  WHERE c.tenant_id = r.tenant_id AND c.member_id = r.member_id AND r.kind = ANY(c.muted))
ON CONFLICT (tenant_id, member_id, key) DO UPDATE
SET params = jsonb_set(old.params, '{n}', to_jsonb((old.params ->> 'n')::int + (excluded.params ->> 'n')::int))
WHERE excluded.params ? 'n'
RETURNING member_id, id, xmax = 0
"""
_COUNTS = """
SELECT member_id, count(*) FROM kernel_notification
WHERE tenant_id = %s AND member_id = ANY(%s) AND read_at IS NULL GROUP BY member_id
"""


def tell(many: Iterable[Told]) -> int:
    """Store these and hint to the members' browsers; how many were new. In the open transaction."""
    merged: dict[tuple[UUID, str], Told] = {}
    for one in many:
        known = merged.setdefault((one.member, one.key), one)
        if known is not one:
            known.n += one.n
    if not merged:
        return 0
    rows = [_row(one) for one in merged.values()]
    with connection.cursor() as cursor:
        cursor.execute(_TELL, [orjson.dumps(rows).decode()])
        stored = cursor.fetchall()
        members, new = {row[0] for row in stored}, [row[1] for row in stored if row[2]]
        cursor.execute(_COUNTS, [current(), list(members)])
        counts = dict(cursor.fetchall())
    if counts:
        signals.unread(current(), counts)
    if new:
        for hear in _hearers:
            hear(new)
    return len(members)


def tell_of(record_type: str, kind: str, wanted: Iterable[tuple[UUID, UUID, str]]) -> int:
    """As :func:`tell`, of records of one type: ``(member, record, key)`` each, where that member may see the record."""
    by_member: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    for member, record_id, key in wanted:
        by_member[member].append((record_id, key))
    told = []
    for member, some in by_member.items():
        try:
            scope = ActorScope(actor_of(member))
        except Forbidden:  # somebody who is no longer here
            continue
        seen = reading.visible_ids(scope, type_of(record_type), [record_id for record_id, _key in some])
        told += [Told(member, kind, key, record_type, record_id) for record_id, key in some if record_id in seen]
    return tell(told)


def _row(one: Told) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "tenant_id": current(),
        "member_id": one.member,
        "kind": one.kind,
        "key": one.key,
        "event_id": one.event_id,
        "record_type": one.record_type,
        "record_id": one.record_id,
        "params": one.params | ({"n": one.n} if one.n else {}),
    }


@sweep("notifications")
def tidy() -> None:
    """Forget what was read long ago."""
    with writing.door():
        Notification.objects.filter(read_at__lt=timezone.now() - dt.timedelta(days=KEPT_DAYS)).delete()


def unread(member: UUID) -> int:
    """How many this member has not read."""
    return int(Notification.objects.filter(member_id=member, read_at=None).count())


def unread_sql(member: UUID | None) -> Sql:
    """As :func:`unread`, for a statement that asks more; 0 for whoever is no member."""
    where = "n.tenant_id = %s AND n.member_id = %s AND n.read_at IS NULL"
    return Sql(f"(SELECT count(*) FROM kernel_notification n WHERE {where})", (current(), member))


def mark_read(member: UUID, ids: Iterable[UUID] | None = None) -> int:
    """Note that the member has read these, or all; how many that were. Pages tell their own browser themselves."""
    rows = Notification.objects.filter(member_id=member, read_at=None)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    with writing.door():
        return int(rows.update(read_at=timezone.now()))


@dataclass(frozen=True)
class Shown:
    """A notification as its member reads it, in the active language."""

    id: UUID
    at: dt.datetime
    read: bool
    kind: str
    icon: str
    text: str
    record_type: str
    record_id: UUID | None
    page: str = ""


def latest(scope: ActorScope, *, limit: int = 30, before: UUID | None = None, unread_only: bool = False) -> list[Shown]:
    """The newest, newest first; without those whose record the member may not see any more."""
    rows = Notification.objects.filter(member_id=scope.me)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if unread_only:
        rows = rows.filter(read_at=None)
    return shown(scope, list(rows.order_by("-pk")[:limit]))


def shown(scope: ActorScope, found: list[Any]) -> list[Shown]:
    """These as their member reads them; without those whose record the member may not see any more."""
    titles = notices.names((n.record_type, n.record_id) for n in found)
    titles |= {i: n.title for i, n in reading.names(scope, {n.record_id for n in found if n.record_type}).items()}
    actors = reading.names(scope, {UUID(a) for n in found if (a := n.params.get("by"))}, "kernel.member")
    made: list[Shown] = []
    for one in found:
        title = titles.get(one.record_id)
        if title is None:
            continue
        words = {"what": title, "who": _who(one, actors), "n": one.params.get("n", 1)}
        known = notices.find(one.kind)
        text = str(known.many if int(words["n"]) > 1 else known.one) % words
        made.append(
            Shown(
                one.pk,
                one.at,
                one.read_at is not None,
                one.kind,
                known.icon,
                text,
                one.record_type,
                one.record_id,
                known.page,
            )
        )
    return made


def _who(one: Notification, actors: dict[UUID, reading.Name]) -> str:
    by = one.params.get("by")
    known = actors.get(UUID(by)) if by else None
    return known.title if known else mine(one.params.get("name") or _("Somebody"))
