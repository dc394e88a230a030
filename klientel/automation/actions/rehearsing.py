"""A rehearsal: what a workflow would have done with the events of the last days. Nothing of it stays.

Which events would have started it is asked of the records as they were at each event, in one statement for many. What
its steps would do is tried out on them one by one: in a short transaction the record is put back to what it was, the
steps are done with everything that belongs to them, and all is rolled back; with a lock timeout, so that nobody waits.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from klientel.automation.actions.running import one_step
from klientel.automation.actions.steps import Work
from klientel.automation.models import Entry, Run, shape
from klientel.automation.models.run import State
from klientel.automation.queries import triggers
from klientel.automation.queries.triggers import Rule
from klientel.kernel import events, writing
from klientel.kernel.access import ActorScope
from klientel.kernel.conditions import compile as compile_condition
from klientel.kernel.errors import Refused
from klientel.kernel.events import Event
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import looking_at, zone
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import Sql, dumps
from klientel.kernel.tenancy import current
from klientel.lib import clock
from klientel.lib.ids import uuid7, uuid7_at

MOST = 10_000  # events
TRIED = 200  # runs that are tried out in full
SECONDS = 20.0
PIECE = 500
LOCK_MS = 50


@dataclass
class Rehearsed:
    """One run that would have begun: at which event, and what it would have done."""

    event: Event
    steps: list[Entry] = field(default_factory=list)
    effects: list[Event] = field(default_factory=list)
    waits: bool = False
    refused: str = ""
    tried: bool = False


@dataclass
class Result:
    """``looked_at`` events of the type; ``started`` fitted the trigger; ``runs`` fulfilled the condition too."""

    looked_at: int = 0
    started: int = 0
    more: bool = False  # there were more events than were looked at
    runs: list[Rehearsed] = field(default_factory=list)
    seconds: float = 0.0


class _Undone(Exception):
    """Ends a transaction whose effects are not wanted."""


def rehearse(actor: Actor, definition: shape.Definition, *, days: int, name: str = "") -> Result:
    """Every transaction of it is rolled back. Opens its own; none may be open."""
    began, result = time.monotonic(), Result()
    rule = Rule(uuid7(), uuid7(), name, actor.member, definition)
    with _rolled_back(), transaction.atomic():
        some = _past(rule, days, result)
        scope = ActorScope(actor)
        before = _then(type_of(rule.on), some)
        fitting = _fitting(scope, type_of(rule.on), rule, some, before)
    result.runs = [Rehearsed(e) for e in some if e.id in fitting]
    for one in result.runs[:TRIED]:
        if time.monotonic() - began > SECONDS:
            break
        _try(rule, actor, scope, one, before[one.event.id])
    result.seconds = time.monotonic() - began
    return result


class _rolled_back:  # noqa: N801 - reads as a word of its with-line
    """A transaction that is rolled back at the end, whatever happens."""

    def __enter__(self) -> None:
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Literal[False]:
        self._atomic.__exit__(kind or _Undone, error or _Undone(), trace)
        return False


def _past(rule: Rule, days: int, result: Result) -> list[Event]:
    """The newest events that fit the trigger; where time or a hand starts it, the newest of each record."""
    first = uuid7_at(clock.now() - dt.timedelta(days=days))
    where = Sql("e.record_type = %s AND e.id >= %s", (rule.on, first))
    found = events.read(where, order="e.id DESC", limit=MOST)
    result.looked_at, result.more = len(found), len(found) == MOST
    if rule.when in ("date", "schedule", "hand", "call"):
        newest: dict[UUID, Event] = {}
        for event in found:
            newest.setdefault(event.record_id, event)
        found = list(newest.values())
    else:
        index = triggers.Index()
        index.add(rule)
        found = [e for e, _versions in triggers.wanted(index, [e for e in found if not e.muted])]
    result.started = len(found)
    return found


def _then(rtype: RecordType, some: list[Event]) -> dict[UUID, dict[str, Any]]:
    """For each event what its record said after it, where it says something else now."""
    if not some:
        return {}
    wanted: dict[UUID, list[Event]] = defaultdict(list)
    for event in some:
        wanted[event.record_id].append(event)
    where = Sql("e.record_type = %s AND e.id >= %s AND e.record_id = ANY(%s)",
                (rtype.key, min(e.id for e in some), list(wanted)))  # fmt: skip
    fields, found = rtype.static, dict[UUID, dict[str, Any]]()
    back: dict[UUID, dict[str, Any]] = defaultdict(dict)
    ids = {e.id for e in some}
    for event in events.read(where, order="e.id DESC"):  # from now into the past
        if event.id in ids:
            found[event.id] = dict(back[event.record_id])
        back[event.record_id] |= {n: old for n, (old, _new) in event.changes.items() if n in fields}
    return found


def _fitting(
    scope: ActorScope, rtype: RecordType, rule: Rule, some: list[Event], before: dict[UUID, dict[str, Any]]
) -> set[UUID]:
    """The events after which their records fulfilled the condition, as the actor may see them; a piece a statement."""
    which = compile_condition(rtype, rule.where, scope, "t")
    seen = scope.restrict(rtype, "n")
    fitting: set[UUID] = set()
    for start in range(0, len(some), PIECE):
        piece = [
            {"event": str(e.id), "record": str(e.record_id), "was": before[e.id]} for e in some[start : start + PIECE]
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT p.event FROM json_to_recordset(%s::json) p(event uuid, record uuid, was jsonb)"
                f" JOIN {rtype.table} n ON n.tenant_id = %s AND n.id = p.record AND ({seen.text})"
                f" CROSS JOIN LATERAL jsonb_populate_record(n, p.was) t"
                f" WHERE t.archived_at IS NULL AND ({which.text})",
                [dumps(piece), current(), *seen.params, *which.params],
            )
            fitting |= {row[0] for row in cursor.fetchall()}
    return fitting


def _try(rule: Rule, actor: Actor, scope: ActorScope, one: Rehearsed, was: dict[str, Any]) -> None:
    """One run in a transaction of its own, up to its first wait."""
    one.tried = True
    try:
        with _rolled_back(), looking_at(one.event.at.astimezone(zone()).date()):
            _put_back(type_of(rule.on), one.event.record_id, was)
            run = Run(
                workflow=rule.workflow, version=rule.version, key=one.event.id, record_type=rule.on,
                record=one.event.record_id, event=one.event.id, place=[0], state=State.OPEN,
            )  # fmt: skip
            work = Work(run, rule, actor, scope, effects=one.effects)
            while run.state == State.OPEN and one_step(work, one.steps):
                pass
            one.waits = run.state == State.OPEN
    except Refused as no:
        one.refused = str(no.message)
    except OperationalError:
        one.refused = _("Somebody was working on it at this moment, so it was not tried.")


def _put_back(rtype: RecordType, record_id: UUID, was: dict[str, Any]) -> None:
    """The record as it was, for the rest of a transaction that is rolled back."""
    if not was:
        return
    columns = ", ".join(f'"{n}" = r."{n}"' for n in was)
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {rtype.table} t SET {columns} FROM jsonb_populate_record(NULL::{rtype.table}, %s::jsonb) r"
            " WHERE t.tenant_id = %s AND t.id = %s",
            [dumps(was), current(), record_id],
        )
