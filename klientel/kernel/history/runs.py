"""Bulk edits and undos of many records as stored runs: chunk after chunk, each committed with how far it got."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from klientel.kernel import actions, writing
from klientel.kernel.access import actor_of, system_actor
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import which
from klientel.kernel.actions import Item, run_many
from klientel.kernel.errors import Conflict, Missing, Refused
from klientel.kernel.history.judging import Choices
from klientel.kernel.history.models import ChangeRow, ChangeRun, State
from klientel.kernel.history.undo import LAST, Undone, before, check_undoable, put_back
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import at_home_in
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant
from klientel.lib.ids import uuid7, uuid7_at

CHUNK = 500
AT_ONCE = 500  # what is no more than this is waited for
FIRST = UUID(int=0)


def large(change_set: UUID) -> bool:
    """Whether an undo is too much to be waited for."""
    return len(before(change_set, LAST, AT_ONCE + 1)) > AT_ONCE


def start_undo(actor: Actor, change_set: UUID, choices: Choices | None = None) -> ChangeRun:
    """Note that a change set is to be taken back. Refuses what cannot be undone, and what is being undone already."""
    with transaction.atomic():
        check_undoable(change_set)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM kernel_event WHERE tenant_id = %s AND change_set = %s", [current(), change_set]
            )
            total = cursor.fetchone()[0]
        if ChangeRun.objects.filter(undoes=change_set, state=State.RUNNING).exists():
            raise Conflict("undone_already", _("This is being undone already."))
        return _begin(
            actor, kind="undo", undoes=change_set, choice=(choices or Choices()).plain(), cursor=LAST, total=total
        )


def start_bulk(
    actor: Actor,
    key: str,
    params: dict[str, Any],
    *,
    ids: Iterable[UUID] | None = None,
    where: Any = None,
    total: int = 0,
) -> ChangeRun:
    """Note that an action is to be done to many records: the named ones, or all that a condition selects now.

    ``params`` as the action takes them, in plain values; checked when a record is there.
    """
    act = actions.get(key)
    chosen = sorted({str(i) for i in ids}) if ids is not None else None
    with transaction.atomic():
        return _begin(
            actor, kind="bulk", action=key, record_type=act.on, params=params, ids=chosen, where=where, cursor=FIRST,
            total=len(chosen) if chosen is not None else total,
        )  # fmt: skip


def _begin(actor: Actor, **facts: Any) -> ChangeRun:
    run = ChangeRun(
        id=uuid7(), tenant_id=current(), change_set=uuid7(), member=actor.member, actor_name=actor.name,
        language=actor.language, **facts,
    )  # fmt: skip
    with writing.door():
        run.save(force_insert=True)
    return run


def get(actor: Actor, run_id: UUID) -> ChangeRun:
    """A run that this actor began, or any for whoever may do everything; :class:`Missing` otherwise."""
    found: ChangeRun | None = ChangeRun.objects.filter(pk=run_id).first()
    if found is None or (
        found.member != actor.member and not ActorScope(actor).may(type_of("kernel.member"), "change")
    ):
        raise Missing("missing", _("There is no such record, or you may not see it."))
    return found


def cancel(actor: Actor, run_id: UUID) -> ChangeRun:
    """Stop a run; what is done stays done, and can be undone."""
    with transaction.atomic():
        run = _locked(get(actor, run_id).pk)
        if run.state == State.RUNNING:
            _end(run, State.CANCELLED)
        return run


def rows(run: ChangeRun, *, after: UUID = FIRST, limit: int = 100) -> list[ChangeRow]:
    """The records that were left or put back only in part."""
    return list(ChangeRow.objects.filter(run=run.pk, pk__gt=after).order_by("pk")[:limit])


def carry_out(run_id: UUID, *, tell: Callable[[], None] | None = None, chunk: int = CHUNK) -> ChangeRun:
    """Run it from where it stands to its end. After a crash it goes on; called twice it does nothing twice.

    What a chunk changes, its events and the cursor are committed in one transaction.
    """
    actor: Actor | None = None
    while True:
        with transaction.atomic():
            run = _locked(run_id)
            if run.state != State.RUNNING:
                return run
            with _surroundings(run):
                try:
                    actor = actor or _actor(run)
                    piece = _undo_piece(run, actor, chunk) if run.kind == "undo" else _bulk_piece(run, actor, chunk)
                except Refused as no:
                    return _end(run, State.FAILED, str(no.message))
            if piece is None:
                return _end(run, State.DONE)
            _keep(run, piece)
        if tell is not None:
            tell()


@contextmanager
def _surroundings(run: ChangeRun) -> Iterator[None]:
    """The tenant's time zone, country and currency, and the language of whoever began it."""
    tenant = Tenant.objects.get(pk=current())
    at_home_in(tenant.country, tenant.currency)
    with timezone.override(tenant.time_zone), translation.override(run.language or tenant.language):
        yield


def _actor(run: ChangeRun) -> Actor:
    """On whose rights it runs: the member's as they are now."""
    return actor_of(run.member) if run.member else system_actor(run.actor_name or "Klientel")


def _locked(run_id: UUID) -> ChangeRun:
    found: ChangeRun | None = ChangeRun.objects.select_for_update().filter(pk=run_id).first()
    if found is None:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    return found


@dataclass
class _Piece:
    """What one chunk did."""

    cursor: UUID
    looked_at: int
    changed: int
    left: list[ChangeRow]


def _undo_piece(run: ChangeRun, actor: Actor, chunk: int) -> _Piece | None:
    assert run.undoes is not None
    some = before(run.undoes, run.cursor or LAST, chunk)
    if not some:
        return None
    result = Undone(run.change_set)
    put_back(actor, ActorScope(actor), some, result, Choices.from_plain(run.choice))
    left = [_row(run, e.record_type, e.record_id, e.id, no) for e, no in result.refused]
    part = Refused("partly", _("Only a part went back; the rest was changed since or is closed to you."))
    left += [_row(run, e.record_type, e.record_id, e.id, part, ",".join(names)) for e, names in result.partly]
    return _Piece(some[-1].id, len(some), result.records, left)


def _bulk_piece(run: ChangeRun, actor: Actor, chunk: int) -> _Piece | None:
    act, scope = actions.get(run.action), ActorScope(actor)
    ids = _next(run, scope, chunk)
    if not ids:
        return None
    items = [Item(i, run.params) for i in ids]
    outcomes = list(run_many(actor, act.key, items, change_set=run.change_set, scope=scope, chunk=chunk))
    left = [_row(run, act.on, i, None, o.refused) for i, o in zip(ids, outcomes, strict=True) if o.refused is not None]
    return _Piece(ids[-1], len(ids), len(ids) - len(left), left)


def _next(run: ChangeRun, scope: ActorScope, chunk: int) -> list[UUID]:
    """The next records, in the order of their ids: those named, or those that the condition selects and that were
    there when the run began."""
    last = run.cursor or FIRST
    if run.ids is not None:
        rest = [i for i in run.ids if i > str(last)]
        return [UUID(i) for i in rest[:chunk]]
    rtype = type_of(run.record_type)
    inside = which(scope, rtype, run.where)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id FROM {rtype.table} t WHERE {inside.text} AND t.id > %s AND t.id < %s"
            f" ORDER BY t.id LIMIT {int(chunk)}",
            [*inside.params, last, uuid7_at(run.created_at)],
        )
        return [row[0] for row in cursor.fetchall()]


def _row(
    run: ChangeRun, record_type: str, record: UUID, event: UUID | None, no: Refused, fields: str | None = None
) -> ChangeRow:
    return ChangeRow(
        id=uuid7(), tenant_id=run.tenant_id, run=run.pk, record_type=record_type, record=record, event=event,
        code=no.code, field=(fields if fields is not None else no.field or "")[:80], message=str(no.message)[:500],
    )  # fmt: skip


def _keep(run: ChangeRun, piece: _Piece) -> None:
    run.cursor, run.done, run.changed = piece.cursor, run.done + piece.looked_at, run.changed + piece.changed
    run.refused += len(piece.left)
    with writing.door():
        if piece.left:
            ChangeRow.objects.bulk_create(piece.left)
        run.save(update_fields=["cursor", "done", "changed", "refused"])


def _end(run: ChangeRun, state: State, reason: str = "") -> ChangeRun:
    run.state, run.reason, run.finished_at = state, reason, timezone.now()
    run.params, run.ids = {}, None  # what was asked for stands in the events
    with writing.door():
        run.save(update_fields=["state", "reason", "finished_at", "params", "ids"])
    return run
