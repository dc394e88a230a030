"""Accounts that a member may send by, and their secrets."""

from __future__ import annotations

import datetime as dt
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.channels.egress import Failure, Place, Request, fetch
from klientel.channels.models import Account, Secret
from klientel.kernel import writing
from klientel.kernel.errors import Refused
from klientel.kernel.identity import sealing
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy import writing as transaction
from klientel.lib.ids import uuid7

_KEEP = """
INSERT INTO channels_secret (id, tenant_id, account_id, sealed, client, refresh, access, access_until)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, account_id) DO UPDATE SET
"""
OAUTH2 = "OAuth2: "  # how a refusal by the provider begins
EARLY = dt.timedelta(minutes=2)  # before its end an access token is not used any more


def keep(account: UUID, *, until: dt.datetime | None = None, **secrets: str) -> None:
    """Store ``password``, ``client``, ``refresh`` or ``access``, each sealed to its account and use."""
    names = {"password": "sealed"}
    columns = {names.get(use, use): sealing.seal(text, _bound(account, use)) for use, text in secrets.items()}
    values = [columns.get(name, "") for name in ("sealed", "client", "refresh", "access")]
    changed = [*columns, "access_until"]
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(
            _KEEP + ", ".join(f"{name} = excluded.{name}" for name in changed),
            [uuid7(), current(), account, *values, until],
        )


def _bound(account: UUID, use: str) -> str:
    return f"account:{account}" if use == "password" else f"account:{account}:{use}"


def _secret(account: UUID, use: str, found: Any) -> str:
    text = getattr(found, "sealed" if use == "password" else use) if found else ""
    return sealing.unseal(text, _bound(account, use)) if text else ""


def password_of(account: UUID) -> str:
    """The password to sign in with; empty where there is none."""
    return _secret(account, "password", Secret.objects.filter(account_id=account).first())


def tokens_of(account: UUID) -> tuple[str, str, str]:
    """OAuth2: the access token that still holds (else empty), the refresh token, the secret of the client."""
    found = Secret.objects.filter(account_id=account).first()
    fresh = bool(found and found.access_until and found.access_until - EARLY > timezone.now())
    access = _secret(account, "access", found) if fresh else ""
    return access, _secret(account, "refresh", found), _secret(account, "client", found)


def renewed(account: Any, refresh: str, client: str) -> dict[str, Any]:
    """A new access token for a refresh token (RFC 6749 section 6): the answer's fields. Reaches outside.

    :class:`Failure` with the stage ``login`` where the provider says no, ``connect`` where it does not answer.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": account.client_id}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    body = urlencode(form | ({"client_secret": client} if client else {})).encode()
    try:
        answer = fetch(Request("POST", account.token_url, headers, body))
        told = json.loads(answer.body)
    except (OSError, ValueError) as error:
        raise Failure("connect", 0, type(error).__name__) from error
    if answer.status != HTTPStatus.OK or not isinstance(told, dict) or not isinstance(told.get("access_token"), str):
        reason = str(told.get("error", "")) if isinstance(told, dict) else ""
        raise Failure("login", answer.status if answer.status >= 400 else 0, f"{OAUTH2}{reason}"[:200])
    return told


def keep_renewed(account: UUID, told: dict[str, Any]) -> None:
    """Keep what the provider gave: the access token until its end, and a new refresh token where there is one."""
    seconds = told.get("expires_in")
    until = timezone.now() + dt.timedelta(seconds=seconds if isinstance(seconds, int) and seconds > 0 else 300)
    more = {"refresh": told["refresh_token"]} if isinstance(told.get("refresh_token"), str) else {}
    keep(account, until=until, access=told["access_token"], **more)


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


def signing_in(account: Any) -> tuple[str, str]:
    """Password and token to sign in with; a token that has ended is renewed. Opens transactions of its own."""
    with transaction():
        if account.sign_in != "oauth2":
            return password_of(account.pk), ""
        access, refresh, client = tokens_of(account.pk)
    if not access:
        told = renewed(account, refresh, client)
        with transaction():
            keep_renewed(account.pk, told)
        access = str(told["access_token"])
    return "", access


def forget_access(account: UUID) -> None:
    """The access token is not taken any more, although its time is not over: the next one who signs in renews it."""
    with transaction(), writing.door():
        Secret.objects.filter(account_id=account).update(access="", access_until=None)


def place_of(account: Any, password: str, token: str = "") -> Place:
    """Where an account hands over; without a secret nobody signs in."""
    login = account.login or account.address if token else account.login if password else ""
    return Place(account.host, account.port, account.security, login, password, token)


def mailbox_of(account: Any, password: str, token: str = "") -> Place:
    """Where an account's mail lies."""
    login = account.imap_login or account.login or account.address
    return Place(account.imap_host, account.imap_port, account.imap_security, login, password, token)
