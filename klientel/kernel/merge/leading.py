"""Which records lead to others, by declaration alone: links, own link fields, and ids inside stored conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel import writing
from klientel.kernel.kinds import Json, Kind, Link, Links
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.sql import TRUE, Sql, both, either
from klientel.kernel.tenancy import PRIVACY, current, inside

CHUNK = 2000  # records that are in memory at once


@dataclass
class Leading:
    """The records that lead to some others: ids by the key of their type, each in order."""

    ids: dict[str, list[UUID]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.ids.values()))


def ways(source: RecordType, target: RecordType) -> dict[str, Kind]:
    """The fields by which records of one type can lead to records of another."""
    return {
        n: k
        for n, k in source.fields.items()
        if (isinstance(k, Link | Links) and k.to in (target.key, "*")) or isinstance(k, Json)
    }


def is_tie(rtype: RecordType) -> bool:
    """Whether what leads to one record is looked through for doubles after a merge."""
    return rtype.tie or rtype.doubles is not None


def find(target: RecordType, losers: list[UUID], survivor: UUID | None = None) -> Leading:
    """All records that lead to the losers, restricted ones too; of ties also those that lead to the survivor.

    One statement for all types. The records named themselves are left out.
    """
    group = [*losers, *([survivor] if survivor else [])]
    parts: list[Sql] = []
    for source in all_types():
        writing.settle(source.table)
        ids = group if survivor and is_tie(source) else losers
        tests = [holds(kind, "t", ids) for kind in ways(source, target).values()]
        if tests:
            inside_type = both([source.base("t") or TRUE, either(tests)])
            parts.append(
                Sql(
                    f"SELECT %s, t.id FROM {source.table} t WHERE t.tenant_id = %s AND t.id <> ALL(%s)"
                    f" AND {inside_type.text}",
                    (source.key, current(), group, *inside_type.params),
                )
            )
    with inside(current(), purpose=PRIVACY), connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(p.text for p in parts) + " ORDER BY 1, 2", [x for p in parts for x in p.params]
        )
        rows = cursor.fetchall()
    found = Leading()
    for key, record_id in rows:
        found.ids.setdefault(key, []).append(record_id)
    return found


def holds(kind: Kind, alias: str, ids: list[UUID]) -> Sql:
    """Whether a field of the row ``alias`` leads to one of these records."""
    x = kind.sql(alias)
    if isinstance(kind, Json):
        return Sql(f"{x.text}::text LIKE ANY(%s)", (*x.params, [f"%{i}%" for i in ids]))
    if not isinstance(kind, Links):
        return Sql(f"{x.text} = ANY(%s)", (*x.params, ids))
    if kind.custom:
        return Sql(f"{x.text} ?| %s", (*x.params, [str(i) for i in ids]))
    return Sql(f"{x.text} && %s", (*x.params, ids))


def locked(key: str, ids: list[UUID]) -> Iterator[list[Any]]:
    """The records of one type, locked in the order of their ids, some at a time; expects the purpose that sees all."""
    rtype = type_of(key)
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        text = (
            f"SELECT t.* FROM {rtype.table} t WHERE t.tenant_id = %s AND t.id = ANY(%s)"
            " ORDER BY t.id FOR NO KEY UPDATE OF t"
        )
        yield list(rtype.model.objects.raw(text, [current(), some]))


def replaced(kind: Kind, value: Any, losers: Iterable[UUID], survivor: UUID) -> Any:
    """The value of a field with the survivor in the place of the losers, each record once."""
    gone = set(losers)
    if isinstance(kind, Links):
        return list(dict.fromkeys(survivor if v in gone else v for v in value or ()))
    if isinstance(kind, Link):
        return survivor if value in gone else value
    return in_json(value, {str(i): str(survivor) for i in gone})


def in_json(value: Any, names: dict[str, str]) -> Any:
    """JSON in which some texts stand for others; nothing stands in a list twice because of it."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        made = [in_json(v, names) for v in value]
        return made if made == value else list(_once(made))
    if isinstance(value, dict):
        return {k: in_json(v, names) for k, v in value.items()}
    return value


def _once(values: list[Any]) -> Iterator[Any]:
    seen: list[Any] = []
    for value in values:
        if value not in seen or not isinstance(value, str):
            seen.append(value)
            yield value
