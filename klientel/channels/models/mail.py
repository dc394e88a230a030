"""An e-mail to or from somebody."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.channels.models.saying import LONGEST
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import (
    Choice,
    DateTime,
    Email,
    Link,
    Links,
    LongText,
    Privacy,
    Sentence,
    Text,
    YesNo,
)
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy.models import Id, TenantModel

STATES = (
    ("draft", _("draft")),
    ("received", _("received")),
    ("elsewhere", _("sent by another program")),
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
DIRECTIONS = (("out", _("from us")), ("in", _("to us")))
SORTS = (
    ("human", _("written by somebody")),
    ("auto", _("automatic reply")),
    ("bounce", _("could not be delivered")),
    ("complaint", _("complaint")),
    ("list", _("list or newsletter")),
    ("own", _("our own")),
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
    """One e-mail, to or from us, and what became of it."""

    direction = Choice(_("direction"), default="out", of=DIRECTIONS, readonly=True)
    sort = Choice(_("kind of mail"), default="human", of=SORTS, readonly=True)
    sender = Email(_("from"), privacy=Privacy.PERSONAL, readonly=True)
    sender_name = Text(_("name of the sender"), privacy=Privacy.PERSONAL, readonly=True, max_length=200)
    recipients = LongText(_("recipients"), privacy=Privacy.PERSONAL, readonly=True, max_length=20_000)
    sent_at = DateTime(_("date of the mail"), readonly=True)
    message_ref = Text(_("Message-ID"), privacy=Privacy.PERSONAL, readonly=True, max_length=400)
    failed = Email(_("address that was not reached"), privacy=Privacy.PERSONAL, readonly=True)
    thread = models.UUIDField(null=True, editable=False)  # the same for all mails of a conversation
    subject = Text(_("subject"), max_length=250, privacy=Privacy.PERSONAL)
    text = LongText(_("text"), max_length=100_000, privacy=Privacy.PERSONAL, search="C")
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
            "received": "ok",
            "elsewhere": "ok",
            "waiting": "info",
            "accepted": "ok",
            "rejected": "bad",
            "unclear": "warn",
            "withheld": "warn",
            "recalled": "",
        },
    )
    send_at = DateTime(_("to be sent at"), readonly=True)
    reply = Sentence(_("what became of it"), readonly=True, max_length=LONGEST, privacy=Privacy.PERSONAL)
    settled_at = DateTime(_("settled at"), readonly=True)

    class Meta(Record.Meta):
        app_label = "channels"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "person", "id", name="mail_person"),
            models.Index("tenant_id", "state", "id", name="mail_state"),
            models.Index("tenant_id", "thread", "id", name="mail_thread"),
            models.Index("tenant_id", "message_ref", name="mail_ref", condition=~models.Q(message_ref="")),
            models.Index("tenant_id", "failed", name="mail_failed", condition=~models.Q(failed="")),
            models.Index("tenant_id", "created_at", "id", name="mail_newest", condition=models.Q(archived_at=None)),
            GinIndex(fields=["tenant_id", "concerns"], name="mail_concerns", opclasses=["uuid_ops", "array_ops"]),
            GinIndex(fields=["tenant_id", "files"], name="mail_files", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label, plural, slug, icon, group = _("e-mail"), _("e-mails"), "mails", "mail", _("Work")
        title = staticmethod(lambda m: m.subject or "–")
        made_of = ("subject",)
        order = "-created_at"
        arises = True  # by writing one, which is a page of its own, and by being fetched
        columns = ("person", "direction", "state", "to", "account", "created_at")
        concerns = ("person", "concerns")
        mergeable = False  # what was sent or came in stays as it was
        permits = staticmethod(sent_stays)
        sections = (
            (
                _("E-mail"),
                (
                    "subject",
                    "direction",
                    "sender",
                    "sender_name",
                    "to",
                    "recipients",
                    "person",
                    "account",
                    "sent_at",
                    "sort",
                    "text",
                    "files",
                    "concerns",
                    "owner",
                ),
            ),
            (_("Advertising"), ("nature", "purpose", "similar")),
            (_("Delivery"), ("state", "send_at", "reply", "settled_at")),
        )


class Body(TenantModel):
    """What belongs to a mail and is read on its page only: what it quotes, its formatted part, what it answers."""

    id = Id(primary_key=True)
    mail_id = models.UUIDField()
    quoted = models.TextField(default="")
    html = models.TextField(default="")  # cleaned; remote pictures under data-src only
    references = models.TextField(default="")  # Message-IDs that it follows, the oldest first

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "mail_id"], name="body_once")]


class Reference(TenantModel):
    """A Message-ID that some mail has or names, and the conversation it belongs to: an answer may come first."""

    id = Id(primary_key=True)
    key = models.CharField(max_length=64)  # SHA-256 of the Message-ID
    thread = models.UUIDField()

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "key"], name="reference_once")]
