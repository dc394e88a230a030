"""Whom a call about a record would reach: its own numbers, and those of the people and firms it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import get, select
from klientel.kernel.kinds import Link
from klientel.kernel.kinds.base import region
from klientel.kernel.records import RecordType, type_of
from klientel.lib.phones import show_phone

MOST = 6


@dataclass(frozen=True)
class Number:
    """A telephone number, whose it is, and the records a call to it concerns."""

    value: str
    whose: str
    purpose: str
    concerns: tuple[UUID, ...]
    bad: bool = False

    @property
    def shown(self) -> str:
        """The number for people."""
        return show_phone(self.value, region())


def numbers(scope: ActorScope, rtype: RecordType, record_id: UUID) -> tuple[Any, list[Number]]:
    """The record, and the numbers to call about it; those that work first. One statement for each kind of link."""
    record, seen = get(scope, rtype, record_id), scope.visible(rtype)
    found = _of(record.title, {n: rtype.value(record, n) for n in seen}, (record_id,), seen)
    for name, kind in seen.items():
        if not isinstance(kind, Link) or not kind.to.startswith("contacts."):
            continue
        if (target := rtype.value(record, name)) is not None:
            found += _linked(scope, type_of(kind.to), target, record_id)
    unique: dict[str, Number] = {}
    for one in found:
        unique.setdefault(one.value, one)
    return record, sorted(unique.values(), key=lambda n: n.bad)[:MOST]


def _linked(scope: ActorScope, rtype: RecordType, target: UUID, record_id: UUID) -> list[Number]:
    seen = scope.visible(rtype)
    columns = [n for n, k in seen.items() if k.key in ("phone", "phones")]
    if not columns or not scope.may(rtype, "view"):
        return []
    rows = select(scope, rtype, columns=columns, where={"id": [str(target)]}, limit=1).rows
    return [n for row in rows for n in _of(row.title, row.values, (target, record_id), seen)]


def _of(whose: str, values: dict[str, Any], concerns: tuple[UUID, ...], seen: Any) -> list[Number]:
    found = []
    for name, value in values.items():
        kind = seen[name]
        if kind.key == "phone" and value:
            found.append(Number(value, whose, "", concerns))
        elif kind.key == "phones":
            found += [Number(p["value"], whose, p["purpose"], concerns, _bad(p)) for p in value or ()]
    return found


def _bad(phone: dict[str, str]) -> bool:
    return phone.get("state") in ("invalid", "former")
