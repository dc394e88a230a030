"""Accounts that mail is sent by: of the team, or of one member."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, DateTime, Email, Link, Privacy, Text, Whole
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy.models import Id, TenantModel

SECURITY = (
    ("starttls", _("STARTTLS (usually port 587)")),
    ("tls", _("TLS from the start (usually port 465)")),
    ("none", _("none (only inside one's own network)")),
)


class Secret(TenantModel):
    """The password of an account, sealed; apart, so that no event, export or page ever holds it."""

    id = Id(primary_key=True)
    account_id = models.UUIDField()
    sealed = models.TextField()

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "account_id"], name="secret_once")]


class Account(Record):
    """Where mail of a team or of a member is handed over, and how fast."""

    name = Text(_("name"), required=True, max_length=100, help_text=_("Stands beside the address as the sender."))
    address = Email(_("sender address"), required=True, privacy=Privacy.PERSONAL)
    member = Link("kernel.member", _("only for"), reverse=_("e-mail accounts"))
    host = Text(_("server"), required=True, max_length=253)
    port = Whole(_("port"), required=True, least=1, most=65535, default=587)
    security = Choice(_("encryption"), required=True, default="starttls", of=SECURITY)
    login = Text(_("login"), max_length=254, privacy=Privacy.PERSONAL)
    per_second = Whole(_("most messages a second"), least=1, most=1000, default=5)
    per_day = Whole(_("most messages a day"), least=1, most=10_000_000, default=2000)
    per_domain = Whole(_("most messages a minute to one domain"), least=1, most=100_000, default=60)
    state = Choice(
        _("state"),
        default="active",
        of=(("active", _("active")), ("paused", _("paused")), ("failed", _("does not work"))),
        tones={"active": "ok", "paused": "warn", "failed": "bad"},
        readonly=True,
    )
    trouble = Text(_("what the server said"), readonly=True, max_length=400, privacy=Privacy.PERSONAL)
    checked_at = DateTime(_("last tried"), readonly=True)

    class Meta(Record.Meta):
        app_label = "channels"

    class About:
        label, plural, slug, icon = _("e-mail account"), _("e-mail accounts"), "mail-accounts", "mail"
        note = _("Mailboxes that mail is sent by, and how fast")
        title = staticmethod(lambda a: f"{a.name} <{a.address}>")
        made_of = ("name", "address")
        columns = ("name", "address", "member", "host", "state")
        mergeable = False
        sections = (
            (_("E-mail account"), ("name", "address", "member", "state", "trouble", "checked_at")),
            (_("Server"), ("host", "port", "security", "login")),
            (_("Pace"), ("per_second", "per_day", "per_domain")),
        )
        system = True
