"""Undo, derived from what the events recorded: per change set, refused where something changed since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from klientel.kernel import actions, events, tenancy, writing
from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.actions.step import Again, Draft, Step
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.events import Event
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import TRUE, Sql, both
from klientel.lib.ids import uuid7

CHUNK = 500


@dataclass
class Undone:
    """What an undo did: its own change set, how many records went back, and those that could not, with the reason."""

    change_set: UUID
    records: int = 0
    refused: list[tuple[Event, Refused]] = field(default_factory=list)


def undo(actor: Actor, change_set: UUID) -> Undone:
    """Put back everything one change set did, newest first, in chunks; each record that changed since is left
    and reported.

    Raises :class:`Missing` where there is nothing of that name, :class:`Refused` where it cannot be undone at all.
    """
    with tenancy.reading():
        first = events.read(Sql("e.change_set = %s", (change_set,)), limit=1)
        if not first:
            raise Missing("no_such_change", _("There is nothing to undo."))
        if not actions.get(first[0].kind).undoable:
            raise Refused("not_undoable", _("This cannot be undone."))
    result, scope, last = Undone(uuid7()), ActorScope(actor), UUID(int=2**128 - 1)
    while True:
        with transaction.atomic():
            some = _before(change_set, last)
            if not some:
                break
            _undo_some(actor, scope, some, result)
            last = some[-1].id
    if not result.records and not result.refused:
        raise Conflict("undone_already", _("This is undone already."))
    return result


def _before(change_set: UUID, last: UUID) -> list[Event]:
    """The next events to undo, newest first; what is undone already is left out."""
    where = Sql(
        "e.change_set = %s AND e.id < %s AND e.undoes IS NULL AND NOT EXISTS (SELECT 1 FROM kernel_event u"
        " WHERE u.tenant_id = e.tenant_id AND u.undoes = e.id)",
        (change_set, last),
    )
    return events.read(where, order="e.id DESC", limit=CHUNK)


def _undo_some(actor: Actor, scope: ActorScope, some: list[Event], result: Undone) -> None:
    """One chunk, in one transaction; again without those that turn out to be refused."""
    refused: dict[int, Refused] = {}
    while True:
        try:
            with transaction.atomic():
                for kind in dict.fromkeys(e.kind for e in some):
                    group = {n: e for n, e in enumerate(some) if e.kind == kind}
                    _attempt(
                        Step(actor, actions.get(kind), change_set=result.change_set, cause=None, scope=scope),
                        group,
                        refused,
                    )
                break
        except Again as again:
            refused |= again.refusals
    result.refused += [(some[n], no) for n, no in sorted(refused.items())]
    result.records += len(some) - len(refused)


def _attempt(step: Step, group: dict[int, Event], refused: dict[int, Refused]) -> None:
    with writing.settling(step.settle):
        locked = _locked(step.scope, [e for n, e in group.items() if n not in refused])
        for n, event in group.items():
            if n in refused:
                continue
            step.begin(n)
            try:
                step.settle_record(event.record_id)
                _undo_one(step, locked, event)
                step.end()
            except Refused as no:
                step.drop(no)
                refused[n] = no
        step.flush()


def _undo_one(step: Step, locked: dict[UUID, Any], event: Event) -> None:
    rtype, record = type_of(event.record_type), locked.get(event.record_id)
    if record is None:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    verb = "archive" if _made_it(event) or "archived_at" in event.changes else "change"
    if not step.scope.may(rtype, verb):
        raise Forbidden("forbidden", _("You may not do this here."))
    draft = step.draft(rtype, record)
    draft.undoes = draft.cause = event.id
    if _made_it(event):
        if record.version != 1:
            raise Conflict("changed_since", _("It was changed again since."))
        step.archive(record)
    else:
        _put_back(step, rtype, record, event, draft)


def _made_it(event: Event) -> bool:
    return event.parameters.get("new") is True


def _put_back(step: Step, rtype: RecordType, record: Any, event: Event, draft: Draft) -> None:
    writable, conflicts = step.scope.writable(rtype), []
    for name, (old, new) in event.changes.items():
        kind = rtype.fields.get(name)
        if kind is None:
            continue
        now = kind.plain(rtype.value(record, name))
        if now != new:
            conflicts.append({"field": name, "now": now, "then": new, "before": old})
        elif name not in writable and not kind.readonly:
            raise Forbidden("read_only", _("You may not change this field."), name)
    if conflicts:
        raise Conflict(
            "changed_since", _("It was changed again since."), conflicts[0]["field"], details={"conflicts": conflicts}
        )
    for name, (old, new) in event.changes.items():
        kind = rtype.fields.get(name)
        if kind is not None:
            rtype.put(record, name, kind.from_plain(old))
            step.note(draft, name, new, old)


def _locked(scope: ActorScope, some: list[Event]) -> dict[UUID, Any]:
    """The records, locked in the order of their ids, as far as the actor may see them: one statement per type."""
    by_type: dict[str, set[UUID]] = {}
    for event in some:
        by_type.setdefault(event.record_type, set()).add(event.record_id)
    found: dict[UUID, Any] = {}
    for key, ids in sorted(by_type.items()):
        rtype = type_of(key)
        inside = both([allowed(scope, rtype, "view", rtype.table), rtype.base(rtype.table) or TRUE])
        rows = rtype.model.objects.filter(pk__in=ids).extra(where=[inside.text], params=inside.params)  # noqa: S610
        found |= {r.pk: r for r in rows.order_by("pk").select_for_update(of=("self",))}
    return found


__all__ = ["Undone", "undo"]
