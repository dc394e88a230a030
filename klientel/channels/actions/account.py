"""What can be done with an e-mail account."""

from __future__ import annotations

from typing import Annotated

from django.utils.translation import gettext_lazy as _

from klientel.channels.models import Account
from klientel.channels.models.saying import LONGEST
from klientel.channels.queries import accounts, completeness, mailboxes
from klientel.kernel.actions import Step, action
from klientel.kernel.events.consuming import wake
from klientel.kernel.kinds import Privacy, Sentence, Text
from klientel.kernel.tenancy import current


@action(
    "channels.account",
    _("Pause sending"),
    said=_("paused sending"),
    needs="change",
    icon="pause",
    undoable=False,
    offered={"state": ("active",)},
)
def pause(step: Step, account: Account) -> None:
    """Nothing more is handed over; what waits keeps its place."""
    step.require(account.state == "active", "not_active", _("This account does not send at present."))
    step.stamp(account, state="paused", trouble="")


@action(
    "channels.account",
    _("Resume sending"),
    said=_("resumed sending"),
    needs="change",
    icon="play",
    undoable=False,
    offered={"state": ("paused", "failed")},
)
def resume(step: Step, account: Account) -> None:
    """Go on where it was paused."""
    step.require(account.state != "active", "active", _("This account is sending."))
    step.stamp(account, state="active", trouble="")
    wake(current(), "outbox")


@action(
    "channels.account",
    _("It failed"),
    said=_("reported a fault of the account"),
    needs="change",
    icon="circle-alert",
    undoable=False,
    only=("system",),
)
def fail(
    step: Step,
    account: Account,
    *,
    trouble: Annotated[str, Sentence(_("what the server said"), max_length=LONGEST, privacy=Privacy.PERSONAL)],
) -> None:
    """The account itself does not work: it stops, and no recipient is used up for it."""
    step.stamp(account, state="failed", trouble=trouble, checked_at=step.now)


@action(
    "channels.account",
    _("Note a trial"),
    said=_("tried the connection"),
    needs="change",
    icon="clock",
    undoable=False,
    only=("system",),
)
def note_trial(
    step: Step,
    account: Account,
    *,
    trouble: Annotated[str, Sentence(_("what the server said"), max_length=LONGEST, privacy=Privacy.PERSONAL)] = "",
) -> None:
    """Write down how a trial went; one that went well ends a standstill."""
    state = "active" if account.state == "failed" and not trouble else account.state
    step.stamp(account, state=state, trouble=trouble, checked_at=step.now)
    if state == "active":
        wake(current(), "outbox")


@action(
    "channels.account",
    _("Set the password"),
    said=_("set a password"),
    needs="change",
    icon="key-round",
    undoable=False,
)
def set_password(
    step: Step,
    account: Account,
    *,
    password: Annotated[str, Text(_("password"), max_length=300, privacy=Privacy.SENSITIVE)],
) -> None:
    """Keep the password, sealed; nobody can read it again."""
    open_line = account.security == "none"
    step.require(
        not open_line, "open_line", _("Without encryption no sign-in is possible. Please choose TLS."), field="password"
    )
    step.mark(account)
    accounts.keep(account.id, password=password)
    fetch_soon(account)


@action(
    "channels.account", _("Set the OAuth2 tokens"), said=_("set the OAuth2 tokens"), needs="change", icon="key-round",
    undoable=False,
)  # fmt: skip
def set_tokens(
    step: Step,
    account: Account,
    *,
    refresh: Annotated[str, Text(_("refresh token"), max_length=4000, privacy=Privacy.SENSITIVE)],
    client: Annotated[str, Text(_("secret of the client"), max_length=1000, privacy=Privacy.SENSITIVE)] = "",
) -> None:
    """Keep what tokens are fetched with, sealed; nobody can read it again."""
    ready = account.token_url and account.client_id
    step.require(ready, "no_provider", _("Please fill in the address of the tokens and the client id first."))
    step.mark(account)
    accounts.keep(account.id, refresh=refresh, client=client)
    fetch_soon(account)


@action(
    "channels.account",
    _("Fetch now"),
    said=_("had the mail fetched"),
    needs="change",
    icon="refresh-cw",
    undoable=False,
    offered={"fetching": True},
)
def fetch_now(step: Step, account: Account) -> None:
    """Look into the mailbox at once."""
    ready = account.fetching and account.imap_host
    step.require(ready, "no_mailbox", _("This account fetches no mail. Please fill in its IMAP server first."))
    step.mark(account)
    mailboxes.due_now(account.id)


@action(
    "channels.account", _("Compare and repair"), said=_("had the mailbox compared"), needs="change", icon="list-checks",
    undoable=False,
    offered={"fetching": True},
)  # fmt: skip
def repair(step: Step, account: Account) -> None:
    """Compare every folder with the server, fetch what is missing, and read again what could not be read."""
    ready = account.fetching and account.imap_host
    step.require(ready, "no_mailbox", _("This account fetches no mail. Please fill in its IMAP server first."))
    step.mark(account)
    completeness.compare_anew(account.id)
    mailboxes.again(account.id)
    mailboxes.due_now(account.id)


def fetch_soon(account: Account) -> None:
    """Where mail is fetched: at once, now that something has changed."""
    if account.fetching and account.imap_host:
        mailboxes.due_now(account.id)
