"""The names of records as others speak of them: of whatever they lead to, as far as the actor may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.errors import Missing
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.plans import Lasting
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.records.types import declared
from klientel.kernel.sql import Sql, both, comma
from klientel.kernel.statements import Question, Rows

#: so many names are looked up in the same way whatever the ids are
FEW = 50


@dataclass(slots=True)
class Row:
    """One record of a list: its fixed facts and the canonical values of the columns asked for."""

    id: UUID
    version: int
    title: str
    values: dict[str, Any]


class Name(NamedTuple):
    """A record as others speak of it."""

    id: UUID
    type: str
    title: str


#: the question that names nothing
NOBODY: Question[dict[UUID, Name]] = Question(Lasting("SELECT 1 WHERE false"), lambda _rows: {})


def types_of(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Of which type each id is, in the current tenant; unknown ids are left out."""
    wanted = list(ids)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_id, record_type FROM kernel_search WHERE record_id = ANY(%s) AND field_class = 'A'", [wanted]
        )
        return dict(cursor.fetchall())


def names(scope: ActorScope, ids: Iterable[UUID], to: str = "*") -> dict[UUID, Name]:
    """Titles of records that the actor may see, of one type or of whatever types they are; the others are left out."""
    return names_by_type(scope, {to: ids})


def names_by_type(scope: ActorScope, wanted: Mapping[str, Iterable[UUID]]) -> dict[UUID, Name]:
    """As :func:`names`, for records of several types (``*``: of any) in one statement."""
    asked = naming(scope, wanted)
    return asked.asked() if asked is not NOBODY else {}


def naming(scope: ActorScope, wanted: Mapping[str, Iterable[UUID]]) -> Question[dict[UUID, Name]]:
    """The question that :func:`names_by_type` asks; :data:`NOBODY` where there is nothing to name."""
    by_type = {key: set(ids) for key, ids in wanted.items() if key not in ("*", "kernel.user")}
    for record_id, key in types_of(set(wanted.get("*", ()))).items():
        by_type.setdefault(key, set()).add(record_id)
    parts: list[Sql] = []
    types: list[RecordType] = []
    for key, some in by_type.items():
        try:
            rtype = type_of(key)
        except Missing:
            continue
        if some:
            parts.append(_titles(scope, rtype, list(some), len(types)))
            types.append(rtype)
    if not parts:
        return NOBODY
    every = comma(parts, " UNION ALL ")
    few = sum(map(len, by_type.values())) <= FEW
    return Question(Lasting(every.text, every.params) if few else every, partial(_named, scope, types))


def _named(scope: ActorScope, types: list[RecordType], rows: Rows) -> dict[UUID, Name]:
    found = {row[0]: Name(row[0], types[row[2]].key, row[1]) for row in rows if row[1] is not None}
    for n, rtype in enumerate(types):
        if closed := [row[0] for row in rows if row[2] == n and row[1] is None]:
            made = rtype.titles_for(closed, scope.visible(rtype))
            found |= {i: Name(i, rtype.key, title) for i, title in made.items()}
    return found


def _titles(scope: ActorScope, rtype: RecordType, ids: list[UUID], n: int) -> Sql:
    mine = Sql("t.tenant_id = %s AND t.id = ANY(%s)", (scope.tenant, ids))
    inside = both([mine, allowed(scope, rtype, "view", "t")])
    title = rtype.title_sql(scope.visible(rtype))
    return Sql(f"SELECT t.id, ({title})::text, {n} FROM {rtype.table} t WHERE {inside.text}", inside.params)


def linked(scope: ActorScope, rtype: RecordType, rows: list[Row], columns: Iterable[str]) -> dict[UUID, Name]:
    """The names of all records that these rows lead to in these columns."""
    by_target: dict[str, set[UUID]] = {}
    for column in columns:
        kind = rtype.fields[column]
        if isinstance(kind, Link):
            by_target.setdefault(kind.to, set()).update(v for r in rows if (v := r.values[column]) is not None)
        elif isinstance(kind, Links):
            by_target.setdefault(kind.to, set()).update(v for r in rows for v in r.values[column])
    return names_by_type(scope, by_target)


def called(scope: ActorScope, kinds: Mapping[str, Kind]) -> dict[str, tuple[str, Sql]]:
    """By column the type and the title of what it leads to, read with the row: of single links to types whose titles
    tell nothing hidden. The others are looked up afterwards."""
    made: dict[str, tuple[str, Sql]] = {}
    for n, (name, kind) in enumerate(kinds.items()):
        target = declared(kind.to) if isinstance(kind, Link) else None
        if target is None or target.closed_in_title(scope.visible(target)):
            continue
        alias = f"n{n}"
        x = kind.sql("t")
        mine = Sql(f"{alias}.tenant_id = %s AND {alias}.id = {x.text}", (scope.tenant, *x.params))
        inside = both([mine, allowed(scope, target, "view", alias)])
        title = Sql(f"(SELECT {alias}.title FROM {target.table} {alias} WHERE {inside.text})", inside.params)
        made[name] = target.key, title
    return made
