"""Deleting for good what is in the recycle bin: what keeps it, what goes with it, what loses a link.

The deletion itself stands in the history, without a value: who deleted a record of which kind, and when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from klientel.kernel import writing
from klientel.kernel.actions.declaring import basic
from klientel.kernel.actions.step import Step
from klientel.kernel.errors import Conflict, Refused
from klientel.kernel.files import keeping
from klientel.kernel.kinds import Links
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.tenancy import PRIVACY, current, inside
from klientel.kernel.trash import beside
from klientel.kernel.trash.hanging import Found, Web, ids_in, web_of
from klientel.lib.ids import uuid7

NEEDED, RETAINED, RESTRICTED = "needed", "retained", "restricted"


@dataclass(frozen=True)
class Block:
    """Why a record cannot be deleted for good: because of itself, or of what hangs on it."""

    code: str
    found: Found
    why: str = ""  # of a retention: what asks for it

    @property
    def message(self) -> Any:
        """The sentence for people; it names no other record."""
        label = self.found.rtype.label
        if self.code == RETAINED:
            return _("It has to be kept: %(why)s") % {"why": self.why}
        if self.code == RESTRICTED:
            return _("It is tied to a record whose processing is restricted.")
        return _("A record of the kind “%(kind)s” needs it: put that into the recycle bin first.") % {"kind": label}


@dataclass
class Plan:
    """What a deletion would do: all that hangs on the records, and what keeps each of them."""

    web: Web
    blocks: dict[UUID, list[Block]] = field(default_factory=dict)


@dataclass(frozen=True)
class Deletion:
    """What was deleted at once: ids by the key of their type, those that went along too."""

    id: UUID
    by: str
    gone: dict[str, list[UUID]]


#: why no record of some types can be deleted for good
STAYS = _("Settings stay in the recycle bin: other records may still lead to them.")
#: told of every deletion in its transaction, so that a restored backup can repeat it
told: list[Callable[[Deletion], None]] = []


def deletable(rtype: RecordType) -> bool:
    """Whether records of the type can be deleted for good; settings stay, because everything may lead to them."""
    return not rtype.system or bool(rtype.concerns)


def plan(rtype: RecordType, records: list[Any], *, lock: bool = False) -> Plan:
    """Work out what deleting these records would do. Restricted records are looked at too, whoever asks."""
    with inside(current(), purpose=PRIVACY):
        web = web_of(rtype, records, lock=lock)
        made = Plan(web)
        for found, block in [*_own(web), *_tied_to_restricted(web)]:
            for first in found.firsts:
                made.blocks.setdefault(first, []).append(block)
    return made


def _own(web: Web) -> list[tuple[Found, Block]]:
    blocks = []
    for one in [*web.gone.values(), *web.kept.values()]:
        if one.record.restricted:
            blocks.append((one, Block(RESTRICTED, one)))
    for one in web.gone.values():
        if one.rtype.retained is not None and (why := one.rtype.retained(one.record)):
            blocks.append((one, Block(RETAINED, one, str(why))))
        if one.fields and one.record.archived_at is None and not _goes_along(one):
            blocks.append((one, Block(NEEDED, one)))
    return blocks


def _goes_along(found: Found) -> bool:
    """Whether a living record goes without a question: it says something of the other one and nothing else."""
    rtype = found.rtype
    with_it = any(getattr(rtype.fields[n], "on_erase", "") == "with" for n in found.fields)
    return rtype.tie or rtype.system or with_it or bool(found.fields & set(rtype.concerns))


def _tied_to_restricted(web: Web) -> list[tuple[Found, Block]]:
    """What goes and also leads to a restricted record: nothing that is stored about that one changes."""
    ends: dict[str, dict[UUID, list[Found]]] = defaultdict(lambda: defaultdict(list))
    for one in web.gone.values():
        for name, kind in one.rtype.links.items():
            if one.fields and kind.to != "kernel.user":
                for i in set(ids_in(one.rtype, one.record, name)) - web.gone.keys():
                    ends[kind.to][i].append(one)
    blocks = []
    for rtype in _restrictable(ends):
        wanted = ends.get(rtype.key, {}) | ends.get("*", {})
        held = rtype.model.objects.filter(pk__in=list(wanted), restricted=True)
        blocks += [(one, Block(RESTRICTED, one)) for record in held for one in wanted[record.pk]]
    return blocks


def _restrictable(ends: dict[str, Any]) -> list[RecordType]:
    return [t for t in all_types() if t.personal and ("*" in ends or t.key in ends)]


def _remove_all(step: Step, records: dict[int, Any]) -> dict[int, Refused]:
    """All records of a chunk at once, with what hangs on them; refusals by item, before anything is done."""
    rtype = type_of(step.action.on)
    planned = plan(rtype, list(records.values()), lock=True)
    if planned.blocks:
        return {n: _kept(planned.blocks[r.id]) for n, r in records.items() if r.id in planned.blocks}
    gone = set(planned.web.gone)
    with inside(current(), purpose=PRIVACY):
        for one in planned.web.gone.values():
            step.gone(one.record)
        for one in planned.web.kept.values():
            step.follow(one.record, **{name: _without(one, name, gone) for name in one.fields})
        step.write_now()
        _delete(step, planned.web)
    return {}


def _kept(blocks: list[Block]) -> Conflict:
    return Conflict("kept", blocks[0].message, details={"blocks": len(blocks)})


def _without(found: Found, name: str, gone: set[UUID]) -> Any:
    value = found.rtype.value(found.record, name)
    return [v for v in value if v not in gone] if isinstance(found.rtype.fields[name], Links) else None


def _delete(step: Step, web: Web) -> None:
    """The rows, what stands beside them, the values of their history; bytes of files after the commit."""
    ids, deletion = list(web.gone), uuid7()
    by_type: dict[str, list[UUID]] = defaultdict(list)
    for i, one in web.gone.items():
        by_type[one.rtype.key].append(i)
    beside.forget_values(ids, deletion)
    with writing.door():
        beside.forget_rows(ids)
        for key, some in by_type.items():
            type_of(key).model.objects.filter(pk__in=some).delete()
    for tell in told:
        tell(Deletion(deletion, step.actor.ref, dict(by_type)))
    tenant, places = current(), [f.record.place for f in web.gone.values() if f.rtype.key == "kernel.file"]
    transaction.on_commit(lambda: [keeping.drop(tenant, place) for place in places if place] and None)


@basic("remove", _("Delete for good"), said=_("deleted for good"), icon="trash-2", on_archived=True, undoable=False,
       dangerous=True, together=_remove_all)  # fmt: skip
def remove(step: Step, record: Any) -> None:
    """Delete what is in the recycle bin, with all that is only about it. It cannot be taken back."""
    fact = deletable(type_of(record))
    step.require(fact, "not_deletable", STAYS)
    step.mark(record)
