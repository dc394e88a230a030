"""What came in by forms and was never confirmed, or was held back, is forgotten in time."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.utils import timezone

from klientel.channels.models import Consent, Response
from klientel.channels.models.response import ASKED, SUSPECTED
from klientel.channels.queries import forms, tickets
from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run_many
from klientel.kernel.jobs import sweep
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.trash import hanging

SUSPECTED_LASTS = dt.timedelta(days=30)
MOST = 500  # in one turn; the next one takes the rest
PERSON = "contacts.person"
#: what a form makes of somebody who says nothing else
MADE = {"contacts.person", "channels.response", "channels.consent", "channels.mail"}


@sweep("channels.forms")
def forget() -> None:
    """Consents that nobody confirmed are gone after 14 days, with the person where they alone brought them."""
    tickets.forget_old()
    now = timezone.now()
    ended = forms.expires(now) - now
    asked = Consent.objects.filter(state="pending", asked_at__lt=now - ended).exclude(response=None)
    waiting = list(asked.values_list("pk", "response")[:MOST])
    _gone("channels.consent", [one for one, _response in waiting])
    _forget_persons({response for _one, response in waiting})
    held = Response.objects.filter(state=SUSPECTED, created_at__lt=now - SUSPECTED_LASTS)
    _gone("channels.response", list(held.values_list("pk", flat=True)[:MOST]))


def _forget_persons(responses: set[UUID]) -> None:
    """What asked for consents only goes too, with whom it brought, if nothing else is known of them."""
    idle = Response.objects.filter(pk__in=responses, state=ASKED, lead=None).exclude(person=None)
    rtype = type_of(PERSON)
    brought = idle.filter(known=False).values("person")
    persons = rtype.model.objects.filter(pk__in=brought, version=1, archived_at=None)
    _gone(PERSON, [one.pk for one in persons if _nothing_else(rtype, one)])
    _gone("channels.response", [one.pk for one in idle])


def _nothing_else(rtype: RecordType, person: Any) -> bool:
    web = hanging.web_of(rtype, [person])
    return {one.rtype.key for one in (*web.gone.values(), *web.kept.values())} <= MADE


def _gone(key: str, ids: list[UUID]) -> None:
    for verb in ("archive", "remove"):
        for _outcome in run_many(system_actor(), f"{key}.{verb}", [Item(one) for one in ids]):
            pass
