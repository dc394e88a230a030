"""Runs at work: what is due is claimed, moved on step by step, and left where it has to wait.

A step and the note that it was done are one transaction, so a kill at any moment leaves neither a gap nor a double.
Each step stands in a savepoint of its own: what fails, fails for its own run.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import defaultdict
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from klientel.automation.actions.steps import DOES, Turn, Went, Work
from klientel.automation.models import Entry, Run, Workflow, shape
from klientel.automation.models.run import State
from klientel.automation.models.workflow import ACTIVE, OFF, PAUSED
from klientel.automation.queries.acting import actor_for
from klientel.automation.queries.starting import QUEUE
from klientel.automation.queries.triggers import Rule, rules_of
from klientel.kernel import writing
from klientel.kernel.access import ActorScope
from klientel.kernel.errors import Conflict, Missing, Refused, inscribed
from klientel.kernel.events.consuming import wake
from klientel.kernel.events.notices import notice
from klientel.kernel.live import notifications
from klientel.kernel.live.notifications import Told
from klientel.kernel.records import type_of
from klientel.kernel.sql import TRUE, Sql, both, rowset
from klientel.kernel.tenancy import current
from klientel.lib import clock

log = logging.getLogger("klientel.automation")

PIECE = 200  # runs claimed at once
BUDGET = 0.3  # seconds of one transaction
MOST_AT_ONCE = 100  # steps of one run in one turn
TRIES = 5
LONGEST = 4000  # characters of a message, in all languages
WRITES = ("action", "ask")  # steps that leave something to be undone where they fail
ATTENTION = "workflow_attention"
notice(
    ATTENTION,
    _("%(what)s: a run needs your attention"),
    _("%(what)s: %(n)s runs need your attention"),
    icon="triangle-alert",
    label=_("A run of a workflow needs your attention"),
)

DUE = """
SELECT * FROM automation_run WHERE tenant_id = %s AND state = 'open' AND due_at <= %s
ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
"""
_NEXT = "SELECT min(due_at) FROM automation_run WHERE tenant_id = %s AND state = 'open'"
_ARMED = "SELECT 1 FROM kernel_wake WHERE queue = %s AND tenant_id = %s AND due_at <= %s LIMIT 1"
_KEPT = ("state", "waits", "place", "counts", "steps", "due_at", "deadline", "since", "wait_record", "tries", "trouble",
         "message", "ended_at")  # fmt: skip


def work_on_due() -> int:
    """Move on what is due in the current tenant, for a moment; how many runs that were. Sets the alarm for the rest."""
    began = time.monotonic()
    some = list(Run.objects.raw(DUE, [current(), clock.now(), PIECE]))
    if not some:
        arm()
        return 0
    done, context = list[Run](), _Context(some)
    for run in some:
        _worked(run, context)
        done.append(run)
        if time.monotonic() - began > BUDGET:
            break
    keep(done, context.entries)
    notifications.tell(context.turn.told)
    arm()
    return len(done)


def arm() -> None:
    """A wake row for the next run that is due, unless one stands there."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [current()])
        due = cursor.fetchone()[0]
        if due is None:
            return
        due = max(due, clock.now())
        cursor.execute(_ARMED, [QUEUE, current(), due])
        if cursor.fetchone() is None:
            wake(current(), QUEUE, due)


class _Context:
    """What the runs of one turn share: their versions and workflows, and who acts."""

    def __init__(self, some: list[Run]) -> None:
        self.rules = {rule.version: rule for rule in rules_of(list({run.version for run in some}))}
        self.workflows = {w.pk: w for w in Workflow.objects.filter(pk__in={run.workflow for run in some})}
        self._scopes: dict[UUID, ActorScope] = {}
        self.turn, self.entries = Turn(), list[Entry]()
        self._read_ahead(some)

    def _read_ahead(self, some: list[Run]) -> None:
        """The living records of the runs, as each workflow may see them: one statement for each type and member."""
        wanted: dict[tuple[UUID, str], set[UUID]] = defaultdict(set)
        for run in some:
            wanted[run.workflow, run.record_type].add(run.record)
        for (workflow, key), ids in wanted.items():
            try:
                rtype, scope = type_of(key), self.scope_of(workflow)
            except (Refused, KeyError):
                continue
            table = rtype.table
            which = both([
                Sql(f"{table}.tenant_id = %s AND {table}.id = ANY(%s) AND {table}.archived_at IS NULL",
                    (current(), [i for i in ids if (scope.me, i) not in self.turn.records])),
                scope.restrict(rtype, table), rtype.base(table) or TRUE,
            ])  # fmt: skip
            found = rtype.model.objects.raw(f"SELECT {table}.* FROM {table} WHERE {which.text}", list(which.params))
            self.turn.records |= {(scope.me, record.pk): record for record in found}

    def scope_of(self, workflow: UUID) -> ActorScope:
        """The rights of a workflow; :class:`Refused` where nobody has any for it."""
        scope = self._scopes.get(workflow)
        if scope is None:
            scope = self._scopes[workflow] = ActorScope(actor_for(self.workflows[workflow]))
        return scope

    def work(self, run: Run, rule: Rule) -> Work:
        """The run with who acts; :class:`Refused` where nobody may any more."""
        scope = self.scope_of(run.workflow)
        return Work(run, rule, scope.actor, scope, turn=self.turn)


def _worked(run: Run, context: _Context) -> None:
    """One run as far as it gets; kept in every case."""
    workflow, rule = context.workflows.get(run.workflow), context.rules.get(run.version)
    if workflow is None or rule is None or workflow.archived_at is not None or workflow.state == OFF:
        end(run, State.LAPSED, "switched_off")
    elif workflow.state == PAUSED:
        run.state = State.HELD
    elif workflow.state == ACTIVE:
        _moved(run, rule, context, workflow)


def _moved(run: Run, rule: Rule, context: _Context, workflow: Any) -> None:
    try:
        work = context.work(run, rule)
        for _n in range(MOST_AT_ONCE):
            if run.state != State.OPEN or not one_step(work, context.entries):
                break
        else:
            run.due_at = clock.now()  # its turn comes again: others wait too
    except Refused as no:
        _refused(run, no)
    except Exception as error:
        if connection.connection is None or connection.connection.closed:
            raise
        log.error("a step failed", exc_info=error, extra={"run": str(run.pk), "tenant": str(current())})
        _again(run, "failed", type(error).__name__)
    if run.state == State.ATTENTION:
        _tell(run, workflow, context.turn)


def one_step(work: Work, entries: list[Entry]) -> bool:
    """The next step of a run; whether it may go on at once. What it writes is undone where it raises."""
    run = work.run
    step = shape.at(work.rule.definition, run.place)
    if step is None:
        return _climb(work)
    before, told = run.counts, len(work.turn.told)
    try:
        with transaction.atomic() if step["do"] in WRITES else nullcontext():
            went = DOES[step["do"]](work, step)
    except BaseException:
        run.counts = before
        del work.turn.told[told:]
        work.refresh()
        raise
    if went.told or went.over:
        entries.append(Entry(run=run.pk, n=run.steps, place=run.place, does=step["do"], told=went.told, at=clock.now()))
        run.steps += 1
    _place(run, went)
    return went.over


def _place(run: Run, went: Went) -> None:
    if went.over:
        run.place = [*run.place, went.into, 0] if went.into else shape.after(run.place)
        run.waits, run.deadline, run.since, run.wait_record, run.tries = "", None, None, None, 0
        return
    if run.waits != went.waits:
        run.since = clock.now()
    assert went.due_at is not None
    run.waits, run.due_at, run.wait_record = went.waits, went.due_at, went.wait_record
    run.deadline = went.due_at


def _climb(work: Work) -> bool:
    """Behind the last step of a list: out of it, or once more into it; at the end of all the run has finished."""
    run = work.run
    if len(run.place) == 1:
        end(run, State.DONE)
        return False
    above = run.place[:-2]
    holder = shape.at(work.rule.definition, above)
    again = holder is not None and holder["do"] == "repeat"
    run.place = above if again else shape.after(above)
    return True


def end(run: Run, state: State, trouble: str = "") -> None:
    """The run is over."""
    run.state, run.trouble, run.waits, run.wait_record, run.ended_at = state, trouble, "", None, clock.now()


def _refused(run: Run, no: Refused) -> None:
    """A refusal is for a person to look at; a record that is gone, and somebody who was at it too, are not."""
    if isinstance(no, Missing) and no.code == "missing":
        end(run, State.LAPSED, "record_gone")
    elif isinstance(no, Conflict) and no.code == "busy":
        _again(run, no.code, inscribed(no.message, LONGEST))
    else:
        run.state, run.trouble, run.message = State.ATTENTION, no.code, inscribed(no.message, LONGEST)


def _again(run: Run, code: str, message: str) -> None:
    """Later once more, each time later: 5 s, 25 s, 2 min, 10 min; then it needs attention."""
    run.tries += 1
    run.trouble, run.message = code, message
    if run.tries >= TRIES:
        run.state = State.ATTENTION
    else:
        run.due_at = clock.now() + dt.timedelta(seconds=5**run.tries)


def _tell(run: Run, workflow: Any, turn: Turn) -> None:
    if workflow.runs_as:
        key = f"{ATTENTION}:{workflow.pk}:{clock.now():%Y-%m-%d}"
        turn.told.append(Told(workflow.runs_as, ATTENTION, key, "automation.workflow", workflow.pk, n=1))


def keep(some: list[Run], entries: list[Entry]) -> None:
    """Store where the runs are now, and what they did: two statements for any number."""
    columns = ("id", *_KEPT)
    rows = rowset("automation_run", columns, [[getattr(run, name) for name in columns] for run in some])
    sets = ", ".join(f'"{name}" = r."{name}"' for name in _KEPT)
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE automation_run t SET {sets} FROM ({rows.text}) r WHERE t.tenant_id = %s AND t.id = r.id",
            [*rows.params, current()],
        )
        Entry.objects.bulk_create(entries)
