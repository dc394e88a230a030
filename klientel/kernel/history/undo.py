"""Undo, derived from what the events recorded: set by set, and whatever cannot go back is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from klientel.kernel import actions, events, tenancy, writing
from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.actions.running import Busy, from_database, held, in_turns
from klientel.kernel.actions.step import Again, Step
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.events import Event
from klientel.kernel.history.judging import Choices, Order, decide, judge, made_it
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import RecordType, aliases, type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import alone, current
from klientel.lib.ids import uuid7

CHUNK = 500
LAST = UUID(int=2**128 - 1)


@dataclass
class Undone:
    """What an undo did: its own change set, how many records went back, those that could not with the reason, and
    those that went back in part with the fields that stayed."""

    change_set: UUID
    records: int = 0
    refused: list[tuple[Event, Refused]] = field(default_factory=list)
    partly: list[tuple[Event, list[str]]] = field(default_factory=list)
    idle: int = 0  # what was back already


def undo(actor: Actor, change_set: UUID, choices: Choices | None = None) -> Undone:
    """Put back everything one change set did, newest first, in chunks that commit by themselves; ``choices`` says
    what happens to records that changed since, otherwise they are left and reported. An undo can be undone too.

    Raises :class:`Missing` where there is nothing of that name, :class:`Refused` where it cannot be undone at all.
    """
    with tenancy.reading():
        check_undoable(change_set)
    result, scope, last = Undone(uuid7()), ActorScope(actor), LAST
    while True:
        with transaction.atomic():
            some = before(change_set, last)
            if not some:
                break
            put_back(actor, scope, some, result, choices or Choices())
            last = some[-1].id
    if not result.records and not result.refused:
        raise Conflict("undone_already", _("This is undone already."))
    return result


def check_undoable(change_set: UUID) -> None:
    """Refuse what is not there and what cannot be undone."""
    first = events.read(Sql("e.change_set = %s", (change_set,)), limit=1)
    if not first:
        raise Missing("no_such_change", _("There is nothing to undo."))
    if not undoable(first[0]):
        raise Refused("not_undoable", _("This cannot be undone."))


def undoable(event: Event) -> bool:
    """Whether what an event tells of can be taken back here at all."""
    try:
        return actions.get(event.kind).undoable
    except Missing:
        return False


def before(change_set: UUID, last: UUID, limit: int = CHUNK) -> list[Event]:
    """The next events of a change set, newest first."""
    return events.read(Sql("e.change_set = %s AND e.id < %s", (change_set, last)), order="e.id DESC", limit=limit)


def undone(ids: list[UUID]) -> set[UUID]:
    """Which of these events are undone now: by an event that is not undone itself."""
    if not ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, undoes FROM kernel_event WHERE tenant_id = %s AND undoes = ANY(%s)", [current(), ids]
        )
        by = cursor.fetchall()
    again = undone([row[0] for row in by])
    return {undoes for by_id, undoes in by if by_id not in again}


def put_back(actor: Actor, scope: ActorScope, some: list[Event], result: Undone, choices: Choices) -> None:
    """One chunk, in the caller's transaction. Whoever undoes the same at the same moment waits here."""
    alone(f"undo:{some[0].change_set}")
    takes_back = actions.get(some[0].kind).takes_back if undoable(some[0]) else None
    if takes_back is not None:
        told = {i: str(choices.of(i)) for i in {e.record_id for e in some}}
        records, refused = takes_back(actor, some, told, result.change_set)
        result.records, result.refused = result.records + records, result.refused + refused
        return
    gone = undone([e.id for e in some])
    todo = [e for e in some if e.id not in gone]
    result.idle += len(gone)
    if todo:
        _Chunk(actor, scope, result.change_set, choices).run(todo, result)


class _Chunk:
    """The events of one chunk; begun again without those that turn out to be refused late."""

    def __init__(self, actor: Actor, scope: ActorScope, change_set: UUID, choices: Choices) -> None:
        self.actor, self.scope, self.change_set, self.choices = actor, scope, change_set, choices

    def run(self, some: list[Event], result: Undone) -> None:
        """Put back, and say what became of each."""
        refused: dict[int, Refused] = {}
        partly: dict[int, list[str]] = {}
        idle: set[int] = set()
        while True:
            try:
                refused, partly, idle = in_turns(partial(self._attempt, some, refused))
                break
            except Again as again:
                refused |= again.refusals
            except Busy as busy:
                refused |= {n: busy for n in range(len(some)) if n not in refused}
                break
            except (IntegrityError, DataError) as error:
                left = [n for n in range(len(some)) if n not in refused]
                if len(left) > 1:
                    result.refused += [(some[n], no) for n, no in sorted(refused.items())]
                    middle = len(left) // 2
                    self.run([some[n] for n in left[:middle]], result)
                    self.run([some[n] for n in left[middle:]], result)
                    return
                refused |= dict.fromkeys(left, from_database(error))
        result.refused += [(some[n], no) for n, no in sorted(refused.items())]
        result.partly += [(some[n], names) for n, names in sorted(partly.items())]
        result.idle += len(idle)
        result.records += len({some[n].record_id for n in range(len(some)) if n not in refused and n not in idle})

    @transaction.atomic
    def _attempt(
        self, some: list[Event], known: dict[int, Refused]
    ) -> tuple[dict[int, Refused], dict[int, list[str]], set[int]]:
        """Who was refused (``known`` before already), which fields of whom stayed, and where nothing was to be done."""
        refused, partly, idle = dict(known), dict[int, list[str]](), set[int]()
        records = locked(self.scope, [e for n, e in enumerate(some) if n not in refused])
        for kind in dict.fromkeys(e.kind for e in some):
            group = {n: e for n, e in enumerate(some) if e.kind == kind and n not in refused}
            if not group:
                continue
            if not undoable(next(iter(group.values()))):
                no = Refused("not_undoable", _("This cannot be undone."))
                refused |= dict.fromkeys(group, no)
                continue
            step = Step(self.actor, actions.get(kind), change_set=self.change_set, cause=None, scope=self.scope)
            with writing.settling(step.settle):
                for n, event in group.items():
                    step.begin(n)
                    try:
                        order = self._one(step, records, event)
                        step.end()
                    except Refused as no:
                        step.drop(no)
                        refused[n] = no
                        continue
                    if order is None:
                        idle.add(n)
                    elif order.left:
                        partly[n] = order.left
                step.flush()
        return refused, partly, idle

    def _one(self, step: Step, records: dict[UUID, Any], event: Event) -> Order | None:
        rtype, record = type_of(event.record_type), records.get(event.record_id)
        if record is None:
            raise Missing("missing", _("There is no such record, or you may not see it."))
        if not may(record, event):
            raise Forbidden("forbidden", _("You may not do this here."))
        if record.merged:
            raise Conflict("merged", _("This record was merged into another one meanwhile."))
        verdict = judge(step.scope, rtype, record, event)
        if verdict.idle:
            return None
        order = decide(verdict, self.choices.of(event.record_id))
        draft = step.draft(rtype, record)
        draft.undoes = draft.cause = event.id
        if order.trash:
            step.archive(record)
        else:
            _set(step, rtype, record, order.back)
        return order


def may(record: Any, event: Event) -> bool:
    """Whether the actor may take it back: by the right to archive what it made, or put into the trash or out of it."""
    return bool(record.may_archive if made_it(event) or "archived_at" in event.changes else record.may_change)


def _set(step: Step, rtype: RecordType, record: Any, back: dict[str, tuple[Any, Any]]) -> None:
    draft, fields = step.draft(rtype, record), rtype.fields
    for name, (now, old) in back.items():
        kind = fields[name]
        before_it, value = rtype.value(record, name), kind.from_plain(old)
        rtype.put(record, name, value)
        step.note(draft, name, now, old)
        step.remember_links(draft, kind, value, before_it)


def locked(scope: ActorScope, some: list[Event], *, lock: bool = True) -> dict[UUID, Any]:
    """The records as far as the actor may see them, locked in the order of their ids: one statement per type.

    Each knows whether the actor may change it (``may_change``) and trash it (``may_archive``), and whether it became
    part of another one (``merged``): what it was then is not changed any more, until it is taken out again.
    """
    by_type: dict[str, set[UUID]] = {}
    for event in some:
        by_type.setdefault(event.record_type, set()).add(event.record_id)
    found: dict[UUID, Any] = {}
    for key, ids in sorted(by_type.items()):
        try:
            rtype = type_of(key)
        except Missing:
            continue
        change, archive = (allowed(scope, rtype, verb, rtype.table) for verb in ("change", "archive"))
        asked = {"may_change": change, "may_archive": archive}
        found |= held(scope, rtype, sorted(ids), "UPDATE" if lock else "", **asked)
    old = aliases.survivors(found)  # asked when they are held: who was waited for may have merged them
    for record_id, record in found.items():
        record.merged = record_id in old
    return found


__all__ = ["CHUNK", "LAST", "Undone", "before", "check_undoable", "locked", "put_back", "undo", "undoable", "undone"]
