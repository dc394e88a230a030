"""Texts for e-mails, with placeholders."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.channels.models.placeholders import check_text
from klientel.kernel.kinds import Language, LongText, Text
from klientel.kernel.records.record import Record


def known_placeholders(template: Any) -> None:
    """Every placeholder stands for something."""
    check_text(template.subject, "subject")
    check_text(template.text, "text")


class Template(Record):
    """A text to begin an e-mail with."""

    name = Text(_("name"), required=True, max_length=100)
    language = Language(_("language"))
    subject = Text(_("subject"), required=True, max_length=250)
    text = LongText(
        _("text"),
        required=True,
        max_length=50_000,
        help_text=_("Placeholders such as {{greeting}}, {{first_name}}, {{last_name}}, {{organisation}}, {{sender}}."),
    )

    class Meta(Record.Meta):
        app_label = "channels"

    class About:
        label, plural, slug, icon = _("e-mail template"), _("e-mail templates"), "mail-templates", "text-cursor-input"
        note = _("Texts for e-mails, with placeholders")
        title = "name"
        columns = ("name", "language", "subject")
        check = staticmethod(known_placeholders)
        sections = ((_("E-mail template"), ("name", "language", "subject", "text")),)
        system = open = True
