"""A meeting, on site or by video."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import DateTime, Link, Links, LongText, Privacy, Text, YesNo
from klientel.kernel.records.calendar import Calendar
from klientel.kernel.records.record import Record
from klientel.work.models import repeating
from klientel.work.models.repeating import Repeats


class Meeting(Record):
    """A meeting planned or held."""

    subject = Text(_("subject"), required=True, privacy=Privacy.PERSONAL)
    begins = DateTime(_("begins"))
    ends = DateTime(_("ends"))
    all_day = YesNo(_("all day"))
    place = Text(_("place"))
    notes = LongText(_("notes"), privacy=Privacy.PERSONAL, search="C")
    concerns = Links("*", _("concerns"), reverse=_("meetings"))
    participants = Links("kernel.member", _("participants"), reverse=_("meetings"))
    repeats = Repeats(_("comes again"))
    follows = Link("work.meeting", _("after"), readonly=True, reverse=_("comes next"))
    repeat_at = DateTime(_("next one to be planned"), readonly=True)

    class Meta(Record.Meta):
        app_label = "work"
        constraints = [
            models.UniqueConstraint("tenant_id", "follows", name="meeting_once", condition=~models.Q(follows=None)),
        ]
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["tenant_id", "concerns"], name="meeting_concerns", opclasses=["uuid_ops", "array_ops"]),
            models.Index("tenant_id", "begins", "id", name="meeting_begins"),
            models.Index("tenant_id", "repeat_at", name="meeting_repeats", condition=~models.Q(repeats="")),
        ]

    class About:
        label, plural, slug, icon, group = _("meeting"), _("meetings"), "meetings", "calendar", _("Work")
        title = "subject"
        order = "-begins"
        derive = repeating.ahead
        derives = dict.fromkeys(("repeats", "begins"), ("repeat_at",))
        calendar = Calendar(start="begins", end="ends", all_day="all_day", people="participants")
        columns = ("begins", "place", "concerns", "participants", "owner")
        concerns = ("concerns",)
        sections = (
            (_("Meeting"), ("subject", "begins", "ends", "all_day", "repeats", "place", "notes")),
            (_("About"), ("concerns", "participants", "owner")),
        )
