"""Running actions: ``run`` for one, ``run_many`` for any number. There is no other way to write a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.db import DataError, IntegrityError, OperationalError, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.errors import DeadlockDetected

from klientel.kernel import writing
from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.access.reading import seen_ids, visible_ids
from klientel.kernel.actions.declaring import Action, get
from klientel.kernel.actions.step import Again, Step
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused, together
from klientel.kernel.events import Event
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import RecordType, aliases, instances, type_of
from klientel.kernel.records.once import SENTENCES
from klientel.kernel.sql import TRUE, Sql, both
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7

CHUNK = 500  # items that commit together: about a second of work at most
_TRIES = 3  # of those who wait for each other the database stops one, which begins again so often
T = TypeVar("T")


class Busy(Conflict):
    """Others are changing the same records, again and again."""


@dataclass(frozen=True)
class Done:
    """A run that succeeded."""

    record: Any
    events: list[Event]
    change_set: UUID


@dataclass(frozen=True)
class Item:
    """One run of many: on which record (none for a new one), as of which version, with which parameters."""

    id: UUID | None = None
    params: dict[str, Any] = field(default_factory=dict)
    version: int | None = None
    undoes: dict[str, Any] | None = None
    made: Any = None  # for create: the record of ``params`` in memory (`drafting.fresh`), its values accepted already


ANY = -1  # the number of no item: what is done to all of a chunk at once was refused, whichever it was


@dataclass(frozen=True)
class Outcome:
    """What became of one item: the record, or the refusal."""

    record: Any = None
    refused: Refused | None = None


def run(
    actor: Actor,
    key: str,
    record_id: UUID | None = None,
    /,
    *,
    version: int | None = None,
    cause: UUID | None = None,
    change_set: UUID | None = None,
    scope: ActorScope | None = None,
    **params: Any,
) -> Done:
    """Do it, or raise one of the four refusals and leave no trace. One transaction."""
    item = Item(record_id, params, version)
    return run_item(actor, key, item, cause=cause, change_set=change_set, scope=scope)


def would_refuse(actor: Actor, key: str, record_id: UUID, scope: ActorScope, params: dict[str, Any]) -> Refused | None:
    """The refusal that :func:`run` would raise, where it would; nothing of the try is left."""
    try:
        with transaction.atomic():
            run_item(actor, key, Item(record_id, params), scope=scope)
            transaction.set_rollback(True)
    except Refused as no:
        return no
    return None


def run_item(
    actor: Actor,
    key: str,
    item: Item,
    *,
    cause: UUID | None = None,
    change_set: UUID | None = None,
    scope: ActorScope | None = None,
    savepoint: bool = True,
) -> Done:
    """As :func:`run`, with parameters that come from outside and so may have any name.

    ``savepoint=False`` spares two statements where a refusal ends the caller's own transaction too.
    """
    act, facts = get(key), _Run(actor, change_set or uuid7(), cause, scope or ActorScope(actor))

    def attempt() -> tuple[list[Outcome], list[Event]]:
        with transaction.atomic(savepoint=savepoint):
            outcomes, events = _attempt(act, [item], facts, {})
            if outcomes[0].refused is not None:
                raise outcomes[0].refused
            return outcomes, events

    try:
        [outcome], events = in_turns(attempt, again=savepoint)
    except Again as again:
        raise next(iter(again.refusals.values())) from None
    except (IntegrityError, DataError) as error:
        raise from_database(error) from error
    return Done(outcome.record, events, facts.change_set)


def run_many(
    actor: Actor,
    key: str,
    items: Iterable[Item],
    *,
    cause: UUID | None = None,
    change_set: UUID | None = None,
    scope: ActorScope | None = None,
    chunk: int = CHUNK,
    muted: bool = False,
) -> Iterator[Outcome]:
    """Do it to each item, in chunks that commit by themselves; every item yields an outcome, in order.

    One bad item fails alone. All chunks belong to one change set. ``muted``: its events say that automation shall not
    react to them (``Event.muted``).
    """
    act, todo = get(key), iter(items)
    facts = _Run(actor, change_set or uuid7(), cause, scope or ActorScope(actor), muted)
    while some := list(islice(todo, chunk)):
        with transaction.atomic(savepoint=False):
            try:
                outcomes, _events = in_turns(partial(_chunk, act, some, facts))
            except Busy as busy:
                outcomes = [Outcome(refused=busy)] * len(some)
        yield from outcomes


@dataclass(frozen=True)
class _Run:
    actor: Actor
    change_set: UUID
    cause: UUID | None
    scope: ActorScope
    muted: bool = False


def _chunk(act: Action, items: Sequence[Item], facts: _Run) -> tuple[list[Outcome], list[Event]]:
    """Run the items in one transaction; start again without those that turn out to be refused late."""
    refused: dict[int, Refused] = {}
    while True:
        try:
            with transaction.atomic():
                return _attempt(act, items, facts, refused)
        except Again as again:
            if ANY in again.refusals:
                late = again.refusals[ANY]
            else:
                refused |= again.refusals
                continue
        except (IntegrityError, DataError) as error:
            late = from_database(error)
        left = [n for n in range(len(items)) if n not in refused]
        if len(left) > 1:
            return _halves(act, items, facts, refused)
        refused[left[0] if left else 0] = late


def _halves(
    act: Action, items: Sequence[Item], facts: _Run, refused: dict[int, Refused]
) -> tuple[list[Outcome], list[Event]]:
    """A set would not be written: find the item at fault by halving."""
    good = [n for n in range(len(items)) if n not in refused]
    middle = len(good) // 2
    outcomes: dict[int, Outcome] = {n: Outcome(refused=r) for n, r in refused.items()}
    events: list[Event] = []
    for part in (good[:middle], good[middle:]):
        some, more = _chunk(act, [items[n] for n in part], facts)
        outcomes |= dict(zip(part, some, strict=True))
        events += more
    return [outcomes[n] for n in range(len(items))], events


def in_turns(job: Callable[[], T], *, again: bool = True) -> T:
    """What ``job`` gives, a transaction or savepoint of its own. Of two that wait for each other the database stops
    one: nothing of it is left, and ``again`` says that it may begin anew; :class:`Busy` where that was of no use.
    """
    for left in reversed(range(_TRIES if again else 1)):
        try:
            return job()
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
            if not left:
                message = _("Somebody else is changing the same records at this moment. Please try again.")
                raise Busy("busy", message) from error
    raise AssertionError


def from_database(error: Exception) -> Refused:
    """What the database said no to, as a sentence for people."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    if "foreign key" in str(error):
        return Refused("not_a_record", _("There is no such record, or you may not see it."))
    if "unique" in str(error) or "duplicate" in str(error):
        says, at = SENTENCES.get(constraint, (_("This exists already."), None))
        return Conflict("exists_already", says, at, details={"constraint": constraint})
    return Refused("invalid", _("The database could not store this."), details={"constraint": constraint})


def _attempt(
    act: Action, items: Sequence[Item], facts: _Run, refused: dict[int, Refused]
) -> tuple[list[Outcome], list[Event]]:
    rtype = type_of(act.on)
    step = Step(facts.actor, act, change_set=facts.change_set, cause=facts.cause, scope=facts.scope)
    step.muted = facts.muted
    outcomes = [Outcome(refused=refused.get(n)) for n in range(len(items))]
    locked = step.locked = {} if act.new else _lock(act, rtype, facts.scope, items, refused)
    with writing.settling(step.settle):
        for n, item in enumerate(items):
            if n in refused:
                continue
            step.begin(n)
            try:
                outcomes[n] = Outcome(_one(step, act, rtype, item, locked))
                step.end()
            except Refused as no:
                step.drop(no)
                outcomes[n] = Outcome(refused=no)
        _together(step, {n: o.record for n, o in enumerate(outcomes) if o.refused is None})
        step.flush()
    return outcomes, step.events


def _together(step: Step, records: dict[int, Any]) -> None:
    """What an action does to all records of a chunk at once; who is refused there is left out of a new start."""
    if step.action.together is None or not records:
        return
    step.begin(ANY)
    try:
        refusals = step.action.together(step, records)
    except Refused as no:
        refusals = {ANY: no}
    if refusals:
        raise Again(refusals)
    step.end()


def _one(step: Step, act: Action, rtype: RecordType, item: Item, locked: dict[UUID, Any]) -> Any:
    if act.only and step.actor.kind not in act.only:
        raise Forbidden("not_by_hand", _("Nobody does this by hand."))
    params = _params(step, act, rtype, item.params)
    if act.new:
        if not step.may_make(rtype):
            raise Forbidden("forbidden", _("You may not create this."))
        if item.made is not None and act.basic:
            return step.adopt(rtype, item.made, params)
        return act.fn(step, rtype, **params) if act.basic else act.fn(step, **params)
    step.settle_record(item.id)
    found = locked.get(item.id) if item.id is not None else None
    record = _checked(step, rtype, found, item)
    act.fn(step, record, **params)
    return record


def _checked(step: Step, rtype: RecordType, record: Any, item: Item) -> Any:
    if record is None or (step.action.also and record.archived_at is not None):
        raise gone(step.scope, rtype, item.id)
    if not record.may:
        raise Forbidden("forbidden", _("You may not do this here."))
    if item.version is not None and item.version != record.version:
        raise Conflict(
            "changed_since", _("Somebody changed this since you opened it."), details={"version": record.version}
        )
    return record


def gone(scope: ActorScope, rtype: RecordType, record_id: UUID | None) -> Refused:
    """Why a record is not there to be worked on: merged into one that the actor may see, in the trash, or missing."""
    into = aliases.survivor(record_id) if record_id else None
    if into is not None and visible_ids(scope, rtype, [into]):
        return Conflict("merged", _("This record was merged into another one meanwhile."), details={"into": str(into)})
    if record_id is not None and into is None and seen_ids(scope, rtype, [record_id]).get(record_id):
        return Missing("in_trash", _("This record was deleted meanwhile and lies in the trash."))
    return Missing("missing", _("There is no such record, or you may not see it."))


def _params(step: Step, act: Action, rtype: RecordType, given: dict[str, Any]) -> dict[str, Any]:
    """Parameters checked: unknown and forbidden ones refused, required ones present, values canonical."""
    if act.basic and act.verb in ("create", "change"):
        return _field_params(step, act, rtype, given)
    refusals: list[Refused] = []
    accepted: dict[str, Any] = {}
    for name in given:
        if name not in act.params:
            refusals.append(Refused("unknown_field", _("There is no such field."), name))
    for name, kind in act.params.items():
        if name in given or kind.required:
            try:
                accepted[name] = kind.accept(given.get(name))
            except Refused as no:
                refusals.append(no)
    if refusals:
        raise together(refusals)
    step.keep(**{n: act.params[n].plain(v) for n, v in accepted.items() if act.params[n].privacy == "public"})
    return accepted


def _field_params(step: Step, act: Action, rtype: RecordType, given: dict[str, Any]) -> dict[str, Any]:
    writable = step.scope.writable(rtype)
    if writable.keys() >= given.keys():
        return given
    visible, refusals = step.scope.visible(rtype), []
    for name in given:
        if name not in visible:
            refusals.append(Refused("unknown_field", _("There is no such field."), name))
        elif name not in writable:
            refusals.append(Forbidden("read_only", _("You may not change this field."), name))
    raise together(refusals)


def _lock(
    act: Action, rtype: RecordType, scope: ActorScope, items: Sequence[Item], refused: dict[int, Refused]
) -> dict[UUID, Any]:
    """The records, locked in the order of their ids; each knows whether the actor may do this to it (``may``)."""
    todo = [i for n, i in enumerate(items) if n not in refused]
    ids = sorted({i.id for i in todo if i.id is not None}.union(*(_beside(act, i) for i in todo)))
    if not ids:
        return {}
    table, only = rtype.table, TRUE
    if act.on_archived:
        only = both([Sql(f"{table}.archived_at IS NOT NULL"), ~aliases.is_old(table)])
    elif not act.also:
        only = Sql(f"{table}.archived_at IS NULL")
    hold = "UPDATE" if act.also or act.together else "NO KEY UPDATE"
    return held(scope, rtype, ids, hold, only, may=allowed(scope, rtype, act.needs, table))


def held(
    scope: ActorScope, rtype: RecordType, ids: Sequence[UUID], hold: str, only: Sql = TRUE, **beside: Sql
) -> dict[UUID, Any]:
    """Those of these records that the actor may see, locked in the order of their ids by such a ``hold``, if any; each
    has what is asked ``beside`` it as an attribute. All is asked over the table's name.
    """
    table = rtype.table
    mine = Sql(f"{table}.tenant_id = %s AND {table}.id = ANY(%s)", (current(), list(ids)))
    inside = both([mine, allowed(scope, rtype, "view", table), rtype.base(table) or TRUE, only])
    lock = f" FOR {hold} OF {table}" if hold else ""
    found = Sql(f"FROM {table} WHERE {inside.text} ORDER BY {table}.id{lock}", inside.params)
    return {r.pk: r for r in instances.some(rtype.model, table, found, **beside)}


def _beside(act: Action, item: Item) -> set[UUID]:
    """The further records that an item names to be locked; what is no id is refused later, with its field."""
    if not act.also:
        return set()
    try:
        return set(act.params[act.also].accept(item.params.get(act.also)))
    except Refused:
        return set()
