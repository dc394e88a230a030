"""Who comes with a session: session, login and workspaces in one statement instead of three.

A session is looked up at every request, so that its end, a deactivated login and a lost membership count at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.backends import db
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from klientel.kernel.identity.models import User
from klientel.kernel.plans import Lasting
from klientel.kernel.statements import ask
from klientel.kernel.tenancy.models import Tenant

#: facts of a login and a tenant that no page needs; Django reads them when somebody asks all the same
_UNASKED = ("last_login", "tokens_from", "settings", "quarantined_at", "created_at")


@dataclass(frozen=True)
class Visitor:
    """The login of a session and the tenants it belongs to, each with ``member_id``."""

    user: User
    tenants: list[Any]


class SessionStore(db.SessionStore):
    """Django's sessions in the database; what is read with one beside it stands in ``visitor``."""

    visitor: Visitor | None = None

    def load(self) -> dict[str, Any]:
        """The content of a session that lives, else nothing."""
        [rows] = ask(Lasting(_statement(), (self.session_key, timezone.now())))
        if not rows:
            self._session_key = None
            return {}
        self.visitor = _visitor(rows)
        return orjson.loads(_content(rows[0][0], settings.SECRET_KEY))  # type: ignore[no-any-return]


@lru_cache(maxsize=1000)
def _content(data: str, _secret: str) -> bytes:
    """What a session holds, as JSON, its signature checked: once, for as long as it stays as it is."""
    return orjson.dumps(db.SessionStore().decode(data))


@cache
def _names(model: Any) -> list[str]:
    return [f.attname for f in model._meta.concrete_fields if f.attname not in _UNASKED]


@cache
def _statement() -> str:
    columns = [f'{alias}."{name}"' for alias, model in (("u", User), ("t", Tenant)) for name in _names(model)]
    return (
        f"SELECT s.session_data, m.member_id, u.id, {', '.join(columns)} FROM django_session s"
        " LEFT JOIN usersessions_usersession x ON x.session_key = s.session_key"
        " LEFT JOIN kernel_user u ON u.id = x.user_id"
        " LEFT JOIN kernel_membership m ON m.user_id = u.id AND m.active"
        " LEFT JOIN kernel_tenant t ON t.id = m.tenant_id"
        " WHERE s.session_key = %s AND s.expire_date > %s ORDER BY lower(t.name), t.id"
    )


def _visitor(rows: list[tuple[Any, ...]]) -> Visitor | None:
    """Whom the rows of :func:`_statement` name, if anybody."""
    if rows[0][2] is None:
        return None
    end = 3 + len(_names(User))
    tenants = []
    for row in rows:
        if row[1] is not None:
            tenant: Any = Tenant.from_db("default", _names(Tenant), row[end:])
            tenant.member_id = row[1]
            tenants.append(tenant)
    return Visitor(User.from_db("default", _names(User), rows[0][3:end]), tenants)


class Authentication(AuthenticationMiddleware):
    """Django's own, but for the statement it saves where the session came with its login."""

    def process_request(self, request: Any) -> None:
        """Sets ``request.user``; who it is, is worked out when somebody asks."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _user_of(request))


def _user_of(request: Any) -> Any:
    if not hasattr(request, "_cached_user"):
        request._cached_user = _verified(request.session) or auth.get_user(request)
    return request._cached_user


def _verified(session: Any) -> User | None:
    """The login read with the session, if every check of Django's holds; the others are Django's to answer."""
    said = session.get(auth.SESSION_KEY)
    visitor = session.visitor
    if visitor is None or str(visitor.user.pk) != said or not visitor.user.is_active:
        return None
    if session.get(auth.BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    known = visitor.user.get_session_auth_hash()
    return visitor.user if constant_time_compare(session.get(auth.HASH_SESSION_KEY) or "", known) else None
