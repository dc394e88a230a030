"""What many records are compared by, read in one statement: only the columns that matching looks at."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from klientel.kernel.records import RecordType
from klientel.kernel.records.types import custom_fields
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


def profiles_of(rtype: RecordType, ids: Iterable[UUID], visible: Collection[str] | None = None) -> dict[UUID, Profile]:
    """The profiles of these records, of those that are not in the trash."""
    rows = rtype.model.objects.filter(pk__in=list(ids), archived_at=None).values("id", *columns_of(rtype))
    return {row["id"]: profile_of(rtype, row, visible) for row in rows}
