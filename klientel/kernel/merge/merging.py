"""Merging: every record type has it without a line. One transaction, sets of rows, nothing lost."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions.declaring import basic
from klientel.kernel.actions.running import gone
from klientel.kernel.actions.step import Step
from klientel.kernel.errors import Conflict, Forbidden, Refused, filled, together
from klientel.kernel.kinds import Json, Links, Privacy
from klientel.kernel.merge import deciding, leading, ledger, ties
from klientel.kernel.merge.taking_back import take_back
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.tenancy import PRIVACY, current, inside
from klientel.lib.ids import uuid7

MOST = 50  # records that become one at once


@basic("merge", _("Merge"), said=_("merged"), icon="merge", also="records", takes_back=take_back)
def merge(
    step: Step,
    record: Any,
    *,
    records: Annotated[list[UUID], Links("*", _("records that become part of it"))],
    fields: Annotated[dict[str, Any], Json(_("whose value each field has"))] = {},  # noqa: B006  never changed
    values: Annotated[dict[str, Any], Json(_("values given"), privacy=Privacy.PERSONAL)] = {},  # noqa: B006
    versions: Annotated[dict[str, Any], Json(_("versions that were looked at"))] = {},  # noqa: B006
) -> None:
    """Make further records part of this one: its fields as chosen, all that led to them leads here."""
    rtype = type_of(record)
    losers = _losers(step, rtype, record, records)
    _same_versions([record, *losers], versions)
    chosen = deciding.choices(step.scope, rtype, [record.id, *(r.id for r in losers)], fields, values)
    decided = deciding.decide(rtype, record, losers, chosen)
    merged, ids = uuid7(), [r.id for r in losers]
    with inside(current(), purpose=PRIVACY):
        step.settle_all()
        moved = _move(step, rtype, record.id, ids)
        step.write_now()
    for loser in losers:
        step.archive(loser)
    before = {n: k.plain(rtype.value(record, n)) for n, k in deciding.mergeable(rtype).items()}
    step.mark(record)
    _set(step, rtype, record, decided, values)
    changed = _changed(rtype, record, before, decided, values)
    step.keep(into=str(record.id))
    _remember(step, rtype, record, ids, merged, changed, moved)


def _losers(step: Step, rtype: RecordType, record: Any, ids: list[UUID]) -> list[Any]:
    """The records to be merged, all there, all allowed."""
    if not rtype.mergeable:
        raise Refused("not_mergeable", _("Records of this kind cannot be merged."))
    wanted = [i for i in ids if i != record.id]
    if not wanted:
        raise Refused("nothing_to_merge", _("Please choose at least one other record."), "records")
    if len(wanted) > MOST:
        raise Refused("too_many", filled(_("At most %(n)d entries are possible here."), {"n": MOST}), "records")
    found = []
    for record_id in wanted:
        step.settle_record(record_id)
        one = step.locked.get(record_id)
        if one is None or one.archived_at is not None:
            no = gone(step.scope, rtype, record_id)
            raise type(no)(no.code, no.message, "records", details=no.details | {"record": str(record_id)})
        if not one.may:
            raise Forbidden("forbidden", _("You may not do this here."), "records")
        found.append(one)
    return found


def _same_versions(group: list[Any], versions: dict[str, Any]) -> None:
    for one in group:
        seen = versions.get(str(one.id))
        if seen is not None and seen != one.version:
            raise Conflict(
                "changed_since",
                _("Somebody changed this since you opened it."),
                details={"record": str(one.id), "version": one.version},
            )


def _move(step: Step, rtype: RecordType, survivor: UUID, losers: list[UUID]) -> list[dict[str, Any]]:
    """Let everything that leads to the losers lead to the survivor; rows of the ledger, one for each changed field."""
    found, rows = leading.find(rtype, losers, survivor), []
    for key, ids in found.ids.items():
        source = type_of(key)
        if not step.scope.may(source, "change") and not step.scope.may(source, "create"):
            raise Forbidden(
                "may_not_move",
                filled(
                    _("“%(what)s” lead to these records, and you may not change any of them."), {"what": source.plural}
                ),
                "records",
            )
        kinds, about_one = leading.ways(source, rtype), []
        for some in leading.locked(key, ids):
            some = [step.locked.get(one.id, one) for one in some]
            for one in some:
                rows += _follow(step, source, one, kinds, losers, survivor)
            if leading.is_tie(source):
                about_one += some
            elif len(ids) > leading.CHUNK:
                step.write_now()
        for one in ties.superfluous(source, about_one, survivor) if about_one else ():
            step.follow(one, archived_at=step.now)
            rows.append(_row(source, one, "archived_at", None, source.fields["archived_at"].plain(step.now)))
    return rows


def _follow(
    step: Step, source: RecordType, one: Any, kinds: dict[str, Any], losers: list[UUID], survivor: UUID
) -> list[dict[str, Any]]:
    rows = []
    for name, kind in kinds.items():
        before = source.value(one, name)
        after = leading.replaced(kind, before, losers, survivor)
        if after != before:
            rows.append(_row(source, one, name, kind.plain(before), kind.plain(after)))
            step.follow(one, **{name: after})
    return rows


def _row(source: RecordType, one: Any, field: str, before: Any, after: Any) -> dict[str, Any]:
    return {"record_type": source.key, "record_id": one.id, "field": field, "before": before, "after": after}


def _set(
    step: Step, rtype: RecordType, record: Any, decided: dict[str, deciding.Decided], values: dict[str, Any]
) -> None:
    """Give the survivor its values: those given from outside are checked as any others, the rest stood already."""
    refusals: list[Refused] = []
    for name, one in decided.items():
        kind = rtype.fields[name]
        if name in values:
            continue
        most = getattr(kind, "most", None) if deciding.several(kind) else None
        if most is not None and len(one.value) > most:
            refusals.append(
                Refused("too_many", filled(_("At most %(n)d entries are possible here."), {"n": most}), name)
            )
        elif kind.required and kind.is_empty(one.value):
            refusals.append(kind.refuse("required", _("Please fill in this field.")))
        elif one.value != rtype.value(record, name):
            step.stamp(record, **{name: one.value})
    if refusals:
        raise together(refusals)
    if values:
        step.change(record, **values)


def _changed(
    rtype: RecordType, record: Any, before: dict[str, Any], decided: dict[str, deciding.Decided], values: dict[str, Any]
) -> dict[str, Any]:
    """What became of the survivor's fields: before, after, and from whom."""
    found = {}
    for name, kind in deciding.mergeable(rtype).items():
        after = kind.plain(rtype.value(record, name))
        if after != before[name]:
            source = decided[name].source if name not in values else None
            found[name] = {"before": before[name], "after": after, "from": str(source) if source else None}
    return found


def _remember(
    step: Step,
    rtype: RecordType,
    record: Any,
    ids: list[UUID],
    merged: UUID,
    changed: dict[str, Any],
    moved: list[dict[str, Any]],
) -> None:
    """Write the ledger beside the buffer: if the item is refused after this, its chunk starts again without it."""
    step.flushed_in_item = True
    facts = {
        "id": merged,
        "record_type": rtype.key,
        "survivor": record.id,
        "losers": [str(i) for i in ids],
        "change_set": step.change_set,
        "actor": step.actor.ref,
        "actor_name": step.actor.name,
        "at": step.now,
        "values": changed,
    }
    ledger.insert("kernel_merge", [facts])
    ledger.begin(merged, rtype.key, record.id, ids)
    ledger.insert("kernel_moved", [{"merge_id": merged, "survivor": record.id, **row} for row in moved])
    ledger.learn(record.id)
