"""The feed of one's calendar: a secret address that calendar programs ask again and again."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from klientel.kernel import access
from klientel.kernel.access import ActorScope
from klientel.kernel.api.endpoint import Call, Reply, endpoint
from klientel.kernel.errors import Forbidden
from klientel.kernel.identity import tokens
from klientel.kernel.web.addresses import place
from klientel.work.queries import feed as queries


def feed(request: Any, secret: str) -> HttpResponseBase:
    """The calendar of whoever the secret belongs to: with the limits, the rate and the end of every other token."""
    request.META["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return _answered(request)


feed.csrf_exempt = True  # type: ignore[attr-defined]


def _told(call: Call) -> Reply:
    facts = call.facts
    if not {tokens.CALENDAR, tokens.BUSY} & set(facts.scopes):
        raise Forbidden("out_of_scope", _("This token does not allow that."))
    member = access.actor_of(facts.member_id, version=facts.place.access_version)
    request = call.request
    body = queries.feed(
        ActorScope(member), facts.member_id, member.name,
        lambda rtype, record_id: request.build_absolute_uri(place("record", rtype.slug, record_id)),
        busy=tokens.CALENDAR not in facts.scopes,
    )  # fmt: skip
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=300"}
    if tag in request.headers.get("If-None-Match", ""):
        return Reply(None, 304, headers)
    answer = HttpResponse(body, content_type="text/calendar; charset=utf-8", headers=headers)
    answer["Content-Disposition"] = 'inline; filename="klientel.ics"'
    answer["Referrer-Policy"] = "no-referrer"
    return Reply(answer)


_answered = endpoint(GET=_told)
