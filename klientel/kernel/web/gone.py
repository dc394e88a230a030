"""Somebody sends what they typed, and the record is not there any more: they are told why, and keep what they typed."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from klientel.kernel import events, tenancy
from klientel.kernel.errors import Gone, Missing, Refused
from klientel.kernel.events import Event
from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType
from klientel.kernel.sql import Sql
from klientel.kernel.web import fields, speech
from klientel.kernel.web.answers import heading, refusal, wants_json
from klientel.lib.ids import uuid7_at

ERASED = "privacy.erased"
#: how long a form may have been open, a weekend too, and how many events of its type are looked at for the end of a
#: record, to which no index leads: a large import since then does not make anybody wait
OPEN_FOR, MOST = dt.timedelta(days=3), 20_000

_END = """
e.record_type = %s AND e.record_id = %s AND e.kind = ANY(%s) AND e.id >= GREATEST(%s, (
    SELECT x.id FROM kernel_event x WHERE x.tenant_id = %s AND x.record_type = %s ORDER BY x.id DESC OFFSET %s LIMIT 1))
"""


def why(rtype: RecordType, record_id: UUID, no: Missing) -> Missing:
    """The refusal, or one that says who deleted the record for good, and when: its history keeps that and no value."""
    found = _end_of(rtype, record_id) if lost(no) else None
    if found is None:
        return no
    values = {"who": found.actor_name, "when": speech.moment(found.at)}
    if found.kind == ERASED:
        return Gone("erased", _("%(who)s erased this for good on %(when)s, for reasons of data protection.") % values)
    return Gone("deleted", _("%(who)s deleted this for good on %(when)s.") % values)


def _end_of(rtype: RecordType, record_id: UUID) -> Event | None:
    kinds = [f"{rtype.key}.remove", ERASED]
    since = uuid7_at(timezone.now() - OPEN_FOR)
    where = Sql(_END, (rtype.key, record_id, kinds, since, tenancy.current(), rtype.key, MOST))
    return next(iter(events.read(where, order="e.id DESC", limit=1)), None)


def lost(no: Refused) -> bool:
    """Whether it is the record itself that is not there, and not something that the form named."""
    return isinstance(no, Missing) and no.code == "missing" and no.field is None


def kept(
    request: Any, rtype: RecordType, record_id: UUID, no: Missing, kinds: dict[str, Kind], values: dict[str, Any],
    *, whole: bool = False,
) -> HttpResponse:  # fmt: skip
    """The answer to a form whose record is gone: the reason, and what was typed.

    The form of a ``whole`` record can be sent once more, and then creates another one; not where it was erased.
    """
    with tenancy.reading():
        refused = why(rtype, record_id, no)
        if request.method != "POST" or wants_json(request):
            return refusal(request, refused)
        context = {
            "rtype": rtype,
            "refused": refused,
            "heading": heading(refused),
            "drawn": fields.fields(request.scope, kinds.values(), values),
            "may_create": whole and refused.code != "erased" and request.scope.may(rtype, "create"),
        }
        return render(request, "records/gone.html", context, status=refused.status)
