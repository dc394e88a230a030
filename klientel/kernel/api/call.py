"""One request to the API: who asks, under whose eyes, with which body. And what it is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from klientel.kernel import kinds
from klientel.kernel.access import ActorScope
from klientel.kernel.api import narrowing, strict
from klientel.kernel.api.problems import Problem, unauthorised
from klientel.kernel.errors import Forbidden
from klientel.kernel.identity import keys, tokens
from klientel.kernel.identity.actor import Actor
from klientel.kernel.identity.tokens import TokenFacts
from klientel.kernel.records import RecordType, by_slug, custom


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers: JSON (or a response of its own, where it is bytes), status, headers."""

    data: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """An authenticated request."""

    request: HttpRequest
    facts: TokenFacts
    scope: ActorScope
    secret: str  # the token's text
    raw: bytes = b""

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.scope.actor

    @property
    def tenant(self) -> UUID:
        """Where."""
        return self.facts.tenant_id

    def type(self, slug: str, verb: str = "view") -> RecordType:
        """The record type of this address; ``Missing``, or ``Forbidden`` where scopes or grants leave ``verb`` out."""
        rtype = by_slug(slug)
        self.check(rtype, verb)
        return rtype

    def check(self, rtype: RecordType, verb: str) -> None:
        """Refuse where the token's scopes or the member's grants leave ``verb`` out for the whole type."""
        if not self.facts.permits(rtype.key, verb):
            raise Forbidden("out_of_scope", _("This token does not allow that."))
        if not self.scope.may(rtype, verb):
            raise Forbidden("forbidden", _("You may not do this here."))

    def sent(self, *, needed: bool = True) -> dict[str, Any]:
        """The JSON object of the body."""
        return strict.sent_object(self.raw, needed=needed)


def bearer(request: HttpRequest) -> tuple[str, keys.Key]:
    """The token of the request, taken apart; 401 where there is none that could be one."""
    given = request.headers.get("Authorization", "")
    word, _space, text = given.partition(" ")
    key = keys.read(keys.TOKEN, text.strip()) if word.lower() == "bearer" else None
    if key is None:
        raise unauthorised()
    return text.strip(), key


def authenticated(request: HttpRequest, secret: str, key: keys.Key, raw: bytes) -> Call:
    """The call of a good token, in the open transaction of its tenant; 401 for any other."""
    facts = tokens.find(key)
    if facts is None:
        raise unauthorised()
    custom.refresh(facts.tenant_id, facts.place.schema_version)
    try:
        scope = narrowing.scope_of(facts)
    except Forbidden:
        raise unauthorised() from None
    return Call(request, facts, scope, secret, raw)


def language_of(request: HttpRequest, call: Call | None = None) -> str:
    """The language that the request asks for, else the member's."""
    if call is None or "Accept-Language" in request.headers:
        return translation.get_supported_language_variant(getattr(request, "LANGUAGE_CODE", "en"))
    return call.actor.language or "en"


@contextmanager
def at_home(call: Call) -> Iterator[None]:
    """Work in the tenant's time zone, country and currency, and in the language of the request."""
    place = call.facts.place
    kinds.at_home_in(place.country, place.currency)
    with ExitStack() as stack:
        stack.enter_context(translation.override(language_of(call.request, call)))
        stack.enter_context(timezone.override(ZoneInfo(place.time_zone)))
        yield


__all__ = ["Call", "Problem", "Reply", "at_home", "authenticated", "bearer", "language_of"]
