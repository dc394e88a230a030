"""Who is told of what: the consumers behind notifications and live pages."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.access import ActorScope, actor_of, deputies_of, reading
from klientel.kernel.errors import Forbidden, Missing
from klientel.kernel.events import Event, consumer
from klientel.kernel.events.notices import NOTIFY
from klientel.kernel.events.surroundings import here
from klientel.kernel.kinds import today
from klientel.kernel.live import notifications, signals
from klientel.kernel.live.notifications import Told
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.tenancy import current

Target = tuple[str, UUID]
MOST_NEW = 50  # records made at once that are worth a hint: nobody has one of them open yet
ACCESS_TYPES = ("kernel.member", "kernel.role", "kernel.team")


@dataclass
class Candidate:
    """Somebody who might be told, if they may see all of ``sees`` now."""

    told: Told
    sees: list[Target]


@consumer("notifications", recent=dt.timedelta(days=7))
def notify(events: list[Event]) -> None:
    """Tell members what concerns them and somebody else did, as far as they may see it now."""
    doers = _doers(events)
    subjects = _subjects(events)
    asked = {(e.change_set, member, str(e.record_id)) for e in events for member in e.parameters.get(NOTIFY) or ()}
    wanted: dict[UUID, list[Candidate]] = defaultdict(list)
    for event in events:
        for found in _candidates(event, doers.get(event.actor), subjects):
            if found.told.kind == "assigned" and _told_already(event, str(found.told.member), asked):
                continue
            if found.told.member != doers.get(event.actor):
                wanted[found.told.member].append(found)
    _to_deputies(wanted)
    notifications.tell(told for member, some in wanted.items() for told in _seen_by(member, some))


def _told_already(event: Event, member: str, asked: set[tuple[UUID, str, str]]) -> bool:
    """Whether a record was only given to a member along with a request that tells them of what it is about."""
    about = _new(event, "concerns") or ()
    return any((event.change_set, member, str(one)) in asked for one in about)


def _to_deputies(wanted: dict[UUID, list[Candidate]]) -> None:
    """Who is away is told all the same; who stands in for them too, as far as they may see it."""
    for member, some in list(wanted.items()):
        for deputy in deputies_of(member, today()):
            others = [one for one in some if one.told.params.get("by") != str(deputy)]
            wanted[deputy] += [replace(one, told=replace(one.told, member=deputy)) for one in others]


def _doers(events: list[Event]) -> dict[str, UUID]:
    """Which member stands behind each actor: itself, or whose token it is."""
    refs = {e.actor for e in events}
    found = {r: UUID(r.removeprefix("member:")) for r in refs if r.startswith("member:")}
    tokens = {UUID(r.removeprefix("token:")): r for r in refs if r.startswith("token:")}
    if tokens:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, member_id FROM kernel_apitoken WHERE id = ANY(%s)", [list(tokens)])
            found |= {tokens[row[0]]: row[1] for row in cursor.fetchall()}
    return found


def _subjects(events: list[Event]) -> dict[UUID, list[UUID]]:
    """What remarks that mention somebody are about."""
    found: dict[UUID, list[UUID]] = {}
    by_type: dict[str, list[UUID]] = defaultdict(list)
    for event in events:
        if "mentions" in event.changes:
            by_type[event.record_type].append(event.record_id)
    for key, ids in by_type.items():
        rtype = _type(key)
        if rtype is not None and "about" in rtype.static:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT id, about FROM {rtype.table} WHERE tenant_id = %s AND id = ANY(%s)", [current(), ids]
                )
                found |= dict(cursor.fetchall())
    return found


def _type(key: str) -> RecordType | None:
    try:
        return type_of(key)
    except Missing:
        return None


def _candidates(event: Event, doer: UUID | None, subjects: dict[UUID, list[UUID]]) -> Iterator[Candidate]:
    by: dict[str, Any] = {"by": str(doer)} if doer else {"name": event.actor_name}
    own: Target = (event.record_type, event.record_id)
    rtype = _type(event.record_type)
    beside = _type(event.kind.rpartition(".")[0]) not in (None, rtype)  # the task that an action makes on the way
    for member in () if beside else event.parameters.get(NOTIFY) or ():
        told = Told(UUID(member), event.kind, f"{event.kind}:{event.id}", *own, event.id, params=by)
        yield Candidate(told, [own] if rtype else [])
    if rtype is None or rtype.system:
        return
    if owner := _new(event, "owner"):
        key = f"assigned:{event.change_set}"  # a hundred records given at once are one notification
        yield Candidate(Told(UUID(owner), "assigned", key, *own, event.id, 1, by), [own])
    before = (event.changes.get("mentions") or [None])[0] or ()
    for member in _new(event, "mentions") or ():
        if member in before:
            continue
        about = subjects.get(event.record_id) or []
        kinds = reading.types_of(about)
        target = next(((kinds[i], i) for i in about if i in kinds), own)
        told = Told(UUID(member), "mentioned", f"mentioned:{event.record_id}", *target, event.id, params=by)
        yield Candidate(told, [own, target])


def _new(event: Event, name: str) -> Any:
    return (event.changes.get(name) or [None, None])[1]


def _seen_by(member: UUID, some: list[Candidate]) -> Iterator[Told]:
    """Those of which the member may see everything now."""
    try:
        scope = ActorScope(actor_of(member, version=here().access_version))
    except Forbidden:
        return
    asked: dict[str, set[UUID]] = defaultdict(set)
    for one in some:
        for key, record_id in one.sees:
            asked[key].add(record_id)
    seen = {(k, i) for k, ids in asked.items() for i in reading.visible_ids(scope, type_of(k), ids)}
    yield from (one.told for one in some if all(target in seen for target in one.sees))


@consumer("live", recent=dt.timedelta(minutes=1))
def push(events: list[Event]) -> None:
    """Hint to open pages which records changed, with their versions; rights are checked where it is delivered."""
    changed: dict[str, dict[UUID, bool]] = defaultdict(dict)
    for event in events:
        ids = changed[event.record_type]
        is_new = event.kind.endswith(".create") and event.kind.startswith(event.record_type)
        ids[event.record_id] = ids.get(event.record_id, True) and is_new
    for key, ids in changed.items():
        rtype = _type(key)
        if rtype is None:
            continue
        crowd = sum(ids.values()) > MOST_NEW
        wanted = [i for i, is_new in ids.items() if not (is_new and crowd)]
        if wanted:
            signals.records(current(), key, _versions(rtype, wanted))
    if any(key in changed for key in ACCESS_TYPES):
        signals.access(current())


def _versions(rtype: RecordType, ids: list[UUID]) -> list[tuple[UUID, int]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, version FROM {rtype.table} WHERE tenant_id = %s AND id = ANY(%s)", [current(), ids])
        return [(row[0], row[1]) for row in cursor.fetchall()]
