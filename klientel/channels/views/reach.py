"""Whom of a list we may call or write to for one purpose: the gate asked for all of them, with the reason for each who
is left out; and the rest as a file, by the export that everybody uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from klientel.channels.models import Purpose
from klientel.channels.models.consent import CHANNELS
from klientel.channels.queries.gate import Recipient, Wish, judge
from klientel.kernel import tenancy
from klientel.kernel.access import system_actor
from klientel.kernel.access.reading import select
from klientel.kernel.actions import Item, run_many
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.records import type_of
from klientel.kernel.transfer import exporting
from klientel.kernel.web.answers import act
from klientel.kernel.web.listing import state_of, views_of

PERSON = "contacts.person"
#: by what each way of contact reaches somebody; letters need no address in this list
BY = {"mail": "emails", "phone": "phones", "sms": "phones", "post": ""}
PIECE, MOST, SHOWN = 500, 20_000, 200


@dataclass(frozen=True)
class Judged:
    """One person of the list: whether, and why."""

    id: UUID
    title: str
    may: bool
    why: object
    consent: UUID | None


@require_GET
@act
def reach(request: Any) -> HttpResponseBase:
    """Ask for purpose and way of contact, show who is left out and why, give out the rest."""
    rtype = type_of(PERSON)
    with tenancy.reading():
        if not request.scope.may(rtype, "export"):
            raise Forbidden("forbidden", _("You may not export these records."))
        purposes = list(Purpose.objects.filter(archived_at=None).order_by("name"))
        purpose = next((one for one in purposes if str(one.pk) == request.GET.get("purpose")), None)
        channel = request.GET.get("channel", "")
        similar = "similar" in request.GET
        found = _judged(request, Wish(channel, "advertising", purpose.pk, similar=similar)) if purpose else []
    if purpose is not None and "download" in request.GET:
        where = {"id": [str(one.id) for one in found if one.may]}
        if channel == "phone":
            _note_uses(request, purpose, found)
        answer = StreamingHttpResponse(
            exporting.stream(request.scope, rtype, where, None, "csv"), content_type=exporting.MEDIA_TYPES["csv"]
        )
        answer["Content-Disposition"] = f'attachment; filename="{rtype.slug}-{channel}.csv"'
        answer["Cache-Control"] = "no-store"
        return answer
    skipped = [one for one in found if not one.may]
    kept = [(name, value) for name, value in request.GET.items() if name not in ("purpose", "channel", "similar")]
    context = {
        "rtype": rtype, "purposes": purposes, "purpose": purpose, "channel": channel, "similar": similar,
        "channels": [one for one in CHANNELS if one[0] in BY], "total": len(found), "skipped": skipped[:SHOWN],
        "left_out": len(skipped), "query": request.GET.urlencode(), "filters": kept,
    }  # fmt: skip
    with tenancy.reading():
        return render(request, "channels/reach.html", context)


def _note_uses(request: Any, purpose: Any, found: list[Judged]) -> None:
    """A call list uses the consents of whoever stands on it (§ 7a (2) UWG)."""
    how = _("call list for %(purpose)s, by %(who)s") % {"purpose": purpose.name, "who": request.actor.name}
    uses = (Item(one.consent, {"how": how[:255]}) for one in found if one.may and one.consent)
    for _outcome in run_many(system_actor(), "channels.consent.note_use", uses):
        pass


def _judged(request: Any, wish: Wish) -> list[Judged]:
    """Everybody whom the list selects, through the gate in pieces; addresses count as far as the viewer sees them."""
    rtype, scope = type_of(PERSON), request.scope
    if wish.channel not in BY:
        raise Refused("no_such_choice", _("Please choose one of the values."), "channel")
    where = state_of(scope, rtype, request.GET, views_of(scope, rtype)).where
    name = BY[wish.channel] if BY[wish.channel] in scope.visible(rtype) else ""
    found, after = list[Judged](), None
    while len(found) < MOST:
        page = select(scope, rtype, columns=(name,) if name else (), where=where, after=after, limit=PIECE)
        asked = [Recipient(_first(one.values.get(name)), one.id) for one in page.rows]
        verdicts = judge(wish, asked)
        found += [Judged(r.id, r.title, v.may, v.why, v.consent) for r, v in zip(page.rows, verdicts, strict=True)]
        after = page.after
        if after is None:
            break
    return found


def _first(entries: Any) -> str:
    return next((str(one["value"]) for one in entries or () if one.get("value")), "")
