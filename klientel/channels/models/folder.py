"""What is fetched: folders of a mailbox, how far each was read, and every message that was found in them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.channels.models.saying import LONGEST
from klientel.kernel.kinds import Choice, Date, Link, Text
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy.models import Id, TenantModel

LEVELS = (
    ("all", _("everything")),
    ("subject", _("subject and participants only")),
    ("nothing", _("nothing")),
)
DIRECTIONS = (("in", _("received mail")), ("out", _("sent mail")))


def strictest(*levels: str) -> str:
    """The level that takes in least."""
    order = [key for key, _label in LEVELS]
    return max(levels, key=order.index)


#: what became of a fetched message; empty where its mail was erased
STATES = ("waiting", "mail", "bounce", "auto", "own", "double", "skipped", "quarantined", "")


class Folder(Record):
    """A folder of an account's mailbox: how much of it is taken in, and whether we wrote what lies in it."""

    account = Link("channels.account", _("e-mail account"), required=True, reverse=_("folders"), on_erase="with")
    name = Text(_("folder on the server"), required=True, max_length=250)
    direction = Choice(_("what lies in it"), required=True, default="in", of=DIRECTIONS)
    level = Choice(
        _("what is taken in"), required=True, default="nothing", of=LEVELS,
        help_text=_("With subject and participants only, the text never leaves the server."),
    )  # fmt: skip
    since = Date(_("only mail from this day on"))

    class Meta(Record.Meta):
        app_label = "channels"
        constraints = [
            models.UniqueConstraint(
                "tenant_id", "account", "name", name="folder_once", condition=models.Q(archived_at=None)
            )
        ]

    class About:
        label, plural, slug, icon = _("mail folder"), _("mail folders"), "mail-folders", "folder"
        note = _("Which folders of a mailbox are fetched, and who may read them")
        title = "name"
        columns = ("name", "account", "direction", "level", "since")
        mergeable = False
        sections = ((_("Mail folder"), ("account", "name", "direction", "level", "since")),)
        system = True


class Mailbox(TenantModel):
    """How fetching an account goes: when it is due, and what stands in the way. Changes each minute, so no record."""

    id = Id(primary_key=True)
    account_id = models.UUIDField()
    due_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=LONGEST, default="")
    fetched_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "account_id"], name="mailbox_once")]
        indexes = [models.Index(fields=["tenant_id", "due_at"], name="mailbox_due")]


class Position(TenantModel):
    """How far a folder was read, and what the server says is in it."""

    id = Id(primary_key=True)
    folder_id = models.UUIDField()
    uidvalidity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)  # messages on the server
    older = models.PositiveIntegerField(default=0)  # of these, from before the day from which on mail is taken in
    missing = models.PositiveIntegerField(default=0)  # of these, neither here nor left out on purpose
    trouble = models.CharField(max_length=LONGEST, default="")
    compared_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "folder_id"], name="position_once")]


class Fetched(TenantModel):
    """One message of one folder, kept as it came before anything reads it. Its bytes lie in the file store.

    An erasure empties the words and leaves the frame, so that the message is not fetched a second time: not under
    another UIDVALIDITY either, for which the SHA-256 of all of it stays.
    """

    on_erase, stays = "blank", ("digest",)
    holds_bytes = "place"

    id = Id(primary_key=True)
    account_id = models.UUIDField()
    folder_id = models.UUIDField()
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    digest = models.CharField(max_length=64, default="")
    size = models.PositiveIntegerField(default=0)
    place = models.CharField(max_length=64, default="")
    received_at = models.DateTimeField()
    state = models.CharField(max_length=12, default="waiting")
    reason = models.CharField(max_length=60, default="")
    tries = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    mail_id = models.UUIDField(null=True)
    gone = models.BooleanField(default=False)  # not on the server any more

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "account_id", "folder_id", "uidvalidity", "uid"], name="fetched_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant_id", "account_id", "id"], name="fetched_open", condition=models.Q(state="waiting")
            ),
            models.Index(fields=["tenant_id", "account_id", "digest"], name="fetched_digest"),
            models.Index(fields=["tenant_id", "mail_id"], name="fetched_mail"),
        ]
