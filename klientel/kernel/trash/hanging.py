"""What hangs on records: every record of every type that leads to them, by declaration alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from klientel.kernel.kinds import File, Link, Links
from klientel.kernel.merge.leading import holds
from klientel.kernel.records import RecordType, Reverse, aliases, reverses, type_of
from klientel.kernel.tenancy import current


@dataclass
class Found:
    """A record that leads to one of the first (or to something that goes with it), by these fields."""

    rtype: RecordType
    record: Any
    fields: set[str] = field(default_factory=set)
    firsts: set[UUID] = field(default_factory=set)  # on which of the first records it hangs


@dataclass
class Web:
    """All that hangs on some records: what goes with them, and what stays because it is about others too."""

    gone: dict[UUID, Found]
    kept: dict[UUID, Found]

    def persons(self) -> list[tuple[RecordType, Any]]:
        """A person's own records: the one asked for, and duplicates that were merged into it."""
        return [(f.rtype, f.record) for f in self.gone.values() if f.rtype.personal]


def web_of(rtype: RecordType, records: list[Any], *, lock: bool = False) -> Web:
    """Follow every link that leads to the records, and to what goes with them, until nothing more is found.

    Records that were merged into them are theirs too. ``lock``: each row is locked before it is asked what leads to
    it, so that nothing is linked meanwhile; the records themselves are expected to be.
    """
    web = Web({r.id: Found(rtype, r, firsts={r.id}) for r in records}, {})
    roots = aliases.roots([r.id for r in records])
    for old in _rows(rtype, list(roots), lock=lock) if roots else ():
        web.gone[old.id] = Found(rtype, old, firsts={roots[old.id]})
    fresh = dict(web.gone)
    while fresh:
        for key, ids in _by_type(fresh).items():
            for way, record in _leading_to(type_of(key), ids, lock=lock):
                if record.id not in web.gone:
                    found = web.kept.setdefault(record.id, Found(way.source, record))
                    found.fields.add(way.field)
                    for target in set(ids_in(way.source, record, way.field)) & fresh.keys():
                        found.firsts |= fresh[target].firsts
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


def _rows(rtype: RecordType, ids: list[UUID], *, lock: bool) -> list[Any]:
    rows = rtype.model.objects.filter(pk__in=ids).order_by("pk")
    return list(rows.select_for_update() if lock else rows)


def _leading_to(target: RecordType, ids: list[UUID], *, lock: bool = False) -> Iterator[tuple[Reverse, Any]]:
    for way in reverses(target).values():
        kind = way.source.fields[way.field]
        test = holds(kind, way.source.table, ids)
        parts = [test.text, *([base.text] if (base := way.source.base(way.source.table)) else [])]
        params = [*test.params, *(base.params if base else ())]
        rows = way.source.model.objects.filter(tenant_id=current()).extra(where=parts, params=params)  # noqa: S610 - made of declarations
        for record in rows.order_by("pk").select_for_update() if lock else rows:
            yield way, record


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
                    files[record.id] = Found(rtype, record, firsts=set(found.firsts))
    return files
