"""Who acts, in which tenant, in which language and time zone: worked out once per request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from csp.constants import HEADER
from csp.utils import build_policy
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone, translation

from klientel.kernel import access, tenancy
from klientel.kernel.errors import Forbidden
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import at_home_in
from klientel.kernel.records import custom
from klientel.kernel.tenancy.models import Tenant

#: where the session keeps the chosen tenant
SESSION_KEY = "tenant"

_MINE = """
SELECT t.*, s.member_id FROM kernel_membership s JOIN kernel_tenant t ON t.id = s.tenant_id
WHERE s.user_id = %s AND s.active ORDER BY lower(t.name), t.id
"""


class ContentPolicy:
    """Says on every answer what a page may load. The policy is the same for all of them, and so made once."""

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(HEADER, self._policy)
        return response

    @cached_property
    def _policy(self) -> str:
        return build_policy()


class Klientel:
    """Sets ``request.actor``, ``.scope``, ``.tenant``, ``.tenants``; the view runs inside the tenant."""

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.actor = request.scope = request.tenant = None
        request.tenants = []
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return self.get_response(request)
        came = getattr(request.session, "visitor", None)
        mine = came.tenants if came and came.user.pk == user.pk else list(Tenant.objects.raw(_MINE, [user.pk]))
        chosen = _chosen(mine, request.session.get(SESSION_KEY))
        request.tenants = [{"id": t.pk, "name": t.name, "current": t is chosen} for t in mine]
        with translation.override(user.language):
            request.LANGUAGE_CODE = user.language
            return self._inside(request, chosen) if chosen else self.get_response(request)

    def _inside(self, request: Any, tenant: Any) -> HttpResponse:
        with tenancy.inside(tenant.pk), timezone.override(ZoneInfo(tenant.time_zone)):
            custom.refresh(tenant.pk, tenant.schema_version)
            at_home_in(tenant.country, tenant.currency)
            try:
                request.actor = _actor(tenant.member_id, tenant.access_version)
            except Forbidden:
                return self.get_response(request)
            request.tenant, request.scope = tenant, _scope(request.actor, tenant.pk)
            response = self.get_response(request)
            if isinstance(response, StreamingHttpResponse):
                response.streaming_content = _going_on(response.streaming_content, copy_context())
            return response


def _going_on(pieces: Any, here: Context) -> Iterator[bytes]:
    """The pieces of an answer, each made where its view ran: in the tenant, the language and the time zone of it."""
    rest = iter(pieces)
    while (piece := here.run(next, rest, None)) is not None:
        yield piece


#: of each member, with the rights and the fields it holds for
_scopes: dict[UUID, tuple[Actor, object, access.ActorScope]] = {}


def _scope(actor: Actor, tenant: UUID) -> access.ActorScope:
    """What the member may see: worked out anew when rights or the tenant's own fields have changed."""
    fields = custom.known(tenant)
    found = _scopes.get(actor.id)
    if found is not None and found[0] is actor and found[1] is fields:
        return found[2]
    made = access.ActorScope(actor)
    if fields is not None:
        _scopes[actor.id] = (actor, fields, made)
    return made


def _chosen(mine: list[Any], wanted: Any) -> Any:
    return next((t for t in mine if t.pk.hex == wanted), mine[0] if mine else None)


def _actor(member: UUID, version: int) -> Actor:
    """The member as an actor. One that is known already costs no statement, and so no transaction."""
    try:
        return access.actor_of(member, version=version)
    except Forbidden:
        with tenancy.reading():
            return access.actor_of(member, version=version)
