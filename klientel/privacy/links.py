"""What hangs on a person: every record of every type that leads to them, by declaration alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from klientel.kernel.kinds import File, Link, Links
from klientel.kernel.records import RecordType, Reverse, reverses, type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import current
from klientel.privacy.subject import old_records


@dataclass
class Found:
    """A record that leads to the person (or to something that goes with them), by these fields."""

    rtype: RecordType
    record: Any
    fields: set[str] = field(default_factory=set)


@dataclass
class Web:
    """All that hangs on one person: what goes with them, and what stays because it is about others too."""

    gone: dict[UUID, Found]
    kept: dict[UUID, Found]

    def persons(self) -> list[tuple[RecordType, Any]]:
        """The person's own records: the one asked for, and duplicates that were merged into it."""
        return [(f.rtype, f.record) for f in self.gone.values() if f.rtype.personal]


def web_of(rtype: RecordType, record: Any) -> Web:
    """Follow every link that leads to the person, and to what goes with them, until nothing more is found.

    Records that were merged into the person's are the person's too.
    """
    web = Web({one.id: Found(rtype, one) for one in (record, *old_records(rtype, record.id))}, {})
    fresh = dict(web.gone)
    while fresh:
        for key, ids in _by_type(fresh).items():
            for way, found in _leading_to(type_of(key), ids):
                if found.id not in web.gone:
                    web.kept.setdefault(found.id, Found(way.source, found)).fields.add(way.field)
        fresh = _files_of(web, fresh) | {i: f for i, f in web.kept.items() if _goes(f, web.gone)}
        web.gone |= fresh
        for record_id in fresh:
            web.kept.pop(record_id, None)
    return web


def _by_type(found: dict[UUID, Found]) -> dict[str, list[UUID]]:
    by_type: dict[str, list[UUID]] = {}
    for record_id, one in found.items():
        by_type.setdefault(one.rtype.key, []).append(record_id)
    return by_type


def _leading_to(target: RecordType, ids: list[UUID]) -> Iterator[tuple[Reverse, Any]]:
    for way in reverses(target).values():
        kind = way.source.fields[way.field]
        test = _holds(kind, way.source.table, ids)
        parts = [test.text, *([base.text] if (base := way.source.base(way.source.table)) else [])]
        params = [*test.params, *(base.params if base else ())]
        rows = way.source.model.objects.filter(tenant_id=current())
        for record in rows.extra(where=parts, params=params):  # noqa: S610 - made of declarations
            yield way, record


def _holds(kind: Any, alias: str, ids: list[UUID]) -> Sql:
    x = kind.sql(alias)
    if not isinstance(kind, Links):
        return Sql(f"{x.text} = ANY(%s)", (*x.params, ids))
    if kind.custom:
        return Sql(f"{x.text} ?| %s", (*x.params, [str(i) for i in ids]))
    return Sql(f"{x.text} && %s", (*x.params, ids))


def ids_in(rtype: RecordType, record: Any, name: str) -> list[UUID]:
    """The records that a link field leads to."""
    value = rtype.value(record, name)
    return list(value or ()) if isinstance(rtype.fields[name], Links) else [value] if value else []


def _goes(found: Found, gone: dict[UUID, Found]) -> bool:
    """Whether a record has no subject left, or cannot stand without what goes.

    Another person does not go, nor does a setting of the tenant: they only lose the link. What says ``on_erase="with"``
    always goes, such as a duplicate of the person that was merged into them.
    """
    rtype, record = found.rtype, found.record
    about: list[UUID] = []
    for name, kind in rtype.links.items():
        ids = ids_in(rtype, record, name)
        left = [i for i in ids if i not in gone]
        if name in found.fields and kind.on_erase == "with":
            return True
        if rtype.personal:
            continue
        if kind.required and ids and not left:
            return True
        if name in rtype.concerns:
            about += left
    return not rtype.system and not rtype.personal and bool(found.fields & set(rtype.concerns)) and not about


def _files_of(web: Web, fresh: dict[UUID, Found]) -> dict[UUID, Found]:
    """Files that stand in a field of what goes, and nowhere else."""
    files: dict[UUID, Found] = {}
    rtype = type_of("kernel.file")
    for found in fresh.values():
        for name, kind in found.rtype.links.items():
            if not isinstance(kind, File | Link | Links) or kind.to != rtype.key:
                continue
            for record in rtype.model.objects.filter(pk__in=ids_in(found.rtype, found.record, name)):
                elsewhere = {r.id for _way, r in _leading_to(rtype, [record.id])} - set(web.gone)
                if record.id not in web.gone and not elsewhere and not set(record.concerns) - set(web.gone):
                    files[record.id] = Found(rtype, record)
    return files
