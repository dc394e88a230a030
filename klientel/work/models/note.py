"""Something worth keeping in mind."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Links, Privacy, RichText
from klientel.kernel.records.record import Record
from klientel.lib.html import html_to_text


class Note(Record):
    """A note about one or more records; may mention colleagues."""

    text = RichText(_("note"), required=True, privacy=Privacy.PERSONAL, search="C")
    concerns = Links("*", _("concerns"), reverse=_("notes"))
    mentions = Links("kernel.member", _("mentions"), reverse=_("mentioned in notes"))

    class Meta(Record.Meta):
        app_label = "work"
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["tenant_id", "concerns"], name="note_concerns", opclasses=["uuid_ops", "array_ops"]),
            models.Index("tenant_id", "created_at", "id", name="note_newest", condition=models.Q(archived_at=None)),
        ]

    class About:
        label, plural, slug, icon, group = _("note"), _("notes"), "notes", "sticky-note", _("Work")
        title = staticmethod(lambda n: html_to_text(n.text)[:80])
        made_of = ("text",)
        order = "-created_at"
        columns = ("text", "concerns", "owner", "created_at")
        concerns = ("concerns",)
        sections = ((_("Note"), ("text", "concerns", "mentions")),)
