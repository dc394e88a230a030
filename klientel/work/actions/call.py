"""What can be done with calls beyond creating and changing them: log one, with what comes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from klientel.kernel.access import reading
from klientel.kernel.actions import Step, action
from klientel.kernel.actions.declaring import CHANGED, NEW
from klientel.kernel.kinds import Choice, Links, LongText, Phone, Privacy, Whole, today
from klientel.kernel.records import type_of
from klientel.work.models import Call
from klientel.work.models.call import RESULTS

WRONG = "wrong_number"
#: after these somebody wants to be called again rather than reminded of it
AGAIN = ("not_reached", "voicemail", "call_back")


@action(
    "work.call",
    _("Log a call"),
    said=_("noted a call"),
    needs="create",
    new=True,
    icon="phone-call",
    writes={"work.task": NEW, "contacts.person": CHANGED, "contacts.organisation": CHANGED},
)
def log(
    step: Step,
    *,
    concerns: Annotated[list[UUID], Links("*", _("concerns"))],
    result: Annotated[str, Choice(_("result"), of=RESULTS)],
    phone: Annotated[str, Phone(_("phone"), privacy=Privacy.PERSONAL)] = "",
    notes: Annotated[str, LongText(_("notes"), privacy=Privacy.PERSONAL)] = "",
    follow_up: Annotated[int, Whole(_("follow up in days"), least=0, most=365)] = 0,
) -> Call:
    """Write down a call that just took place; with a task to follow up, and a wrong number marked as such."""
    known = reading.names(step.scope, concerns)
    who = next((known[i].title for i in concerns if i in known), "")
    with override(step.actor.language or None):
        subject = f"{_('Call')}: {dict(RESULTS)[result]}"
        what = str(_("Call again: %(who)s") if result in AGAIN else _("Follow up: %(who)s")) % {"who": who}
    made: Call = step.create(
        "work.call", subject=subject, direction="out", result=result, at=step.now, phone=phone, notes=notes,
        concerns=concerns, owner=step.actor.member,
    )  # fmt: skip
    if follow_up:
        step.create(
            "work.task", subject=what[:200], due=working_day(follow_up), concerns=concerns, owner=step.actor.member
        )
    if result == WRONG and phone:
        _mark(step, ((known[i].type, i) for i in concerns if i in known), phone)
    return made


def working_day(days: int) -> dt.date:
    """So many days from today; from a weekend on to Monday."""
    day = today() + dt.timedelta(days=days)
    return day + dt.timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))


def _mark(step: Step, concerned: Iterable[tuple[str, UUID]], phone: str) -> None:
    """The number leads to nobody: that stands at it from now on, where the actor may change the record."""
    for key, record_id in concerned:
        rtype = type_of(key)
        lists = [n for n, k in step.scope.writable(rtype).items() if k.key == "phones"]
        if not lists or not reading.visible_ids(step.scope, rtype, [record_id], "change"):
            continue
        record = rtype.model.objects.select_for_update().get(pk=record_id)
        for name in lists:
            step.change(record, **{name: [_marked(one, phone) for one in rtype.value(record, name)]})


def _marked(one: dict[str, Any], phone: str) -> dict[str, Any]:
    return one | {"state": "invalid"} if one["value"] == phone else one
