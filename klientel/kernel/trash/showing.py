"""What a deletion would do, as one viewer may know it: before it is done, on the page and over the API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import Name, get, names_by_type
from klientel.kernel.errors import Missing
from klientel.kernel.records import RecordType, aliases
from klientel.kernel.trash.deleting import RETAINED, Block, deletable, plan
from klientel.kernel.trash.hanging import Found

MOST = 20  # records of one kind that are named


@dataclass(frozen=True)
class Group:
    """Records of one kind: how many, and the first of those that the viewer may see."""

    rtype: RecordType
    count: int
    names: list[Name]


@dataclass(frozen=True)
class Shown:
    """One record before it is deleted for good."""

    record: Any
    deletable: bool
    blocks: list[tuple[Block, Name | None]]  # with the record that asks for it, where the viewer may see that
    along: list[Group]
    loose: list[Group]  # stay, without the link

    @property
    def possible(self) -> bool:
        """Whether it can be deleted."""
        return self.deletable and not self.blocks


def shown(scope: ActorScope, rtype: RecordType, record_id: UUID) -> Shown:
    """Raises :class:`Missing` where the record is not in the recycle bin, or not to be seen."""
    record = get(scope, rtype, record_id, archived=True)
    if aliases.survivor(record_id) is not None:
        raise Missing("missing", "")
    planned = plan(rtype, [record])
    along = [f for f in planned.web.gone.values() if f.fields or f.rtype.key != rtype.key]
    loose, blocks = list(planned.web.kept.values()), planned.blocks.get(record.id, [])[:MOST]
    named = _named(scope, [*along, *loose, *(b.found for b in blocks)])
    told = [(b, named.get(b.found.record.id) if b.code != RETAINED or b.found.fields else None) for b in blocks]
    return Shown(record, deletable(rtype), told, _groups(along, named), _groups(loose, named))


def _by_type(some: Iterable[Found]) -> dict[str, list[Found]]:
    by_type: dict[str, list[Found]] = defaultdict(list)
    for one in some:
        by_type[one.rtype.key].append(one)
    return by_type


def _named(scope: ActorScope, some: list[Found]) -> dict[UUID, Name]:
    return names_by_type(scope, {key: [f.record.id for f in ones[: MOST * 3]] for key, ones in _by_type(some).items()})


def _groups(some: list[Found], named: dict[UUID, Name]) -> list[Group]:
    return [
        Group(ones[0].rtype, len(ones), [named[f.record.id] for f in ones if f.record.id in named][:MOST])
        for _key, ones in sorted(_by_type(some).items())
    ]
