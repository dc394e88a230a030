"""Runs at work: what is due is claimed, moved on step by step, and left where it has to wait.

A step and the note that it was done are one transaction, so a kill at any moment leaves neither a gap nor a double.
Each step stands in a savepoint of its own: what fails, fails for its own run.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from klientel.automation.actions.steps import DOES, Went, Work
from klientel.automation.models import Entry, Run, Workflow, shape
from klientel.automation.models.run import State
from klientel.automation.models.workflow import ACTIVE, OFF, PAUSED
from klientel.automation.queries.acting import actor_for
from klientel.automation.queries.starting import QUEUE
from klientel.automation.queries.triggers import Rule, rules_of
from klientel.kernel import writing
from klientel.kernel.access import ActorScope
from klientel.kernel.errors import Conflict, Missing, Refused
from klientel.kernel.events.consuming import wake
from klientel.kernel.events.notices import notice
from klientel.kernel.live import notifications
from klientel.kernel.live.notifications import Told
from klientel.kernel.tenancy import current
from klientel.lib import clock

log = logging.getLogger("klientel.automation")

PIECE = 200  # runs claimed at once
BUDGET = 0.3  # seconds of one transaction
MOST_AT_ONCE = 100  # steps of one run in one turn
TRIES = 5
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
    done, context = 0, _Context(some)
    for run in some:
        _worked(run, context)
        done += 1
        if time.monotonic() - began > BUDGET:
            break
    arm()
    return done


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

    def work(self, run: Run, rule: Rule) -> Work:
        """The run with who acts; :class:`Refused` where nobody may any more."""
        scope = self._scopes.get(run.workflow)
        if scope is None:
            scope = self._scopes[run.workflow] = ActorScope(actor_for(self.workflows[run.workflow]))
        return Work(run, rule, scope.actor, scope)


def _worked(run: Run, context: _Context) -> None:
    """One run as far as it gets; kept in every case."""
    workflow, rule = context.workflows.get(run.workflow), context.rules.get(run.version)
    if workflow is None or rule is None or workflow.archived_at is not None or workflow.state == OFF:
        end(run, State.LAPSED, "switched_off")
    elif workflow.state == PAUSED:
        run.state = State.HELD
    elif workflow.state == ACTIVE:
        _moved(run, rule, context, workflow)
    keep(run)


def _moved(run: Run, rule: Rule, context: _Context, workflow: Any) -> None:
    entries: list[Entry] = []
    try:
        work = context.work(run, rule)
        for _n in range(MOST_AT_ONCE):
            if run.state != State.OPEN or not one_step(work, entries):
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
        _tell(run, workflow)
    if entries:
        with writing.door():
            Entry.objects.bulk_create(entries)


def one_step(work: Work, entries: list[Entry]) -> bool:
    """The next step of a run; whether it may go on at once. What it writes is undone where it raises."""
    run = work.run
    step = shape.at(work.rule.definition, run.place)
    if step is None:
        return _climb(work)
    before = run.counts
    try:
        with transaction.atomic():
            went = DOES[step["do"]](work, step)
    except BaseException:
        run.counts = before
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
        _again(run, no.code, str(no.message))
    else:
        run.state, run.trouble, run.message = State.ATTENTION, no.code, str(no.message)


def _again(run: Run, code: str, message: str) -> None:
    """Later once more, each time later: 5 s, 25 s, 2 min, 10 min; then it needs attention."""
    run.tries += 1
    run.trouble, run.message = code, message
    if run.tries >= TRIES:
        run.state = State.ATTENTION
    else:
        run.due_at = clock.now() + dt.timedelta(seconds=5**run.tries)


def _tell(run: Run, workflow: Any) -> None:
    if workflow.runs_as:
        key = f"{ATTENTION}:{workflow.pk}:{clock.now():%Y-%m-%d}"
        notifications.tell([Told(workflow.runs_as, ATTENTION, key, "automation.workflow", workflow.pk, n=1)])


def keep(run: Run) -> None:
    """Store where the run is now."""
    with writing.door():
        run.save(update_fields=_KEPT)
