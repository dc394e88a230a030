"""A telephone call, in or out."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, DateTime, Links, LongText, Phone, Privacy, Text, Whole
from klientel.kernel.records.calendar import Calendar
from klientel.kernel.records.record import Record

RESULTS = (
    ("reached", _("reached")),
    ("voicemail", _("voicemail")),
    ("not_reached", _("not reached")),
    ("call_back", _("call back")),
    ("wrong_number", _("wrong number")),
)


class Call(Record):
    """A call that took place or was tried."""

    subject = Text(_("subject"), required=True, privacy=Privacy.PERSONAL)
    direction = Choice(_("direction"), default="out", of=(("out", _("outgoing")), ("in", _("incoming"))))
    result = Choice(_("result"), of=RESULTS)
    at = DateTime(_("when"))
    minutes = Whole(_("minutes"), least=0, most=1440)
    phone = Phone(_("phone"), privacy=Privacy.PERSONAL)
    notes = LongText(_("notes"), privacy=Privacy.PERSONAL, search="C")
    concerns = Links("*", _("concerns"), reverse=_("calls"))

    class Meta(Record.Meta):
        app_label = "work"
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["tenant_id", "concerns"], name="call_concerns", opclasses=["uuid_ops", "array_ops"]),
            models.Index("tenant_id", "at", "id", name="call_at", condition=models.Q(archived_at=None)),
        ]

    class About:
        label, plural, slug, icon, group = _("call"), _("calls"), "calls", "phone", _("Work")
        title = "subject"
        order = "-at"
        calendar = Calendar(start="at", minutes="minutes", usual=15, longest=1)
        columns = ("at", "direction", "result", "minutes", "concerns", "owner")
        concerns = ("concerns",)
        sections = (
            (_("Call"), ("subject", "direction", "result", "at", "minutes", "phone", "notes", "concerns", "owner")),
        )
