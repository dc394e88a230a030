"""Accounts that mail is sent by: of the team, or of one member."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.channels.models.folder import LEVELS, Mailbox
from klientel.channels.models.saying import LONGEST
from klientel.kernel.kinds import Choice, DateTime, Email, Link, Privacy, Sentence, Text, Url, Whole, YesNo
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy.models import Id, TenantModel

SECURITY = (
    ("starttls", _("STARTTLS (usually port 587)")),
    ("tls", _("TLS from the start (usually port 465)")),
    ("none", _("none (only inside one's own network)")),
)

IMAP_SECURITY = (
    ("tls", _("TLS from the start (usually port 993)")),
    ("starttls", _("STARTTLS (usually port 143)")),
)
#: who writes and is not known yet
STRANGERS = (
    ("keep", _("keep the mail without a person")),
    ("person", _("make a person of the sender")),
    ("skip", _("do not take the mail in")),
)
SIGN_IN = (("password", _("password")), ("oauth2", _("OAuth2 (XOAUTH2)")))


class Secret(TenantModel):
    """What an account signs in with, sealed; apart, so that no event, export or page ever holds it."""

    id = Id(primary_key=True)
    account_id = models.UUIDField()
    sealed = models.TextField(default="")  # the password
    client = models.TextField(default="")  # OAuth2: the secret of the client
    refresh = models.TextField(default="")  # OAuth2: the refresh token
    access = models.TextField(default="")  # OAuth2: the access token, until it ends
    access_until = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "account_id"], name="secret_once")]


class Account(Record):
    """Where mail of a team or of a member is handed over and fetched, and how fast."""

    name = Text(_("name"), required=True, max_length=100, help_text=_("Stands beside the address as the sender."))
    address = Email(_("sender address"), required=True, privacy=Privacy.PERSONAL)
    member = Link("kernel.member", _("only for"), reverse=_("e-mail accounts"))
    team = Link("kernel.team", _("for the team"), reverse=_("e-mail accounts"))
    host = Text(_("server"), required=True, max_length=253)
    port = Whole(_("port"), required=True, least=1, most=65535, default=587)
    security = Choice(_("encryption"), required=True, default="starttls", of=SECURITY)
    login = Text(_("login"), max_length=254, privacy=Privacy.PERSONAL)
    sign_in = Choice(_("sign-in by"), required=True, default="password", of=SIGN_IN)
    token_url = Url(_("address of the tokens"), help_text=_("OAuth2: where a refresh token is exchanged."))
    client_id = Text(_("client id"), max_length=300, help_text=_("OAuth2: as the provider named it."))
    fetching = YesNo(_("fetch mail"))
    imap_host = Text(_("IMAP server"), max_length=253)
    imap_port = Whole(_("IMAP port"), least=1, most=65535, default=993)
    imap_security = Choice(_("IMAP encryption"), default="tls", of=IMAP_SECURITY)
    imap_login = Text(_("IMAP login"), max_length=254, privacy=Privacy.PERSONAL, help_text=_("Empty: as for sending."))
    level = Choice(
        _("what is taken in at most"), required=True, default="all", of=LEVELS,
        help_text=_("Each folder may take in less, none takes in more."),
    )  # fmt: skip
    strangers = Choice(_("unknown senders"), required=True, default="keep", of=STRANGERS)
    keep_sent = YesNo(
        _("lay sent mail into the sent folder"), help_text=_("Not needed where the provider does so itself.")
    )
    connections = Whole(_("most connections at once"), required=True, least=1, most=20, default=2)
    per_second = Whole(_("most messages a second"), least=1, most=10_000, default=5)
    per_day = Whole(_("most messages a day"), least=1, most=10_000_000, default=2000)
    per_domain = Whole(_("most messages a minute to one domain"), least=1, most=100_000, default=60)
    state = Choice(
        _("state"),
        default="active",
        of=(("active", _("active")), ("paused", _("paused")), ("failed", _("does not work"))),
        tones={"active": "ok", "paused": "warn", "failed": "bad"},
        readonly=True,
    )
    trouble = Sentence(_("what the server said"), readonly=True, max_length=LONGEST, privacy=Privacy.PERSONAL)
    checked_at = DateTime(_("last tried"), readonly=True)

    @property
    def fetch_trouble(self) -> str:
        """What stands in the way of fetching, as a sentence."""
        found = Mailbox.objects.filter(account_id=self.pk).values_list("trouble", flat=True).first()
        return found or "" if self.fetching else ""

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
            (_("E-mail account"), ("name", "address", "member", "team", "state", "trouble", "checked_at")),
            (_("Sending"), ("host", "port", "security", "login")),
            (
                _("Fetching"),
                (
                    "fetching",
                    "level",
                    "imap_host",
                    "imap_port",
                    "imap_security",
                    "imap_login",
                    "strangers",
                    "keep_sent",
                ),
            ),
            (_("Sign-in"), ("sign_in", "token_url", "client_id")),
            (_("Pace"), ("connections", "per_second", "per_day", "per_domain")),
        )
        system = True
