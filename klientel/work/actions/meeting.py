"""What can be done with a meeting that comes again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated

from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import NEW
from klientel.kernel.kinds import Date, zone
from klientel.lib import recurrence
from klientel.lib.calendars import days_on
from klientel.work.models import Meeting

MOST = 400  # meetings of one series that are changed at once


@action(
    "work.meeting",
    _("Plan the next one"),
    said=_("made the next appointment"),
    needs="change",
    icon="calendar-plus",
    offered={"repeats": True},
    writes={"repeat_at": ..., "work.meeting": NEW},
)
def carry_on(
    step: Step, meeting: Meeting, *, not_before: Annotated[dt.date | None, Date(_("not before"))] = None
) -> None:
    """The meeting after this one, at the same time of its day; once only.

    Klientel leaves out days that are past: a series of an imported calendar may have begun years ago.
    """
    step.require(meeting.repeats and meeting.begins, "comes_once", _("This does not come again."))
    there = Meeting.objects.filter(follows=meeting.pk).exists()
    step.require(not there, "planned_already", _("The next one is planned already."))
    step.stamp(meeting, repeat_at=None)
    begins = meeting.begins
    assert begins is not None
    here = zone()
    first = begins.astimezone(here).date()
    coming = recurrence.read(meeting.repeats).from_day(first, not_before or first)
    if coming is None:
        return
    day, rest = coming
    shift = (day - first).days
    made = step.create(
        "work.meeting", subject=meeting.subject, begins=days_on(begins, shift, here), place=meeting.place,
        ends=days_on(meeting.ends, shift, here) if meeting.ends else None, all_day=meeting.all_day,
        concerns=meeting.concerns, participants=meeting.participants, owner=meeting.owner, tags=list(meeting.tags),
        repeats=str(rest),
    )  # fmt: skip
    step.stamp(made, follows=meeting.pk)


@action(
    "work.meeting",
    _("Make all following like this one"),
    said=_("brought the following appointments in line"),
    needs="change",
    icon="repeat",
    offered={"repeats": True},
    writes={
        "subject": ...,
        "place": ...,
        "begins": ...,
        "ends": ...,
        "all_day": ...,
        "participants": ...,
        "owner": ...,
    },
)
def spread(step: Step, meeting: Meeting) -> None:
    """Subject, place, people and time of the day of this one, for all that follow it."""
    begins = meeting.begins
    step.require(meeting.repeats and begins, "comes_once", _("This does not come again."))
    assert begins is not None
    time, lasts = begins.astimezone(zone()).time(), meeting.ends - begins if meeting.ends else None
    for one in following(meeting):
        if one.archived_at is not None or one.begins is None:
            continue
        day = one.begins.astimezone(zone()).date()
        at = dt.datetime.combine(day, time, zone()).astimezone(dt.UTC)
        step.change(
            one, subject=meeting.subject, place=meeting.place, begins=at, ends=at + lasts if lasts else None,
            all_day=meeting.all_day, participants=meeting.participants, owner=meeting.owner,
        )  # fmt: skip


@action(
    "work.meeting",
    _("No more after this one"),
    said=_("ended the series"),
    needs="change",
    icon="circle-stop",
    offered={"repeats": True},
    writes={"repeats": "", "archived_at": ...},
)
def stop(step: Step, meeting: Meeting) -> None:
    """The series ends here: those that follow go to the recycle bin."""
    step.require(meeting.repeats, "comes_once", _("This does not come again."))
    step.change(meeting, repeats="")
    for one in following(meeting):
        step.change(one, repeats="")
        if one.archived_at is None:
            step.archive(one)


def following(meeting: Meeting) -> Iterator[Meeting]:
    """The meetings after this one, in their order, each locked."""
    last = meeting.pk
    for _n in range(MOST):
        one = Meeting.objects.select_for_update().filter(follows=last).first()
        if one is None:
            return
        yield one
        last = one.pk
