"""Taking a person out of records that stay because they are about others too: by kind, so that the rest is valid."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from klientel.kernel import writing
from klientel.kernel.actions import storing
from klientel.kernel.actions.draft import Draft
from klientel.kernel.kinds import Addresses, Email, Entries, Json, Kind, Link, Links, Phone, Privacy, Text, Url
from klientel.kernel.kinds.choice import Choice
from klientel.kernel.records import RecordType
from klientel.kernel.statements import Writes
from klientel.privacy.subject import Pattern


def without(kind: Kind, value: Any, pattern: Pattern, gone: set[UUID]) -> Any:
    """The value without the person: links cut, addresses taken off, words replaced by a mark."""
    if isinstance(kind, Links):
        return [v for v in value or () if v not in gone]
    if isinstance(kind, Link):
        return None if value in gone else value
    if isinstance(kind, Addresses):
        return [e for e in value or () if not any(pattern.found_in(str(v)) for v in e.values())]
    if isinstance(kind, Entries):
        return [e for e in value or () if not pattern.found_in(str(e.get("value", "")))]
    if isinstance(kind, Email | Phone | Url):
        return "" if value and pattern.found_in(value) else value
    if isinstance(kind, Text) and not isinstance(kind, Choice):
        return pattern.blank(value)[: kind.max_length or None] if value else value
    return _in_json(value, pattern) if isinstance(kind, Json) else value


def _in_json(value: Any, pattern: Pattern) -> Any:
    if isinstance(value, str):
        return pattern.blank(value)
    if isinstance(value, list):
        return [_in_json(v, pattern) for v in value]
    if isinstance(value, dict):
        return {pattern.blank(k): _in_json(v, pattern) for k, v in value.items()}
    return value


def blank_record(rtype: RecordType, record: Any, pattern: Pattern, gone: set[UUID], *, bare: bool = False) -> list[str]:
    """Take the person out of one record, its name and its search rows; says which fields changed. No event is made.

    ``bare``: it is about this person alone, so that whatever is personal in it goes.
    """
    changed: dict[str, list[Any]] = {}
    for name, kind in rtype.fields.items():
        before = rtype.value(record, name)
        after = without(kind, before, pattern, gone)
        if bare and kind.privacy != Privacy.PUBLIC and not isinstance(kind, Link | Links):
            after = kind.blank_value()
        if before != after:
            rtype.put(record, name, after)
            changed[name] = [None, None]
    left_over = {k: v for k, v in record.extra.items() if k not in rtype.fields}  # of custom fields that are gone
    if _in_json(left_over, pattern) != left_over:
        record.extra = record.extra | _in_json(left_over, pattern)
        writing_extra(rtype, record)
    if changed or pattern.found_in(record.title):
        Writes(storing.store([Draft(rtype, record, changed, False, 0)], dt.datetime.now(dt.UTC))).send()
    return list(changed)


def writing_extra(rtype: RecordType, record: Any) -> None:
    """Write the values of custom fields as they are now."""
    with writing.door():
        rtype.model.objects.filter(pk=record.pk).update(extra=record.extra)


def delete_records(rtype: RecordType, ids: list[UUID]) -> int:
    """Remove rows for good. Only an erasure does that."""
    with writing.door():
        return int(rtype.model.objects.filter(pk__in=ids).delete()[0])
