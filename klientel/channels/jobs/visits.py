"""Visits of people whom we know become records; strangers are forgotten in time, and so is whoever wants it."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from klientel.channels.actions.visit import KEPT, VERBS
from klientel.channels.models import Consent, Hit, Site, Visit, Visitor
from klientel.channels.models.consent import WITHDRAWN
from klientel.channels.queries import visits
from klientel.kernel import writing
from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run_many
from klientel.kernel.events import on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.jobs import sweep
from klientel.kernel.records import aliases, type_of
from klientel.kernel.tenancy import current
from klientel.lib import clock

PIECE = 200
PERSON, LEAD = "contacts.person", "sales.lead"

_NEXT = """
SELECT id FROM channels_hit WHERE tenant_id = %s AND person_id IS NOT NULL ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""


@on_wake(visits.QUEUE)
def take_over() -> None:
    """What browsers of people told whom we know: each becomes a visit of theirs while their consent holds.

    What they did before we knew them stands on their timeline, too, and starts no workflow.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [current(), PIECE])
        hits = list(Hit.objects.filter(pk__in=[row[0] for row in cursor.fetchall()]).order_by("id"))
    if not hits:
        return
    browsers = {one.pk: one for one in Visitor.objects.filter(pk__in={hit.visitor_id for hit in hits})}
    merged = aliases.survivors({one.person_id for one in browsers.values()})
    for one in browsers.values():
        one.person_id = merged.get(one.person_id, one.person_id)
    allowed = _allowed(list(browsers.values()))
    leads = _open_leads({one.person_id for one in browsers.values()})
    actor = system_actor(_("Website"), kind="portal")
    kept = [(one, browsers[one.visitor_id]) for one in hits if one.visitor_id in allowed]
    for what, act in VERBS.items():
        for past in (True, False):
            items = [
                _item(hit, one, leads) for hit, one in kept if hit.what == what and (hit.at < one.known_at) is past
            ]
            for _outcome in run_many(actor, act.key, items, muted=past):
                pass
    with writing.door():
        Hit.objects.filter(pk__in=[one.pk for one in hits]).delete()
    if len(hits) == PIECE:
        wake(current(), visits.QUEUE)


def _item(hit: Any, visitor: Any, leads: dict[UUID, UUID]) -> Item:
    return Item(params={
        "person": visitor.person_id, "at": hit.at, "told": {name: getattr(hit, name) for name in KEPT},
        "visitor": visitor.pk.hex, "lead": leads.get(visitor.person_id), "site": hit.site_id,
    })  # fmt: skip


def _allowed(browsers: list[Any]) -> set[UUID]:
    """Those whose consent holds, and whose person is there."""
    given = set(Consent.objects.filter(
        pk__in=[one.consent_id for one in browsers], state="given", archived_at=None
    ).values_list("pk", flat=True))  # fmt: skip
    rows = type_of(PERSON).model.objects.filter(pk__in=[one.person_id for one in browsers], archived_at=None)
    there = set(rows.values_list("pk", flat=True))
    return {one.pk for one in browsers if one.consent_id in given and one.person_id in there}


def _open_leads(persons: set[UUID | None]) -> dict[UUID, UUID]:
    """The newest open lead of each of these people."""
    rows = type_of(LEAD).model.objects.filter(person__in=persons - {None}, closed_at=None, archived_at=None)
    return dict(rows.order_by("id").values_list("person", "pk"))


@on_wake(WITHDRAWN)
def forget_withdrawn() -> None:
    """Whoever took their consent back: their browsers' numbers and all that was measured by them."""
    known = Visitor.objects.exclude(consent_id=None)
    given = Consent.objects.filter(channel="tracking", state="given", archived_at=None).values("pk")
    gone = list(known.exclude(consent_id__in=given).values_list("pk", flat=True)[:PIECE])
    for browser in gone:
        _remove(list(Visit.objects.filter(visitor=browser.hex).values_list("pk", flat=True)))
    visits.forget(gone)
    if len(gone) == PIECE:
        wake(current(), WITHDRAWN)


def _remove(ids: list[UUID]) -> None:
    for verb in ("archive", "remove"):
        for _outcome in run_many(system_actor(), f"channels.visit.{verb}", [Item(one) for one in ids]):
            pass


@sweep("channels.visits")
def forget_strangers() -> None:
    """Browsers whose owners we do not know, after the days that their website says; and what belongs to none."""
    now = clock.now()
    for site in Site.objects.filter(archived_at=None):
        since = now - dt.timedelta(days=site.keep_days)
        idle = Visitor.objects.filter(site_id=site.pk, person_id=None, seen_at__lt=since)
        visits.forget(list(idle.values_list("pk", flat=True)[: 10 * PIECE]))
        with writing.door():
            Hit.objects.filter(site_id=site.pk, at__lt=since).delete()
    sites = Site.objects.filter(archived_at=None).values("pk")
    visits.forget(list(Visitor.objects.filter(person_id=None).exclude(site_id__in=sites).values_list("pk", flat=True)))
    with writing.door():
        Hit.objects.exclude(visitor_id__in=Visitor.objects.values("pk")).delete()
