"""An e-mail to or from somebody."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choice, DateTime, Email, Link, Links, LongText, Privacy, Text, YesNo
from klientel.kernel.records.record import Record

STATES = (
    ("draft", _("draft")),
    ("waiting", _("waiting")),
    ("accepted", _("handed over")),
    ("rejected", _("refused by the other side")),
    ("unclear", _("unclear")),
    ("withheld", _("not sent")),
    ("recalled", _("recalled")),
)
NATURES = (
    ("personal", _("individual letter, no advertising")),
    ("advertising", _("advertising")),
)
#: what the other side got is not changed any more
SENT = ("subject", "text", "to", "files", "formatted", "account", "nature", "purpose", "similar")


def sent_stays(_scope: Any, drafts: list[Any]) -> dict[int, Refused]:
    """Refuse to change a mail that is on its way or was sent."""
    refused = {}
    for draft in drafts:
        before = draft.changes.get("state", [draft.record.state])[0]
        name = next((n for n in SENT if n in draft.changes), None)
        if not draft.new and name is not None and before not in (None, "draft", "recalled", "withheld"):
            refused[draft.item] = Refused("sent_already", _("This mail was sent; it is not changed any more."), name)
    return refused


class Mail(Record):
    """One e-mail and what became of it."""

    subject = Text(_("subject"), required=True, max_length=250, privacy=Privacy.PERSONAL)
    text = LongText(_("text"), required=True, max_length=100_000, privacy=Privacy.PERSONAL, search="C")
    to = Email(_("to"), privacy=Privacy.PERSONAL)
    account = Link("channels.account", _("e-mail account"), reverse=_("e-mails"))
    nature = Choice(_("what it is"), required=True, default="personal", of=NATURES)
    purpose = Link("channels.purpose", _("purpose of contact"), reverse=_("e-mails"))
    similar = YesNo(_("advertises own similar goods only"))
    files = Links("kernel.file", _("attachments"), reverse=_("e-mails with it"))
    formatted = YesNo(_("with a formatted part"), help_text=_("Beside the text, with links that can be clicked."))
    person = Link("contacts.person", _("recipient"), reverse=_("e-mails"))
    concerns = Links("*", _("concerns"), reverse=_("e-mails"))
    state = Choice(
        _("state"),
        default="draft",
        of=STATES,
        readonly=True,
        tones={
            "waiting": "info",
            "accepted": "ok",
            "rejected": "bad",
            "unclear": "warn",
            "withheld": "warn",
            "recalled": "",
        },
    )
    reply = Text(_("what became of it"), readonly=True, max_length=400, privacy=Privacy.PERSONAL)
    settled_at = DateTime(_("settled at"), readonly=True)

    class Meta(Record.Meta):
        app_label = "channels"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "person", "id", name="mail_person"),
            models.Index("tenant_id", "state", "id", name="mail_state"),
            models.Index("tenant_id", "created_at", "id", name="mail_newest", condition=models.Q(archived_at=None)),
            GinIndex(fields=["tenant_id", "concerns"], name="mail_concerns", opclasses=["uuid_ops", "array_ops"]),
            GinIndex(fields=["tenant_id", "files"], name="mail_files", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label, plural, slug, icon, group = _("e-mail"), _("e-mails"), "mails", "mail", _("Work")
        title = "subject"
        order = "-created_at"
        columns = ("person", "state", "to", "account", "created_at")
        concerns = ("person", "concerns")
        permits = staticmethod(sent_stays)
        sections = (
            (_("E-mail"), ("subject", "to", "person", "account", "text", "files", "concerns", "owner")),
            (_("Advertising"), ("nature", "purpose", "similar")),
            (_("Delivery"), ("state", "reply", "settled_at")),
        )
