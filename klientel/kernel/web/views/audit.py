"""Everything that happened in a workspace, for those who answer for it: who, when, what, filtered and paged."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from klientel.kernel import actions, events
from klientel.kernel.access.reading import Name, names, select
from klientel.kernel.actions import signing
from klientel.kernel.actions.noting import WORKSPACE
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.events import Event, sealing
from klientel.kernel.kinds import zone
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.sql import Sql, both
from klientel.kernel.web import cells, speech
from klientel.kernel.web.answers import page
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.views.settings import may_manage
from klientel.lib.ids import uuid7_at

SHOWN = 50
#: what happened without an action on a record
WORDS = {
    f"{WORKSPACE}.change": gettext_lazy("Settings of the workspace"),
    f"{WORKSPACE}.invited": gettext_lazy("Invited"),
    f"{WORKSPACE}.invited_again": gettext_lazy("Invited again"),
    f"{WORKSPACE}.uninvited": gettext_lazy("Invitation withdrawn"),
    f"{WORKSPACE}.token_made": gettext_lazy("API token created"),
    f"{WORKSPACE}.token_ended": gettext_lazy("API token revoked"),
    "privacy.restricted": gettext_lazy("Processing restricted"),
    "privacy.lifted": gettext_lazy("Restriction lifted"),
    "privacy.erased": gettext_lazy("Person erased"),
    "privacy.blanked": gettext_lazy("Person's words removed"),
    "kernel.member.exported": gettext_lazy("Exported"),
}
#: what the list can be narrowed to
PARTS = {
    "access": gettext_lazy("Rights, people and settings"),
    "privacy": gettext_lazy("Data protection and exports"),
    "records": gettext_lazy("Business records"),
}


@dataclass
class Line:
    """One event as the list shows it."""

    at: dt.datetime
    who: str
    what: str
    type: str
    title: str
    url: str
    fields: list[str]


@page
def audit(request: Any) -> HttpResponse:
    """The list, newest first."""
    if not may_manage(request):
        raise Forbidden("forbidden", _("You may not see what happened in the whole workspace."))
    given = {n: request.GET.get(n, "").strip() for n in ("who", "part", "type", "from", "until", "before")}
    refused: Refused | None = None
    try:
        found = events.read(both(_where(given)), order="e.id DESC", limit=SHOWN + 1)
    except Refused as no:
        refused, found = no, []
    more, found = len(found) > SHOWN, found[:SHOWN]
    context = {
        "lines": _lines(request, found),
        "given": given,
        "refused": refused,
        "rest": str(found[-1].id) if more else "",
        "parts": PARTS.items(),
        "types": sorted(((t.key, speech.large(str(t.plural))) for t in all_types()), key=lambda t: t[1]),
        "people": _people(request),
        "seal": sealing.state(),
    }
    return render(request, "settings/audit.html", context, status=refused.status if refused else 200)


def _people(request: Any) -> list[tuple[str, str]]:
    rows = select(request.scope, type_of("kernel.member"), limit=500).rows
    return [(f"member:{r.id}", r.title) for r in rows]


def _where(given: dict[str, str]) -> list[Sql]:
    parts = [Sql("true")]
    if given["who"]:
        parts.append(Sql("e.actor = %s", (given["who"],)))
    if given["type"]:
        parts.append(Sql("e.record_type = %s", (given["type"],)))
    if given["part"] == "access":
        settings = [WORKSPACE, *(t.key for t in all_types() if t.system)]
        parts.append(Sql("e.record_type = ANY(%s) AND e.kind <> 'kernel.member.exported'", (settings,)))
    elif given["part"] == "privacy":
        parts.append(Sql("(e.kind LIKE 'privacy.%%' OR e.kind = 'kernel.member.exported')"))
    elif given["part"] == "records":
        parts.append(Sql("e.record_type = ANY(%s)", ([t.key for t in all_types() if not t.system],)))
    if given["from"]:
        parts.append(Sql("e.id >= %s", (uuid7_at(_midnight(given["from"], "from")),)))
    if given["until"]:
        end = _midnight(given["until"], "until") + dt.timedelta(days=1)
        parts.append(Sql("e.id < %s", (uuid7_at(end),)))
    if given["before"]:
        try:
            parts.append(Sql("e.id < %s", (UUID(given["before"]),)))
        except ValueError:
            message = _("This page address is damaged. Please start at the first page.")
            raise Refused("bad_cursor", message, "before") from None
    return parts


def _midnight(text: str, field: str) -> dt.datetime:
    try:
        found = dt.date.fromisoformat(text)
        if not 1990 <= found.year <= 2200:
            raise ValueError(text)
    except ValueError:
        raise Refused("bad_date", _("This is not a date we understand."), field) from None
    return dt.datetime.combine(found, dt.time(), zone())


def _lines(request: Any, found: list[Event]) -> list[Line]:
    by_type: dict[str, set[UUID]] = {}
    for one in found:
        by_type.setdefault(one.record_type, set()).add(one.record_id)
    known: dict[UUID, Name] = {}
    for key, ids in by_type.items():
        if key != WORKSPACE:
            known |= names(request.scope, ids, key)
    return [_line(request, one, known.get(one.record_id)) for one in found]


def _line(request: Any, event: Event, name: Name | None) -> Line:
    rtype = _type(event.record_type)
    visible = request.scope.visible(rtype) if rtype else {}
    return Line(
        at=event.at,
        who=event.actor_name,
        what=_words(event.kind),
        type=str(rtype.label) if rtype else "",
        title=name.title if name else "",
        url=cells.record_url(name.type, name.id) if name else "",
        fields=[label_of(visible[f]) for f in event.changes if f in visible] or _plain(event),
    )


def _plain(event: Event) -> list[str]:
    """The values of an event of the workspace itself, or what was noted of a sign-in."""
    if event.kind == signing.note_sign_in.key:
        return [str(label) for key, label in signing.CHANGES if key == event.parameters.get("what")]
    return [f"{new}" for _old, new in event.changes.values()] if event.record_type == WORKSPACE else []


def _type(key: str) -> RecordType | None:
    try:
        return type_of(key)
    except Missing:
        return None


def _words(kind: str) -> str:
    if kind in WORDS:
        return str(WORDS[kind])
    try:
        return speech.large(str(actions.get(kind).label))
    except Missing:
        return kind
