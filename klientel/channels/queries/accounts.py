"""Accounts that a member may send by, and their secrets."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.channels.egress import Place
from klientel.channels.models import Account, Secret
from klientel.kernel import writing
from klientel.kernel.errors import Refused
from klientel.kernel.identity import sealing
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7

_KEEP = """
INSERT INTO channels_secret (id, tenant_id, account_id, sealed) VALUES (%s, %s, %s, %s)
ON CONFLICT (tenant_id, account_id) DO UPDATE SET sealed = excluded.sealed
"""


def keep_password(account: UUID, password: str) -> None:
    """Store a password, sealed to its account."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_KEEP, [uuid7(), current(), account, sealing.seal(password, f"account:{account}")])


def password_of(account: UUID) -> str:
    """The password to sign in with; empty where there is none."""
    found = Secret.objects.filter(account_id=account).first()
    return sealing.unseal(found.sealed, f"account:{account}") if found else ""


def usable(member: UUID | None) -> list[Any]:
    """The accounts that a member may send by: their own ones first, then those of the team."""
    rows = Account.objects.filter(archived_at=None).order_by("pk")
    mine = [a for a in rows if a.member is not None and a.member == member]
    return mine + [a for a in rows if a.member is None]


def chosen(member: UUID | None, account: UUID | None) -> Any:
    """The account to send by: the given one if the member may use it, else their first."""
    found = usable(member)
    if account is not None:
        found = [a for a in found if a.pk == account]
        if not found:
            raise Refused("not_your_account", _("You cannot send by this e-mail account."), "account")
    if not found:
        message = _("There is no e-mail account yet. Please set one up in the settings.")
        raise Refused("no_account", message, "account")
    return found[0]


def place_of(account: Any, password: str) -> Place:
    """Where an account hands over; without a password nobody signs in."""
    return Place(account.host, account.port, account.security, account.login if password else "", password)
