"""What can be done with a task."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import BOTH
from klientel.kernel.kinds import Date, Text, today, zone
from klientel.lib import recurrence
from klientel.lib.calendars import days_on
from klientel.work.models import Task


@action(
    "work.task",
    _("Done"),
    said=_("ticked off"),
    needs="change",
    icon="check",
    offered={"state": ("open",)},
    writes={"state": "done", "done_at": ..., "work.task": BOTH},
)
def complete(step: Step, task: Task) -> None:
    """Tick off. What comes again is there anew, for its next day, in the same moment and once only."""
    step.require(task.state != "done", "done_already", _("This task is done already."))
    step.change(task, state="done")
    step.stamp(task, done_at=step.now)
    if task.repeats:
        _next(step, task)


def _next(step: Step, task: Task) -> None:
    """The task that follows this one; one that was made before, and taken away, comes back."""
    before = Task.objects.select_for_update().filter(follows=task.pk).first()
    if before is not None:
        if before.archived_at is not None:
            step.restore(before)
        return
    rule = recurrence.read(task.repeats)
    due = rule.after(task.due or today())
    if due is None:
        return
    shift = due - (task.due or today())
    made = step.create(
        "work.task", subject=task.subject, priority=task.priority, due=due, description=task.description,
        concerns=task.concerns, owner=task.owner, tags=list(task.tags), repeats=str(rule.rest()),
        remind_at=days_on(task.remind_at, shift.days, zone()) if task.remind_at else None,
    )  # fmt: skip
    step.stamp(made, follows=task.pk)


@action(
    "work.task",
    _("Skip this time"),
    said=_("left it out this time"),
    needs="change",
    icon="skip-forward",
    offered={"state": ("open",), "repeats": True},
    writes={"due": ..., "repeats": ...},
)
def skip(step: Step, task: Task) -> None:
    """Leave this one out: the task is due on its next day."""
    step.require(task.repeats, "comes_once", _("This does not come again."))
    step.require(task.state != "done", "done_already", _("This task is done already."))
    rule = recurrence.read(task.repeats)
    due = rule.after(task.due or today())
    step.require(due is not None, "last_one", _("This is the last one."))
    step.change(task, due=due, repeats=str(rule.rest()))


@action(
    "work.task",
    _("Reopen"),
    said=_("reopened the task"),
    needs="change",
    icon="rotate-ccw",
    offered={"state": ("done",)},
    writes={"state": "open", "done_at": ...},
)
def reopen(step: Step, task: Task) -> None:
    """Take the tick away."""
    step.require(task.state == "done", "not_done", _("This task is open."))
    step.change(task, state="open")
    step.stamp(task, done_at=None)


@action(
    "work.task",
    _("Postpone"),
    said=_("postponed the task"),
    needs="change",
    icon="calendar-clock",
    offered={"state": ("open",)},
    writes={"due": ...},
)
def postpone(
    step: Step,
    task: Task,
    *,
    due: Annotated[dt.date, Date(_("new day"))],
    reason: Annotated[str, Text(_("reason"))] = "",
) -> None:
    """Put off to a later day."""
    step.require(due >= today(), "in_the_past", _("Please choose a day that is not past."), field="due")
    step.change(task, due=due)
