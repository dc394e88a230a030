"""Words of a file that mean records of ours, such as stages of another CRM: proposed, and chosen before importing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from klientel.kernel.access import reading
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.kinds import Link
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.transfer.options import Options
from klientel.kernel.transfer.taking import Taker
from klientel.kernel.transfer.targets import preset_of
from klientel.lib.tables import Row, Table

_SAMPLE, _MOST, _OFFERED = 500, 50, 200


@dataclass(frozen=True)
class Meanings:
    """A link, the words that the file has for it, each with the record it is taken for, and what can be chosen."""

    field: str
    label: Any
    words: list[tuple[str, UUID | None]]
    choices: list[tuple[UUID, str]]


def meanings(
    scope: ActorScope, rtype: RecordType, table: Table, mapping: Mapping[str, str], options: Options
) -> list[Meanings]:
    """Of each link with a guide (`Preset.guides`) that a column leads to, by the first rows of the file."""
    guides, fields = preset_of(rtype).guides, scope.writable(rtype)
    if not guides:
        return []
    taker = Taker(rtype, fields, table.columns, mapping, options)
    links = [taker.take(Row(0, list(cells))).links for cells in table.sample(_SAMPLE)]
    found = []
    for name, guide in guides.items():
        words = list(dict.fromkeys(one[name][:200] for one in links if name in one))[:_MOST]
        kind = fields.get(name)
        if words and isinstance(kind, Link):
            said, taken = options.means.get(name, {}), guide(scope, [(word, {}) for word in words])
            chosen = [(word, said.get(word, one)) for word, one in zip(words, taken, strict=True)]
            found.append(Meanings(name, kind.verbose_name, chosen, _choices(scope, kind.to)))
    return found


def _choices(scope: ActorScope, to: str) -> list[tuple[UUID, str]]:
    target = type_of(to)
    if not scope.may(target, "view"):
        return []
    return [(one.id, one.title) for one in reading.select(scope, target, limit=_OFFERED).rows]
