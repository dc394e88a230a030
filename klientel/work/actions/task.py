"""What can be done with a task."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.kinds import Date, Text, today
from klientel.work.models import Task


@action("work.task", _("Done"), needs="change", icon="check")
def complete(step: Step, task: Task) -> None:
    """Tick off."""
    step.require(task.state != "done", "done_already", _("This task is done already."))
    step.change(task, state="done")
    step.stamp(task, done_at=step.now)


@action("work.task", _("Reopen"), needs="change", icon="rotate-ccw")
def reopen(step: Step, task: Task) -> None:
    """Take the tick away."""
    step.require(task.state == "done", "not_done", _("This task is open."))
    step.change(task, state="open")
    step.stamp(task, done_at=None)


@action("work.task", _("Postpone"), needs="change", icon="calendar-clock")
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
