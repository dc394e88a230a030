"""A meeting, on site or by video."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import DateTime, Links, LongText, Privacy, Text, YesNo
from klientel.kernel.records.calendar import Calendar
from klientel.kernel.records.record import Record


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

    class Meta(Record.Meta):
        app_label = "work"
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["tenant_id", "concerns"], name="meeting_concerns", opclasses=["uuid_ops", "array_ops"]),
            models.Index("tenant_id", "begins", "id", name="meeting_begins"),
        ]

    class About:
        label, plural, slug, icon, group = _("meeting"), _("meetings"), "meetings", "calendar", _("Work")
        title = "subject"
        order = "-begins"
        calendar = Calendar(start="begins", end="ends", all_day="all_day", people="participants")
        columns = ("begins", "place", "concerns", "participants", "owner")
        concerns = ("concerns",)
        sections = (
            (_("Meeting"), ("subject", "begins", "ends", "all_day", "place", "notes")),
            (_("About"), ("concerns", "participants", "owner")),
        )
