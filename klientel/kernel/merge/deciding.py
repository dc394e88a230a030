"""Which value each field has after a merge: chosen, given, or by the rule; hidden fields follow the rule unseen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import Forbidden, Refused, together
from klientel.kernel.kinds import Choices, Entries, Kind, Link, Links
from klientel.kernel.records import RecordType

KEPT, FILLED, UNITED, CHOSEN, GIVEN = "kept", "filled", "united", "chosen", "given"


@dataclass(frozen=True)
class Decided:
    """The value of one field after the merge, whose it was (none where it is made of several), and by which rule."""

    value: Any
    source: UUID | None
    how: str


def several(kind: Kind) -> bool:
    """Whether a field holds a list that is united."""
    return isinstance(kind, Entries | Links | Choices)


def mergeable(rtype: RecordType) -> dict[str, Kind]:
    """The fields that a merge decides about; what the kernel itself sets stays as it is."""
    return {n: k for n, k in rtype.fields.items() if not k.readonly}


def decide(
    rtype: RecordType, survivor: Any, losers: list[Any], chosen: dict[str, list[UUID]] | None = None
) -> dict[str, Decided]:
    """Every field's value: the chosen record's; else the survivor's, where that is empty the first other one's.

    Lists are united, in the order of the records; ``chosen`` names whose lists, or whose value. A link to one of the
    merged records themselves is none.
    """
    by_id = {r.id: r for r in (survivor, *losers)}
    made: dict[str, Decided] = {}
    for name, kind in mergeable(rtype).items():
        wanted = (chosen or {}).get(name)
        records = [by_id[i] for i in wanted] if wanted is not None else list(by_id.values())
        values = [(r.id, _outside(kind, rtype.value(r, name), by_id)) for r in records]
        if several(kind):
            made[name] = Decided(united(kind, [v for _id, v in values]), None, UNITED)
        elif wanted is not None:
            made[name] = Decided(values[0][1], wanted[0], CHOSEN)
        else:
            made[name] = _by_rule(kind, values)
    return made


def _by_rule(kind: Kind, values: list[tuple[UUID, Any]]) -> Decided:
    (own, kept), *others = values
    if kind.is_empty(kept):
        for source, value in others:
            if not kind.is_empty(value):
                return Decided(value, source, FILLED)
    return Decided(kept, own, KEPT)


def _outside(kind: Kind, value: Any, group: dict[UUID, Any]) -> Any:
    if isinstance(kind, Links):
        return [v for v in value or () if v not in group]
    return None if isinstance(kind, Link) and value in group else value


def entry_key(kind: Kind, entry: Any) -> Any:
    """By what two entries of a list are the same: purpose, state, and capital letters make no new address."""
    return tuple(entry.get(p, "").casefold() for p in kind.parts) if isinstance(kind, Entries) else entry


def united(kind: Kind, lists: Iterable[Any]) -> list[Any]:
    """The entries of several lists, each once, the first one's wording kept."""
    found: dict[Any, Any] = {}
    for some in lists:
        for entry in some or ():
            found.setdefault(entry_key(kind, entry), entry)
    return list(found.values())


def choices(
    scope: ActorScope, rtype: RecordType, group: list[UUID], fields: dict[str, Any], values: dict[str, Any]
) -> dict[str, list[UUID]]:
    """What was chosen, checked: fields that the actor may set, records that are merged; all refusals at once."""
    refusals: list[Refused] = []
    chosen: dict[str, list[UUID]] = {}
    known = mergeable(rtype)
    for name in {**fields, **values}:
        if name not in known or name not in scope.visible(rtype):
            refusals.append(Refused("unknown_field", _("There is no such field."), name))
        elif name not in scope.writable(rtype):
            refusals.append(Forbidden("read_only", _("You may not change this field."), name))
        elif name in fields and name not in values:
            ids = _ids(fields[name], group)
            if ids is None or (len(ids) != 1 and not several(known[name])):
                refusals.append(Refused("not_part_of_it", _("Please choose one of the records to be merged."), name))
            else:
                chosen[name] = ids
    if refusals:
        raise together(refusals)
    return chosen


def _ids(given: Any, group: list[UUID]) -> list[UUID] | None:
    try:
        ids = [UUID(str(i)) for i in (given if isinstance(given, list) else [given])]
    except ValueError:
        return None
    return [i for i in group if i in ids] if set(ids) <= set(group) else None
