"""Who listens: a browser's session becomes a member of one tenant. Read only, never a write to the session."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.utils.crypto import constant_time_compare

from klientel.kernel.identity.models import User

TENANT_KEY = "tenant"  # where the session keeps the chosen tenant, see web.middleware

_MEMBERSHIPS = """
SELECT s.tenant_id, s.member_id FROM kernel_membership s JOIN kernel_tenant t ON t.id = s.tenant_id
WHERE s.user_id = %s AND s.active ORDER BY lower(t.name), t.id
"""
_STILL = """
SELECT m.member_id, u.password || u.stamp FROM kernel_membership m JOIN kernel_user u ON u.id = m.user_id
WHERE m.member_id = ANY(%s) AND m.active AND u.is_active
"""


@dataclass(frozen=True, slots=True)
class Viewer:
    """One signed-in browser, in the tenant that it looks at."""

    session: str
    user: UUID
    tenant: UUID
    member: UUID
    proof: str  # changes with password and second factor, as the session's own hash does


def identify(session_key: str) -> Viewer | None:
    """Whose session this is, or nobody's."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    kept: Any = store(session_key)
    user_id, proof = kept.get(SESSION_KEY), kept.get(HASH_SESSION_KEY)
    user = User.objects.filter(pk=user_id, is_active=True).first() if user_id and proof else None
    if user is None or not _fits(user, str(proof)):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERSHIPS, [user.pk])
        mine = cursor.fetchall()
    chosen = next((row for row in mine if row[0].hex == kept.get(TENANT_KEY)), mine[0] if mine else None)
    if chosen is None:
        return None
    return Viewer(session_key, user.pk, chosen[0], chosen[1], _proof(user.password + user.stamp))


def _fits(user: User, proof: str) -> bool:
    known = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(proof, one) for one in known)


def _proof(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def still_here(viewers: Iterable[Viewer]) -> set[Viewer]:
    """Those whose session, login and membership still stand, in two statements."""
    some = set(viewers)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT session_key FROM django_session WHERE session_key = ANY(%s) AND expire_date > now()",
            [[v.session for v in some]],
        )
        sessions = {row[0] for row in cursor.fetchall()}
        cursor.execute(_STILL, [[v.member for v in some]])
        proofs = {row[0]: _proof(row[1]) for row in cursor.fetchall()}
    return {v for v in some if v.session in sessions and proofs.get(v.member) == v.proof}
