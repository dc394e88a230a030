"""What many records are compared by, read in one statement: only the columns that matching looks at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any
from uuid import UUID

from django.db import connection, models

from klientel.kernel.records import RecordType
from klientel.kernel.records.types import custom_fields
from klientel.kernel.sql import loaded
from klientel.kernel.tenancy import current
from klientel.lib.matching import Profile


def columns_of(rtype: RecordType) -> list[str]:
    """The columns that matching reads; ``extra`` where it reads a tenant's own fields."""
    matching, own = rtype.matching, custom_fields(rtype.key)
    assert matching is not None
    names = dict.fromkeys(name for feature in matching.features for name in feature.fields)
    static = [name for name in names if name not in own]
    return [*static, "extra"] if len(static) < len(names) else static


def profile_of(rtype: RecordType, row: dict[str, Any], visible: Collection[str] | None = None) -> Profile:
    """The profile of a row of these columns; ``visible`` leaves out what a viewer may not see."""
    matching, own = rtype.matching, custom_fields(rtype.key)
    assert matching is not None
    if "extra" not in row:
        return matching.profile(row.get, visible)
    extra = row["extra"] or {}

    def value(name: str) -> Any:
        return own[name].from_plain(extra.get(name)) if name in own else row.get(name)

    return matching.profile(value, visible)


def read(rtype: RecordType, ids: Iterable[UUID], *more: str) -> Iterator[dict[str, Any]]:
    """What matching reads of these records, and ``more`` columns; of those that are not in the trash."""
    known = {field.name: field for field in rtype.model._meta.concrete_fields}
    fields = [known[name] for name in dict.fromkeys(("id", *more, *columns_of(rtype)))]
    names = [field.name for field in fields]
    nested = [field.name for field in fields if isinstance(field, models.JSONField)]
    picked = ", ".join(f't."{field.column}"' for field in fields)
    with connection.cursor() as cursor:  # by hand: the ORM takes longer to make the rows than to compare them
        cursor.execute(
            f"SELECT {picked} FROM {rtype.table} t WHERE t.tenant_id = %s AND t.id = ANY(%s) AND t.archived_at IS NULL",
            [current(), list(ids)],
        )
        for values in cursor.fetchall():
            row = dict(zip(names, values, strict=True))
            for name in nested:
                row[name] = loaded(row[name])
            yield row


def profiles_of(rtype: RecordType, ids: Iterable[UUID], visible: Collection[str] | None = None) -> dict[UUID, Profile]:
    """The profiles of these records, of those that are not in the trash."""
    return {row["id"]: profile_of(rtype, row, visible) for row in read(rtype, ids)}
