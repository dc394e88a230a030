"""API tokens: a program acts as one member, with fewer rights, until a day."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Missing, Refused, together
from klientel.kernel.identity import keys
from klientel.kernel.identity.models import ApiToken, User
from klientel.kernel.tenancy import inside, reading, writing
from klientel.kernel.writing import door

log = logging.getLogger("klientel.security")
READ = "read"
WRITE = "write"
CALENDAR, BUSY = "calendar.full", "calendar.busy"  # allow nothing in the API, only the feed of the owner's calendar
SCOPES = [
    (READ, _("Read only")),
    (WRITE, _("Read and change")),
    (CALENDAR, _("Calendar feed: what I have, and when")),
    (BUSY, _("Calendar feed: only when I am busy")),
]
LIFETIMES_DAYS = (30, 90, 365)
LONGEST = timedelta(days=730)
NOTE_EVERY = timedelta(minutes=5)
NAME_LENGTH = 100
# "read", "write", a record type ("contacts.person": everything about it), one verb of it ("contacts.person.create") or
# one verb of every type ("*.view"); a colon before the verb and "*" for everything are understood too
_SCOPE = re.compile(r"\A(read|write|\*\.[a-z][a-z0-9_]*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,2})\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token is at home: what one must know of its tenant before anything is read or written."""

    time_zone: str
    country: str
    currency: str
    access_version: int
    schema_version: int


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What a valid token says: whose it is and what it may do at most. The member's own grants still apply."""

    id: UUID
    tenant_id: UUID
    member_id: UUID
    user_id: UUID
    name: str
    scopes: tuple[str, ...]
    expires_at: datetime
    last_used_at: datetime | None
    place: Place

    def permits(self, record: str, verb: str) -> bool:
        """Whether the scopes allow ``verb`` (view, export, or an action's verb) on this record type."""
        if not {WRITE, record, f"{record}.{verb}", f"*.{verb}"}.isdisjoint(self.scopes):
            return True
        return READ in self.scopes and verb in ("view", "export")


def create(
    *,
    tenant_id: UUID,
    member_id: UUID,
    user: User,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime,
) -> tuple[ApiToken, str]:
    """A new token and its secret text, which is shown once and stored nowhere."""
    scopes = list(dict.fromkeys(_plain_scope(scope) for scope in scopes))
    refusals = [*_wrong_name(name.strip()), *_wrong_scopes(scopes), *_wrong_expiry(expires_at)]
    if refusals:
        raise together(refusals)
    text, key = keys.mint(keys.TOKEN, tenant_id)
    with inside(tenant_id), writing(), door():
        token = ApiToken.objects.create(
            member_id=member_id,
            user=user,
            name=name.strip(),
            prefix=key.prefix,
            digest=key.digest,
            scopes=scopes,
            expires_at=expires_at,
        )
    log.info("token created", extra={"tenant": str(tenant_id), "user": str(user.pk)})
    return token, text


_FIND = """
SELECT k.id, k.member_id, k.user_id, k.name, k.digest, k.scopes, k.expires_at, k.last_used_at,
    k.revoked_at IS NULL AND k.expires_at > clock_timestamp() AND u.is_active AND k.created_at >= u.tokens_from,
    n.time_zone, n.country, n.currency, n.access_version, n.schema_version
FROM kernel_apitoken k JOIN kernel_user u ON u.id = k.user_id JOIN kernel_tenant n ON n.id = k.tenant_id
WHERE k.tenant_id = %s AND k.prefix = %s
"""


def check(text: str) -> TokenFacts | None:
    """What this token may do, or nothing: wrong, changed, expired, revoked, or its owner's login is closed.

    One query, and the comparison takes as long for a token that does not exist. Sets no tenant for what follows.
    """
    key = keys.read(keys.TOKEN, text)
    if key is None:
        return None
    with inside(key.tenant_id), reading():
        return find(key)


def find(key: keys.Key) -> TokenFacts | None:
    """As :func:`check`, for a key taken apart already, in the open transaction of its tenant."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [key.tenant_id, key.prefix])
        row = cursor.fetchone()
    known = keys.same(key, row[4] if row else None)
    if row is None or not known or not row[8]:
        return None
    scopes = orjson.loads(row[5]) if isinstance(row[5], str | bytes) else row[5]
    return TokenFacts(
        id=row[0],
        tenant_id=key.tenant_id,
        member_id=row[1],
        user_id=row[2],
        name=row[3],
        scopes=tuple(scopes),
        expires_at=row[6],
        last_used_at=row[7],
        place=Place(*row[9:14]),
    )


def note_use(facts: TokenFacts) -> None:
    """Remember that a token was used just now; writes at most every five minutes."""
    now = timezone.now()
    if facts.last_used_at is not None and now - facts.last_used_at < NOTE_EVERY:
        return
    with inside(facts.tenant_id), writing(), door():
        ApiToken.objects.filter(id=facts.id).update(last_used_at=now)


def of_member(tenant_id: UUID, member_id: UUID) -> list[ApiToken]:
    """A member's tokens, the newest first."""
    with inside(tenant_id), reading():
        return list(ApiToken.objects.filter(member_id=member_id).order_by("-created_at"))


def revoke(tenant_id: UUID, member_id: UUID, token_id: UUID) -> ApiToken:
    """End one of a member's own tokens, which is given back; ``Missing`` where the member has no such token."""
    with inside(tenant_id), writing():
        if not _revoke(tenant_id, member_id=member_id, id=token_id):
            raise Missing("token_missing", _("There is no such token."))
        found: ApiToken = ApiToken.objects.get(id=token_id)
        return found


def revoke_all(tenant_id: UUID, member_id: UUID) -> int:
    """End all tokens of a member (who leaves, or whose rights were taken)."""
    return _revoke(tenant_id, member_id=member_id)


def _revoke(tenant_id: UUID, **which: Any) -> int:
    now = timezone.now()
    with inside(tenant_id), writing(), door():
        ended: int = ApiToken.objects.filter(revoked_at=None, **which).update(revoked_at=now)
        log.info("tokens revoked", extra={"tenant": str(tenant_id), "tokens": ended})
        return ended or ApiToken.objects.filter(**which).count()


def _plain_scope(scope: str) -> str:
    """One way to write each scope: ``*`` is ``write``, ``contacts.person:view`` is ``contacts.person.view``."""
    scope = scope.strip().replace(":", ".").removesuffix(".*")
    return WRITE if scope == "*" else scope


def _wrong_name(name: str) -> list[Refused]:
    if not name:
        return [Refused("name_missing", _("Please give the token a name."), "name")]
    if len(name) > NAME_LENGTH or "\x00" in name:
        return [Refused("name_invalid", _("This name is too long or holds signs that cannot be stored."), "name")]
    return []


def _wrong_scopes(scopes: list[str]) -> list[Refused]:
    if scopes and all(_SCOPE.match(scope) for scope in scopes):
        return []
    return [Refused("scope_unknown", _("Please choose what the token may do."), "scopes")]


def _wrong_expiry(expires_at: datetime) -> list[Refused]:
    now = timezone.now()
    if now < expires_at <= now + LONGEST:
        return []
    return [Refused("expiry_invalid", _("A token must end in the future, within two years."), "expires_at")]
