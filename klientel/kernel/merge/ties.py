"""Ties that say the same after a merge: the same relation twice, the same place at the same firm, a tie to itself."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from klientel.kernel.kinds import Link, Links
from klientel.kernel.records import RecordType
from klientel.kernel.records.record import Record

_BASE = {f.name for f in Record._meta.get_fields()}


def superfluous(rtype: RecordType, rows: list[Any], survivor: UUID) -> list[Any]:
    """Those of the rows about one record that say nothing of their own: by the type's own rule, else doubles."""
    alive = [r for r in rows if r.archived_at is None]
    if rtype.doubles is not None:
        return rtype.doubles(alive)
    itself = [r for r in alive if _to_itself(rtype, r, survivor)]
    return [*itself, *_doubles(rtype, [r for r in alive if r not in itself])]


def _ends(rtype: RecordType) -> list[str]:
    return [n for n, k in rtype.static.items() if isinstance(k, Link | Links) and k.required]


def _to_itself(rtype: RecordType, row: Any, survivor: UUID) -> bool:
    """Whether two of its ends are the same record and nothing else."""
    ends = [rtype.value(row, n) for n in _ends(rtype)]
    return sum(e in (survivor, [survivor]) for e in ends) > 1


def _doubles(rtype: RecordType, rows: list[Any]) -> list[Any]:
    """Of rows with the same ends all but the one that says most; one that says something else stays."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        groups[tuple(_frozen(rtype.value(row, n)) for n in _ends(rtype))].append(row)
    found = []
    for some in groups.values():
        kept: list[Any] = []
        for row in sorted(some, key=lambda r: (-len(_said(rtype, r)), r.created_at, r.id)):
            said = _said(rtype, row)
            if any(said.items() <= _said(rtype, k).items() for k in kept):
                found.append(row)
            else:
                kept.append(row)
    return found


def _frozen(value: Any) -> Any:
    return frozenset(value) if isinstance(value, list) else value


def _said(rtype: RecordType, row: Any) -> dict[str, Any]:
    """What a row says beside whom it ties."""
    kinds = {n: k for n, k in rtype.fields.items() if n not in _BASE}
    return {n: str(k.plain(v)) for n, k in kinds.items() if not k.is_empty(v := rtype.value(row, n)) or v is False}
