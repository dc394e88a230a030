"""Merges looked at before they are done or taken back: values side by side, what moves, what changed since."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import Row, seen_ids, select, visible_ids
from klientel.kernel.errors import Missing
from klientel.kernel.kinds import Json, Kind
from klientel.kernel.merge import deciding, leading, ledger
from klientel.kernel.merge.deciding import Decided
from klientel.kernel.merge.giving_back import Apart, values_back
from klientel.kernel.merge.models import Merge
from klientel.kernel.records import RecordType, reverses

MOST_ADDED = 50  # of each way, the newest


@dataclass(frozen=True)
class Side:
    """One field of all records side by side, with what the merge would make of it."""

    kind: Kind
    values: dict[UUID, Any]
    decided: Decided
    differs: bool
    open: bool  # the actor may choose


@dataclass(frozen=True)
class Together:
    """A merge that is only looked at."""

    survivor: Any
    losers: list[Any]
    sides: list[Side]
    moves: dict[str, int]  # how many records that lead here the actor can see, by the key of their type


def records_of(scope: ActorScope, rtype: RecordType, ids: list[UUID]) -> list[Any]:
    """The records, as far as the actor may merge them and they are still there, in the order of the ids."""
    gone = seen_ids(scope, rtype, ids, "merge")
    good = visible_ids(scope, rtype, [i for i in ids if gone.get(i) is False])
    rows = {r.pk: r for r in rtype.model.objects.filter(pk__in=good)}
    return [rows[i] for i in ids if i in rows]


def suggested(rtype: RecordType, records: list[Any]) -> Any:
    """Which record to keep: the one that says most, of equal ones the oldest."""
    kinds = deciding.mergeable(rtype)
    said = {r.pk: sum(not k.is_empty(rtype.value(r, n)) for n, k in kinds.items()) for r in records}
    return min(records, key=lambda r: (-said[r.pk], r.created_at, r.pk))


def together(scope: ActorScope, rtype: RecordType, ids: list[UUID], keep: UUID | None = None) -> Together:
    """In a reading transaction; :class:`Missing` where fewer than two of the records are there for the actor."""
    records = records_of(scope, rtype, list(dict.fromkeys(ids)))
    if len(records) < 2:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    survivor = next((r for r in records if r.pk == keep), None) or suggested(rtype, records)
    losers = [r for r in records if r is not survivor]
    return Together(survivor, losers, _sides(scope, rtype, survivor, losers), _moves(scope, rtype, losers))


def _sides(scope: ActorScope, rtype: RecordType, survivor: Any, losers: list[Any]) -> list[Side]:
    decided, writable = deciding.decide(rtype, survivor, losers), scope.writable(rtype)
    made = []
    for name, kind in scope.visible(rtype).items():
        if name not in decided or isinstance(kind, Json):
            continue
        values = {r.pk: rtype.value(r, name) for r in (survivor, *losers)}
        plain = [kind.plain(v) for v in values.values()]
        if any(not kind.is_empty(v) for v in values.values()):
            differs = any(p != plain[0] for p in plain)
            made.append(Side(kind, values, decided[name], differs, name in writable))
    return sorted(made, key=lambda s: not s.differs)


def _moves(scope: ActorScope, rtype: RecordType, losers: list[Any]) -> dict[str, int]:
    from_types = {w.source.key: w.source for w in reverses(rtype).values()}
    found = leading.find(rtype, [r.pk for r in losers]).ids
    seen = {k: len(visible_ids(scope, from_types[k], ids)) for k, ids in found.items() if k in from_types}
    return {k: n for k, n in seen.items() if n}


@dataclass
class Added:
    """Something that leads to the survivor and was made after the merge."""

    rtype: RecordType
    row: Row


@dataclass
class Parted:
    """A taking apart that is only looked at."""

    merge: Merge
    losers: list[Any]
    others: list[Merge]  # further merges of which records are part of this one
    conflicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    added: list[Added] = field(default_factory=list)


def apart(scope: ActorScope, rtype: RecordType, record: Any, merge_id: UUID | None = None) -> Parted:
    """In a reading transaction: one merge of a record, the newest unless another is named; :class:`Missing` if none."""
    merges = ledger.merges_of(record.pk)
    found = next((m for m in merges if merge_id in (None, m.pk)), None)
    if found is None:
        raise Missing("not_merged", _("No other record is part of this one."))
    losers = list(rtype.model.objects.filter(pk__in=found.losers).order_by("pk"))
    made = Parted(found, losers, [m for m in merges if m is not found])
    inside = {i for m in made.others for i in m.losers}
    kinds, visible = deciding.mergeable(rtype), scope.visible(rtype)
    now = {n: rtype.value(record, n) for n in kinds}
    lists = {r.pk: {n: rtype.value(r, n) for n in kinds} for r in losers}
    later = [copy.deepcopy(m) for m in made.others if m.at > found.at]
    who = Apart(record.pk, tuple(found.losers), frozenset(inside))
    told = values_back(kinds, now, copy.deepcopy(found), later, lists, who)
    made.conflicts = {n: c for n, c in told.conflicts.items() if n in visible}
    made.added = _added(scope, rtype, record, found)
    return made


def _added(scope: ActorScope, rtype: RecordType, record: Any, merge: Merge) -> list[Added]:
    found: dict[UUID, Added] = {}
    for way in reverses(rtype).values():
        if not scope.may(way.source, "change") or way.field not in scope.visible(way.source):
            continue
        leads = {"field": way.field, "op": "contains_one" if way.many else "is"}
        leads["value"] = [str(record.pk)] if way.many else str(record.pk)  # type: ignore[assignment]
        where = {"all": [leads, {"field": "created_at", "op": "after", "value": merge.at.isoformat()}]}
        for row in select(scope, way.source, where=where, sort="-created_at", limit=MOST_ADDED, verb="change").rows:
            found.setdefault(row.id, Added(way.source, row))
    return list(found.values())
