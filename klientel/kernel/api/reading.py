"""Reading through the API: lists, single records, what happened to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from klientel.kernel import events
from klientel.kernel.access import ordering, reading, seen
from klientel.kernel.access.leading_on import stands_for
from klientel.kernel.api import showing, strict
from klientel.kernel.api.call import Call, Reply
from klientel.kernel.api.problems import Problem
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.events import Event
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.trash.deleting import STAYS
from klientel.kernel.trash.showing import Group, shown

PAGE = 50
MOST = 200
MOST_COUNTED = 10_000
LONGEST = 5000  # characters of a condition
LIST_PARAMETERS = ("where", "sort", "fields", "limit", "after", "before", "trash", "count")


def listing(call: Call, slug: str) -> Reply:
    """A page of the records that a condition selects."""
    rtype, query = call.type(slug), strict.Query(call.request, *LIST_PARAMETERS)
    where, trash, names = _where(query), query.yes("trash"), _fields(call, rtype, query)
    after, before = query.text("after"), query.text("before")
    if after and before:
        raise Refused("bad_parameter", _("Please give after or before, not both."), "before")
    page = reading.select(
        call.scope,
        rtype,
        columns=names,
        where=where,
        sort=query.text("sort", 200) or "title",
        after=after,
        before=before,
        limit=query.whole("limit", PAGE, MOST),
        archived=trash,
    )
    seen.note(call.actor, rtype, (row.id for row in page.rows), seen.How.FETCHED)
    visible = call.scope.visible(rtype)
    how = showing.writers({n: visible[n] for n in names})
    data: dict[str, Any] = {
        "items": [showing.shown(row, how) for row in page.rows],
        "after": page.after,
        "before": page.before,
    }
    if query.yes("count"):
        found = reading.count(call.scope, rtype, where, most=MOST_COUNTED, archived=trash)
        data |= {"count": min(found, MOST_COUNTED), "count_is_capped": found > MOST_COUNTED}
    return Reply(data)


def _where(query: strict.Query) -> Any:
    text = query.text("where", LONGEST)
    if text is None:
        return None
    try:
        found = strict.parsed_text(text, "where")
    except Problem as no:  # an address that cannot be read is a wrong parameter, not a wrong body
        raise Refused(no.code, no.message, "where") from None
    if not isinstance(found, dict) or not found:
        raise Refused("bad_condition", _("This is not a condition we understand."), "where")
    return found


def _fields(call: Call, rtype: RecordType, query: strict.Query) -> list[str]:
    wanted, visible = query.words("fields"), call.scope.visible(rtype)
    if wanted is None:
        return list(visible)
    for name in wanted:
        if name not in visible:
            raise Refused("no_such_field", _("There is no such field."), "fields")
    return wanted


def single(call: Call, slug: str, record_id: str) -> Reply:
    """One record that is not in the trash, with its version as ETag; 304 where the caller has that version."""
    return _single(call, slug, record_id, archived=False)


def trashed(call: Call, slug: str, record_id: str) -> Reply:
    """One record in the trash: at its own address it is gone."""
    return _single(call, slug, record_id, archived=True)


def _single(call: Call, slug: str, record_id: str, *, archived: bool) -> Reply:
    rtype, query = call.type(slug), strict.Query(call.request, "fields")
    names = _fields(call, rtype, query)
    wanted = strict.record_id(record_id)
    record = _led_on(call, rtype, wanted, lambda i: showing.one(call.scope, rtype, i, names, archived=archived))
    seen.note(call.actor, rtype, [UUID(record["id"])], seen.How.FETCHED)
    headers = {"ETag": showing.tag(record["version"])}
    if record["id"] != str(wanted):  # an old id: the answer says under which it is found from now on
        headers["Content-Location"] = f"/api/v1/{rtype.slug}/{record['id']}"
    if not query.given and _known(call.request, headers["ETag"]):
        return Reply(None, 304, headers)
    return Reply(record, headers=headers)


def _led_on(call: Call, rtype: RecordType, record_id: UUID, read: Callable[[UUID], Any]) -> Any:
    """What is read of a record; of an old id what is read of the record that it became part of."""
    try:
        return read(record_id)
    except Missing:
        now = stands_for(call.scope, rtype, record_id)
        if now is None:
            raise
        return read(now)


def _known(request: HttpRequest, tag: str) -> bool:
    given = request.headers.get("If-None-Match", "")
    return tag in [part.strip().removeprefix("W/") for part in given.split(",")]


def happened(call: Call, slug: str, record_id: str) -> Reply:
    """A record's timeline, newest first: only events of records, and values of fields, that one may see."""
    return _happened(call, slug, record_id, archived=False)


def happened_trashed(call: Call, slug: str, record_id: str) -> Reply:
    """The timeline of a record in the trash."""
    return _happened(call, slug, record_id, archived=True)


def removal(call: Call, slug: str, record_id: str) -> Reply:
    """What deleting a record in the trash for good would do: what keeps it, what goes with it, what loses a link."""
    rtype = call.type(slug, "remove")
    strict.Query(call.request)
    found = shown(call.scope, rtype, strict.record_id(record_id))
    blocks = [
        {"code": b.code, "detail": str(b.message), "record": _named(name) if name else None} for b, name in found.blocks
    ]
    if not found.deletable:
        blocks.insert(0, {"code": "not_deletable", "detail": str(STAYS), "record": None})
    return Reply({
        "id": str(found.record.id), "possible": found.possible, "blocks": blocks,
        "goes_along": [_group(g) for g in found.along], "loses_link": [_group(g) for g in found.loose],
    })  # fmt: skip


def _named(name: reading.Name) -> dict[str, str]:
    return {"record_type": name.type, "record_id": str(name.id), "title": name.title}


def _group(group: Group) -> dict[str, Any]:
    named = [{"record_id": str(n.id), "title": n.title} for n in group.names]
    return {"record_type": group.rtype.key, "count": group.count, "records": named}


def _happened(call: Call, slug: str, record_id: str, *, archived: bool) -> Reply:
    rtype, query = call.type(slug), strict.Query(call.request, "after", "limit")
    found_id, limit, after = strict.record_id(record_id), query.whole("limit", PAGE, MOST), query.text("after")
    found_id = _led_on(
        call, rtype, found_id, lambda i: UUID(showing.one(call.scope, rtype, i, (), archived=archived)["id"])
    )
    some = events.timeline(found_id, before=_place(after) if after else None, limit=limit + 1)
    more, some = len(some) > limit, some[:limit]
    items = [_event(call, e) for e in _visible(call, some, found_id)]
    last = ordering.encode(some[-1].at.isoformat(), some[-1].id) if more else None
    return Reply({"items": items, "after": last})


def _place(text: str) -> tuple[dt.datetime, UUID]:
    """Where the page before ended."""
    at, event_id = ordering.decode(text)
    try:
        moment = dt.datetime.fromisoformat(at)
    except (ValueError, TypeError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused("bad_cursor", _("This page address is damaged. Please start at the first page."), "after")
    return moment, event_id


def _visible(call: Call, some: list[Event], known: UUID) -> list[Event]:
    by_type: dict[str, set[UUID]] = {}
    for event in some:
        if event.record_id != known and event.record_id not in event.about:
            by_type.setdefault(event.record_type, set()).add(event.record_id)
    seen = {known}.union(e.record_id for e in some if e.record_id in e.about)  # its own, and of what became part of it
    for key, ids in by_type.items():
        try:
            rtype = type_of(key)
        except Missing:
            continue
        if call.facts.permits(key, "view") and call.scope.may(rtype, "view"):
            seen |= reading.visible_ids(call.scope, rtype, ids)
    return [e for e in some if e.record_id in seen]


def _event(call: Call, event: Event) -> dict[str, Any]:
    fields = call.scope.visible(type_of(event.record_type))
    told = {n: v for n, v in event.changes.items() if n in fields}
    hidden = type_of(event.record_type).fields.keys() - fields.keys()
    return {
        "id": str(event.id),
        "at": event.at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "kind": event.kind,
        "actor": event.actor,
        "actor_name": event.actor_name,
        "record_type": event.record_type,
        "record_id": str(event.record_id),
        "change_set": str(event.change_set),
        "cause": str(event.cause) if event.cause else None,
        "undoes": str(event.undoes) if event.undoes else None,
        "changes": {n: {"old": v[0], "new": v[1]} for n, v in told.items()},
        "parameters": {n: v for n, v in event.parameters.items() if n not in hidden},
    }
