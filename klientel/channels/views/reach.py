"""Whom of a list we may call or write to for one purpose: the gate asked for all of them, with the reason for each who
is left out; and the rest as a file, by the export that everybody uses, with the one number or address that is allowed.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from klientel.channels.models import Purpose
from klientel.channels.models.consent import CHANNELS
from klientel.channels.queries.gate import Recipient, Wish, judge
from klientel.kernel import tenancy
from klientel.kernel.access import system_actor
from klientel.kernel.access.reading import select
from klientel.kernel.actions import Item, run_many
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.kinds import Entries
from klientel.kernel.records import type_of
from klientel.kernel.transfer import columns, exporting
from klientel.kernel.web.answers import act
from klientel.kernel.web.listing import state_of, views_of
from klientel.lib.tables.writing import csv_columns

PERSON = "contacts.person"
#: by what each way of contact reaches somebody; letters need no address in this list
BY = {"mail": "emails", "phone": "phones", "sms": "phones", "post": ""}
BOM = "\ufeff"  # so that Excel reads UTF-8
PIECE, MOST, SHOWN = 500, 20_000, 200
DEAD = ("bounced", "invalid", "former")  # entries that nobody is reached by


@dataclass(frozen=True)
class Judged:
    """One person of the list: whether, and why."""

    id: UUID
    title: str
    may: bool
    why: object
    consent: UUID | None
    address: str


@require_http_methods(["GET", "POST"])
@act
def reach(request: Any) -> HttpResponseBase:
    """Ask for purpose and way of contact, show who is left out and why; a POST gives out the rest, and notes that."""
    rtype = type_of(PERSON)
    with tenancy.reading():
        if not request.scope.may(rtype, "export"):
            raise Forbidden("forbidden", _("You may not export these records."))
        purposes = list(Purpose.objects.filter(archived_at=None).order_by("name"))
        purpose = next((one for one in purposes if str(one.pk) == request.GET.get("purpose")), None)
        channel = request.GET.get("channel", "")
        similar = "similar" in request.GET
        wish = Wish(channel, "advertising", purpose.pk if purpose else None, similar=similar)
        found, whole = _judged(request, wish) if purpose else ([], True)
    if purpose is not None and request.method == "POST":
        sheet = _sheet(request.scope, channel, {str(one.id): one.address for one in found if one.may})
        if channel == "phone":
            _note_uses(request, purpose, found)
        answer = StreamingHttpResponse(sheet, content_type=exporting.MEDIA_TYPES["csv"])
        answer["Content-Disposition"] = f'attachment; filename="{rtype.slug}-{channel}.csv"'
        answer["Cache-Control"] = "no-store"
        return answer
    skipped = [one for one in found if not one.may]
    kept = [(name, value) for name, value in request.GET.items() if name not in ("purpose", "channel", "similar")]
    context = {
        "rtype": rtype, "purposes": purposes, "purpose": purpose, "channel": channel, "similar": similar,
        "channels": [one for one in CHANNELS if one[0] in BY], "total": len(found), "skipped": skipped[:SHOWN],
        "left_out": len(skipped), "query": request.GET.urlencode(), "filters": kept, "most": None if whole else MOST,
    }  # fmt: skip
    with tenancy.reading():
        return render(request, "channels/reach.html", context)


def _note_uses(request: Any, purpose: Any, found: list[Judged]) -> None:
    """A call list uses the consents of whoever stands on it (§ 7a (2) UWG)."""
    how = _("call list for %(purpose)s, by %(who)s") % {"purpose": purpose.name, "who": request.actor.name}
    uses = (Item(one.consent, {"how": how[:255]}) for one in found if one.may and one.consent)
    for _outcome in run_many(system_actor(), "channels.consent.note_use", uses):
        pass


def _sheet(scope: Any, channel: str, addresses: dict[str, str]) -> Iterator[bytes]:
    """The list as CSV: of all that reaches somebody only what the gate allows, in a column of its own at the end."""
    rtype = type_of(PERSON)
    visible = scope.visible(rtype)
    other = {name for name, kind in visible.items() if isinstance(kind, Entries)}
    other -= {"addresses"} if channel == "post" else set()
    paths = [path for path in columns.default_paths(rtype, visible) if path not in other]
    pieces = exporting.stream(scope, rtype, {"id": list(addresses)}, paths, "csv")
    return pieces if channel == "post" else _with(pieces, str(dict(CHANNELS)[channel]), addresses)


def _with(pieces: Iterable[bytes], heading: str, addresses: dict[str, str]) -> Iterator[bytes]:
    """Rows with one more cell, found by the id that each begins with; the first piece is the head."""
    for n, piece in enumerate(pieces):
        rows = list(csv.reader(StringIO(piece.decode().removeprefix(BOM), newline=""), delimiter=";"))
        last = [heading if n == 0 else addresses[row[0]] for row in rows]
        cells = [*map(list, zip(*rows, strict=True)), last]
        text = csv_columns(cells, harmless=[True] * (len(cells) - 1) + [False])
        yield ((BOM if n == 0 else "") + text).encode()


def _judged(request: Any, wish: Wish) -> tuple[list[Judged], bool]:
    """Everybody whom the list selects, through the gate in pieces, and whether these are all.

    Somebody may be reached if one of their addresses may, as far as the viewer sees them.
    """
    rtype, scope = type_of(PERSON), request.scope
    if wish.channel not in BY:
        raise Refused("no_such_choice", _("Please choose one of the values."), "channel")
    where = state_of(scope, rtype, request.GET, views_of(scope, rtype)).where
    name = BY[wish.channel] if BY[wish.channel] in scope.visible(rtype) else ""
    found, after = list[Judged](), None
    while len(found) < MOST:
        page = select(scope, rtype, columns=(name,) if name else (), where=where, after=after, limit=PIECE)
        asked = [(row, Recipient(one, row.id)) for row in page.rows for one in _usable(row.values.get(name))]
        verdicts = judge(wish, [recipient for _row, recipient in asked])
        best: dict[UUID, Judged] = {}
        for (row, recipient), v in zip(asked, verdicts, strict=True):
            if row.id not in best or (v.may and not best[row.id].may):
                best[row.id] = Judged(row.id, row.title, v.may, v.why, v.consent, recipient.address)
        found += best.values()
        after = page.after
        if after is None:
            break
    return found, after is None


def _usable(entries: Any) -> Collection[str]:
    """The addresses of somebody that are not dead; an empty one where there is none, so that the gate says so."""
    known = [str(one["value"]) for one in entries or () if one.get("value") and one.get("state") not in DEAD]
    return known or [""]
