"""Writing sets of drafts: one statement per table and purpose, however many rows. Used by the step only."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import reading
from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.actions.declaring import Action
from klientel.kernel.actions.draft import Draft
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.search.fields import searched, text_of
from klientel.kernel.sql import TRUE, Sql, both, dumps, inserting, rowset
from klientel.kernel.statements import Writes
from klientel.kernel.tenancy import current
from klientel.lib import clock
from klientel.lib.ids import uuid7s


@lru_cache(maxsize=512)
def stored_columns(model: type) -> tuple[tuple[str, str], ...]:
    """The columns of a table and the attributes that hold their values."""
    return tuple((f.column, f.attname) for f in model._meta.concrete_fields if not f.generated)  # type: ignore[attr-defined]


@lru_cache(maxsize=512)
def column_types(model: type) -> dict[str, str]:
    """The types of a table's columns."""
    return {f.column: f.db_type(connection) for f in model._meta.concrete_fields}  # type: ignore[attr-defined]


def store(drafts: list[Draft], now: dt.datetime) -> Iterator[Sql]:
    """What inserts the new and updates the changed rows of one type, and their search rows."""
    rtype = drafts[0].rtype
    fields = rtype.fields
    for draft in drafts:
        _derive(rtype, fields, draft, now)
    yield from _insert(rtype, [d.record for d in drafts if d.new])
    yield from _update(rtype, [d for d in drafts if not d.new])
    yield from _index(rtype, drafts)


def store_derived(rtype: RecordType, records: list[Any]) -> None:
    """Insert records that are worked out from others; they have no events and are not searched."""
    now = clock.now()
    for record in records:
        record.title = rtype.title_of(record)
        record.sort_key = rtype.sort_of(record, record.title)
        record.created_at = record.changed_at = now
    Writes(_insert(rtype, records)).send()


def _derive(rtype: RecordType, fields: dict[str, Kind], draft: Draft, now: dt.datetime) -> None:
    record = draft.record
    if draft.new and record.beforehand is not None:
        record.title, record.sort_key = record.beforehand.title, record.beforehand.sort_key
    elif draft.new or _may_rename(rtype, fields, draft.changes):
        before, record.title = record.title, rtype.title_of(record)
        draft.retitled = before != record.title
        sorted_by, record.sort_key = record.sort_key, rtype.sort_of(record, record.title)
        if not draft.new and (draft.retitled or sorted_by != record.sort_key):
            draft.was = {"title": [before], "sort_key": [sorted_by]}
    if not draft.matched and (draft.new or _may_meet(rtype, draft.changes)) and rtype.match is not None:
        record.match_keys, draft.rekeyed = rtype.match(record), True
    if not draft.new:
        record.version += 1
        record.changed_at = now


def _may_rename(rtype: RecordType, fields: dict[str, Kind], changes: dict[str, Any]) -> bool:
    """Whether these changes can change the title or the order by name, which each type says what they are made of."""
    named = (*rtype.made_of, *rtype.stand_ins)
    return not changes or any(n in named or n not in fields or fields[n].readonly for n in changes)


def _may_meet(rtype: RecordType, changes: dict[str, Any]) -> bool:
    """Whether these changes can change the keys for finding twins, whose features say which fields they read."""
    matching = rtype.matching
    return matching is not None and (not changes or not matching.fields.isdisjoint(changes))


def _insert(rtype: RecordType, records: list[Any]) -> Iterator[Sql]:
    if records:
        columns = stored_columns(rtype.model)
        values = map(attrgetter(*(a for _c, a in columns)), records)
        yield inserting(rtype.table, [c for c, _a in columns], values, column_types(rtype.model))


_STAMPED = ("id", "version", "changed_at")
_NAMED = ("title", "sort_key")


def _update(rtype: RecordType, drafts: list[Draft]) -> Iterator[Sql]:
    """One UPDATE per set of changed columns: a bulk edit is one statement.

    What goes to the trash goes first and what comes back comes last, so that what there may be only once finds its
    place free.
    """
    groups: dict[tuple[int, tuple[str, ...]], list[Any]] = defaultdict(list)
    fields = rtype.fields
    for draft in drafts:
        changed = {"extra" if fields[n].custom else n for n in draft.changes}
        derived = (*_NAMED * bool(draft.was), *("match_keys",) * draft.rekeyed)
        turn = (1 if draft.record.archived_at is None else -1) if "archived_at" in changed else 0
        groups[turn, (*_STAMPED, *derived, *sorted(changed))].append(draft.record)
    for (_turn, columns), records in sorted(groups.items(), key=lambda group: group[0][0]):
        rows = rowset(rtype.table, columns, map(attrgetter(*columns), records), column_types(rtype.model))
        sets = ", ".join(f'"{c}" = r."{c}"' for c in columns[1:])
        yield Sql(
            f"UPDATE {rtype.table} t SET {sets} FROM ({rows.text}) r WHERE t.id = r.id AND t.tenant_id = %s",
            (*rows.params, current()),
        )


# -- search index -------------------------------------------------------------------------------------------------

_WORDS = ("tenant_id", "record_type", "record_id", "field_class", "text", "title", "alive", "searchable")
_WORD_TYPES = dict.fromkeys(_WORDS, "text") | dict.fromkeys(("tenant_id", "record_id", "id"), "uuid")
_WORD_TYPES |= {"alive": "boolean", "searchable": "boolean"}
_REINDEX = """
ON CONFLICT (tenant_id, record_id, field_class) DO UPDATE
SET text = excluded.text, title = excluded.title, alive = excluded.alive
WHERE (kernel_search.text, kernel_search.title, kernel_search.alive)
    IS DISTINCT FROM (excluded.text, excluded.title, excluded.alive)
"""


#: words of records that became part of one are in classes of small letters; they go to the trash with it
_FORMER = """
WITH former AS (
    UPDATE kernel_search s SET alive = r.alive FROM json_populate_recordset(NULL::kernel_search, %s::json) r
    WHERE s.tenant_id = %s AND s.record_id = r.record_id AND s.field_class = ANY('{a,b,c}')
)
"""


def _index(rtype: RecordType, drafts: list[Draft]) -> Iterator[Sql]:
    fresh: list[tuple[Any, ...]] = []
    again: list[tuple[Any, ...]] = []
    classes = searched(rtype)
    named = {n for names in classes.values() for n in names}
    for draft in drafts:
        if draft.new or draft.retitled or "archived_at" in draft.changes or named.intersection(draft.changes):
            (fresh if draft.new else again).extend(_index_rows(rtype, draft, classes))
    if fresh:
        yield _words(fresh)
    if again:
        rows, former = _words(again), Sql("")
        if any("archived_at" in d.changes for d in drafts):
            letter, alive, record = (_WORDS.index(n) for n in ("field_class", "alive", "record_id"))
            ended = [{"record_id": r[record], "alive": r[alive]} for r in again if r[letter] == "A"]
            former = Sql(_FORMER, (dumps(ended), current()))
        yield Sql(former.text + rows.text + _REINDEX, (*former.params, *rows.params))


def _words(rows: list[tuple[Any, ...]]) -> Sql:
    return inserting("kernel_search", _WORDS, rows, _WORD_TYPES, id=uuid7s)


def _index_rows(rtype: RecordType, draft: Draft, classes: dict[str, list[str]]) -> Iterator[tuple[Any, ...]]:
    record, tenant, alive = draft.record, current(), draft.record.archived_at is None
    known = record.beforehand.words if draft.new and record.beforehand is not None else {}
    for letter, names in classes.items():
        text = known[letter] if letter in known else text_of(rtype, record, letter, names)
        if text or letter == "A" or not draft.new:
            title = record.title if letter == "A" else ""
            yield tenant, rtype.key, record.id, letter, text, title, alive, not rtype.system


# -- rights --------------------------------------------------------------------------------------------------------


def check_results(scope: ActorScope, action: Action, by_type: dict[str, list[Draft]]) -> dict[int, Refused]:
    """Refusals, by item, where the written record lies outside what the actor may make of it."""
    refusals: dict[int, Refused] = {}
    for drafts in by_type.values():
        rtype = drafts[0].rtype
        verb = action.needs if rtype.key == action.on else "change"
        if rtype.permits is not None:
            refusals |= rtype.permits(scope, drafts)
        for group_verb, group in (
            ("create" if rtype.key != action.on else verb, [d for d in drafts if d.new]),
            (verb, [d for d in drafts if not d.new]),
        ):
            limit = allowed(scope, rtype, group_verb, "t")
            if not group or limit is TRUE or all(d.follows for d in group):
                continue
            inside = _within(limit, [d.record.id for d in group], rtype)
            for draft in group:
                if draft.record.id not in inside and not draft.follows:
                    refusals[draft.item] = Forbidden("forbidden", _("You may not make this of it."))
    return refusals


def _within(limit: Sql, ids: list[UUID], rtype: RecordType) -> set[UUID]:
    inside = both([Sql("t.tenant_id = %s AND t.id = ANY(%s)", (current(), ids)), limit])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t.id FROM {rtype.table} t WHERE {inside.text}", inside.params)
        return {row[0] for row in cursor.fetchall()}


# -- events -------------------------------------------------------------------------------------------------------


def concerned(drafts: list[Draft]) -> dict[UUID, list[UUID]]:
    """On which other records each draft's event stands: what it concerns, and what those belong to."""
    direct: dict[UUID, list[UUID]] = {}
    targets: dict[str, set[UUID]] = defaultdict(set)
    for draft in drafts:
        ids: list[UUID] = []
        for name in () if draft.follows else draft.rtype.concerns:
            kind, value = _read(draft, name)
            found = list(value) if isinstance(kind, Links) else [value] if value else []
            before = draft.changes.get(name, [None])[0]
            found += [UUID(b) for b in (before if isinstance(before, list) else [before] if before else [])]
            ids += found
            if isinstance(kind, Link | Links):
                targets[kind.to].update(found)
        if ids:
            direct[draft.record.id] = list(dict.fromkeys(ids))
    above = _above(targets, {d.record.id: d for d in drafts})
    return {k: list(dict.fromkeys([*v, *(a for i in v for a in above.get(i, ()))])) for k, v in direct.items()}


def _read(draft: Draft, name: str) -> tuple[Kind, Any]:
    kind = draft.rtype.static.get(name)
    if kind is not None and not kind.custom:
        return kind, getattr(draft.record, name)
    return draft.rtype.fields[name], draft.rtype.value(draft.record, name)


def _above(targets: dict[str, set[UUID]], drafts: dict[UUID, Draft]) -> dict[UUID, list[UUID]]:
    """The records that the concerned ones belong to themselves: an organisation shows its people's events too.

    Those that are about to be written are asked themselves.
    """
    by_type: dict[str, set[UUID]] = defaultdict(set)
    found: dict[UUID, list[UUID]] = {}
    for to, ids in targets.items():
        for draft in (drafts[i] for i in ids & drafts.keys() if not drafts[i].gone):
            above = (_read(draft, n) for n in draft.rtype.concerns)
            found[draft.record.id] = [value for kind, value in above if value and isinstance(kind, Link)]
        outside = ids - drafts.keys()
        if to == "*" and outside:
            for record_id, key in reading.types_of(outside).items():
                by_type[key].add(record_id)
        elif outside:
            by_type[to] |= outside
    for key, ids in by_type.items():
        try:
            rtype = type_of(key)
        except Missing:
            continue
        links = [n for n in rtype.concerns if isinstance(rtype.fields[n], Link)]
        if not links or not ids:
            continue
        picked = ", ".join(f't."{n}"' for n in links)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.id, {picked} FROM {rtype.table} t WHERE t.tenant_id = %s AND t.id = ANY(%s)",
                [current(), list(ids)],
            )
            for record_id, *above in cursor.fetchall():
                found[record_id] = [a for a in above if a]
    return found
