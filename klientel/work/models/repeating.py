"""What comes again: the field that says how often, and when the next one has to be planned."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Text, zone
from klientel.lib import recurrence
from klientel.lib.calendars import days_on
from klientel.lib.sentences import Unreadable

#: meetings that come again stand in the calendar for so many days ahead
AHEAD = 56


class Repeats(Text):
    """How often something comes again: typed in words or as RFC 5545 has it, kept as RFC 5545, shown in words."""

    operators: ClassVar[tuple[str, ...]] = ("is", "empty", "not_empty")

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("For example “weekly”, “every 2nd Tuesday”, “every last Friday”."))
        super().__init__(label, **kwargs)

    def take(self, value: Any) -> str:
        text = super().take(value)
        try:
            return str(recurrence.read(text)) if text else ""
        except Unreadable:
            message = _("Please say how often, such as “weekly”, “every 2nd Tuesday” or “every 3 days”.")
            raise self.refuse("not_a_recurrence", message) from None

    def show(self, value: Any) -> str:
        return recurrence.say(recurrence.read(value), get_language() or "en") if value else ""

    def typed(self, value: Any) -> Any:
        try:
            said = self.show(value)
            return said if not said or str(recurrence.read(said)) == value else value
        except Unreadable:
            return value  # not every rule is read from its words

    def sample(self, n: int) -> str:
        return str(recurrence.Rule("DAILY", n % 300 + 1))


def ahead(step: Any, draft: Any) -> None:
    """When the meeting after this one has to be planned; never where it comes once."""
    meeting = draft.record
    if not {"repeats", "begins"} & draft.changes.keys():
        return
    due = days_on(meeting.begins, -AHEAD, zone()) if meeting.repeats and meeting.begins else None
    if due != meeting.repeat_at:
        step.stamp(meeting, repeat_at=due)
