"""The record of an uploaded file. Its bytes lie outside the database, see :mod:`klientel.kernel.files.keeping`."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Links, Privacy, Text, Whole
from klientel.kernel.records.record import Record

PURPOSES = (
    ("document", _("document")),
    ("picture", _("picture")),
    ("import", _("import")),
    ("export", _("export")),
    ("other", _("other")),
)


class File(Record):
    """A file, on the timeline of every record it concerns. Without a ``place`` it is an empty one."""

    name = Text(_("file name"), required=True, max_length=200, privacy=Privacy.PERSONAL, search="B")
    purpose = Choice(_("purpose"), of=PURPOSES, default="document")
    media_type = Text(_("file type"), max_length=120, readonly=True)
    size = Whole(_("size in bytes"), least=0, readonly=True)
    digest = Text(_("SHA-256"), max_length=64, readonly=True)
    place = Text(_("place in the store"), max_length=64, readonly=True)
    concerns = Links("*", _("concerns"), reverse=_("files"))

    class Meta(Record.Meta):
        app_label = "kernel"
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["tenant_id", "concerns"], name="file_concerns", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label, plural, slug, icon = _("file"), _("files"), "files", "paperclip"
        title = "name"
        columns = ("name", "purpose", "media_type", "size", "concerns", "owner", "created_at")
        concerns = ("concerns",)
        sections = ((_("File"), ("name", "purpose", "concerns", "media_type", "size", "owner")),)
