"""What is done with workflows: activate, pause, resume, switch off, start by hand, and what helps single runs on."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.automation.actions.running import end
from klientel.automation.models import Run, Version, Workflow
from klientel.automation.models.run import State
from klientel.automation.models.workflow import ACTIVE, LONGEST, OFF, PAUSED
from klientel.automation.queries import checking, days, effects, triggers
from klientel.automation.queries.starting import QUEUE, Wanted, begin
from klientel.automation.queries.triggers import Rule, rules_of
from klientel.kernel import writing
from klientel.kernel.actions import Step, action
from klientel.kernel.errors import Refused, filled, together
from klientel.kernel.events.consuming import wake
from klientel.kernel.kinds import Links, Sentence, Text, YesNo
from klientel.kernel.tenancy import alone, current
from klientel.lib import clock
from klientel.lib.ids import uuid7

_MOVE = """
UPDATE automation_run SET state = %s, trouble = %s, due_at = CASE WHEN %s THEN %s ELSE due_at END,
    ended_at = CASE WHEN %s = 'lapsed' THEN now() END
WHERE tenant_id = %s AND workflow = %s AND state = ANY(%s)
"""


@action(
    "automation.workflow", _("Activate"), said=_("activated the workflow"), needs="change", icon="play", undoable=False
)
def activate(
    step: Step, workflow: Workflow, *, anyway: Annotated[bool, YesNo(_("although it can go in circles"))] = False
) -> None:
    """Make a version of it that runs from now on, with your rights. What runs already keeps the version it has."""
    step.require(step.actor.member is not None, "nobody", _("Only a member can activate a workflow: it acts for them."))
    step.require(workflow.definition, "no_steps", _("Please say first what it should do."))
    if refusals := checking.refusals(workflow.definition, step.scope):
        raise together(refusals)
    alone("automation")  # of two that set each other off, the second one is told
    number = (workflow.number or 0) + 1
    made = Version(
        workflow=workflow.pk, number=number, definition=workflow.definition, made_by=step.actor.member,
        made_at=step.now, seen_until=step.now, next_at=days.next_at(workflow.definition, step.now),
    )  # fmt: skip
    rule = Rule(made.pk, workflow.pk, workflow.name, step.actor.member, workflow.definition)
    if not anyway and (ways := effects.circles(rule, list(triggers.index().rules.values()), step.scope)):
        names = " → ".join([r.name for r in ways[0]] + [workflow.name])
        message = _("These can set each other off: %(names)s. The loop guard would stop them; activate it anyway?")
        raise Refused("in_circles", filled(message, {"names": names}), "anyway")
    with writing.door():
        Version.objects.filter(workflow=workflow.pk, active=True).update(active=False, retired_at=step.now)
        made.save(force_insert=True)
    step.keep(number=number)
    step.stamp(workflow, state=ACTIVE, number=number, runs_as=step.actor.member, trouble="")
    _free(workflow)
    if made.next_at is not None:
        wake(current(), QUEUE, made.next_at)


def _move(workflow: Workflow, before: list[State], after: State, trouble: str = "", *, now: bool = False) -> None:
    with writing.door(), connection.cursor() as cursor:
        states = [str(s) for s in before]
        cursor.execute(_MOVE, [after, trouble, now, clock.now(), after, current(), workflow.pk, states])


def _free(workflow: Workflow) -> None:
    """What was held goes on."""
    _move(workflow, [State.HELD], State.OPEN)
    wake(current(), QUEUE)


@action(
    "automation.workflow",
    _("Pause"),
    said=_("paused the workflow"),
    needs="change",
    icon="pause",
    undoable=False,
    offered={"state": (ACTIVE,)},
)
def pause(step: Step, workflow: Workflow) -> None:
    """Nothing begins and nothing goes on; what runs keeps its place."""
    step.require(workflow.state == ACTIVE, "not_active", _("This workflow is not active."))
    step.stamp(workflow, state=PAUSED)
    _move(workflow, [State.OPEN], State.HELD)


@action(
    "automation.workflow",
    _("Suspend"),
    said=_("stopped the workflow"),
    needs="change",
    icon="circle-stop",
    undoable=False,
    only=("system",),
)
def suspend(step: Step, workflow: Workflow, *, why: Annotated[str, Sentence(_("why"), max_length=LONGEST)]) -> None:
    """As pausing, by the loop guard or because it cannot go on as it is."""
    step.require(workflow.state == ACTIVE, "not_active", _("This workflow is not active."))
    step.stamp(workflow, state=PAUSED, trouble=why)
    _move(workflow, [State.OPEN], State.HELD)


@action(
    "automation.workflow",
    _("Resume"),
    said=_("resumed the workflow"),
    needs="change",
    icon="play",
    undoable=False,
    offered={"state": (PAUSED,)},
)
def resume(step: Step, workflow: Workflow) -> None:
    """Go on where it was paused; what happened meanwhile starts nothing."""
    step.require(workflow.state == PAUSED, "not_paused", _("This workflow is not paused."))
    step.stamp(workflow, state=ACTIVE, trouble="")
    _free(workflow)
    wake(current(), QUEUE)


@action(
    "automation.workflow",
    _("Switch off"),
    said=_("switched the workflow off"),
    needs="change",
    icon="circle-stop",
    undoable=False,
    dangerous=True,
    offered={"state": (ACTIVE, PAUSED)},
)
def switch_off(step: Step, workflow: Workflow) -> None:
    """Nothing begins any more, and what still waits lapses."""
    step.require(workflow.state in (ACTIVE, PAUSED), "not_active", _("This workflow is not active."))
    step.stamp(workflow, state=OFF)
    _move(workflow, [State.OPEN, State.HELD, State.ATTENTION], State.LAPSED, "switched_off")
    with writing.door():
        Version.objects.filter(workflow=workflow.pk, active=True).update(active=False, retired_at=step.now)


@action(
    "automation.workflow",
    _("Start"),
    said=_("started the workflow by hand"),
    icon="play",
    undoable=False,
    offered={"state": (ACTIVE,)},
)
def start(
    step: Step, workflow: Workflow, *, records: Annotated[list[UUID], Links("*", _("records"), required=True)]
) -> None:
    """Start it for these records, as far as they fulfil its condition. A workflow of any trigger can be tried so."""
    step.require(workflow.state == ACTIVE, "not_active", _("This workflow is not active."))
    found = Version.objects.filter(workflow=workflow.pk, active=True).first()
    step.require(found is not None, "not_active", _("This workflow is not active."))
    assert found is not None
    [rule] = rules_of([found.pk])
    key = uuid7()
    began = begin([Wanted(rule, record, key) for record in records])
    for no in began.broken.values():
        raise no
    step.require(began.runs, "nothing_fits", _("None of these records fulfils the condition."), "records")
    step.keep(started=len(began.runs))
    step.mark(workflow)


RunId = Annotated[str, Text(_("run"), max_length=36, required=True)]


def _run(step: Step, workflow: Any, run: str, states: tuple[State, ...]) -> Run:
    """A run of this workflow, locked, in one of these states."""
    try:
        found: Run | None = Run.objects.select_for_update().filter(pk=UUID(run), workflow=workflow.pk).first()
    except ValueError:
        found = None
    if found is None or found.state not in states:
        raise Refused("no_such_run", _("There is no such run, or it has gone on meanwhile."), "run")
    return found


@action(
    "automation.workflow",
    _("Retry a run"),
    said=_("tried a run again"),
    needs="change",
    icon="rotate-ccw",
    undoable=False,
    offered=False,
)
def retry(step: Step, workflow: Workflow, *, run: RunId) -> None:
    """Try the step again at which a run stopped. What it did before is not done again."""
    step.require(workflow.state == ACTIVE, "not_active", _("This workflow is not active."))
    found = _run(step, workflow, run, (State.ATTENTION,))
    found.state, found.tries, found.trouble, found.message, found.due_at = State.OPEN, 0, "", "", step.now
    with writing.door():
        found.save(update_fields=["state", "tries", "trouble", "message", "due_at"])
    wake(current(), QUEUE)
    step.mark(workflow)
    step.keep(run=str(found.pk))


@action(
    "automation.workflow",
    _("End a run"),
    said=_("ended a run"),
    needs="change",
    icon="circle-stop",
    undoable=False,
    offered=False,
)
def cancel(step: Step, workflow: Workflow, *, run: RunId) -> None:
    """It does not go on. What it did stays as it is."""
    found = _run(step, workflow, run, (State.OPEN, State.HELD, State.ATTENTION))
    end(found, State.LAPSED, "by_hand")
    with writing.door():
        found.save(update_fields=["state", "trouble", "waits", "wait_record", "ended_at"])
    step.mark(workflow)
    step.keep(run=str(found.pk))


__all__ = ["activate", "cancel", "pause", "resume", "retry", "start", "suspend", "switch_off"]
