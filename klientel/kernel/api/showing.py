"""Records as the API gives them back: fixed facts, then the fields that the viewer may see, in plain JSON values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import ActorScope
from klientel.kernel.access.granting import allowed
from klientel.kernel.access.reading import Row, select, visible_ids, worked_out
from klientel.kernel.actions import Done
from klientel.kernel.errors import Missing
from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import TRUE

FIXED = ("id", "version", "title")


def writers(kinds: dict[str, Kind]) -> list[tuple[str, Callable[[Any], Any] | None]]:
    """For each field what turns its value into JSON; none where it is JSON already."""
    own = (Kind.plain, Kind.told)
    return [(n, None if (type(k).plain, type(k).told) == own else k.told) for n, k in kinds.items()]


def shown(row: Row, how: Iterable[tuple[str, Callable[[Any], Any] | None]]) -> dict[str, Any]:
    """A row of a list."""
    made: dict[str, Any] = {"id": str(row.id), "version": row.version, "title": row.title}
    values = row.values
    for name, plain in how:
        made[name] = plain(values[name]) if plain else values[name]
    return made


def one(
    scope: ActorScope, rtype: RecordType, record_id: UUID, names: Iterable[str], *, archived: bool = False
) -> dict[str, Any]:
    """One record by a single statement, or ``Missing``."""
    names, only = list(names), {"id": [str(record_id)]}
    page = select(scope, rtype, columns=names, where=only, sort="title", limit=1, archived=archived)
    if not page.rows:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    visible = scope.visible(rtype)
    return shown(page.rows[0], writers({n: visible[n] for n in names}))


def written(scope: ActorScope, record: Any) -> dict[str, Any]:
    """A record just written, from memory. Of one that the actor may not see only id and version are told."""
    rtype = type_of(record)
    made: dict[str, Any] = {"id": str(record.id), "version": record.version}
    if not seen(scope, rtype, record.id):
        return made
    visible = scope.visible(rtype)
    made["title"] = rtype.title_for(record, visible)
    worked_out(scope, rtype, record)
    for name, kind in visible.items():
        made[name] = kind.told(rtype.value(record, name))
    return made


def seen(scope: ActorScope, rtype: RecordType, record_id: UUID) -> bool:
    """Whether the actor may see this record; costs a statement only where that hangs on the record."""
    if allowed(scope, rtype, "view", "t") is TRUE:
        return True
    return scope.may(rtype, "view") and record_id in visible_ids(scope, rtype, [record_id])


def done(scope: ActorScope, result: Done) -> dict[str, Any]:
    """What an action did: the record, its type, and the change set by which it can be undone."""
    return {
        "type": type_of(result.record).key,
        "record": {"id": str(result.record.id)} if result.record.gone else written(scope, result.record),
        "change_set": str(result.change_set) if result.events else None,
    }


def tag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'
