"""Pushes notifications to browsers: laid out with the notification, committed as under way before it leaves.

So it arrives at most once. Tried again is only what surely did not arrive: the push service said so, or nobody was
reached at all. A browser that is gone (404, 410), or whose member is, is forgotten.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib.auth import signals
from django.db import connection
from django.dispatch import receiver
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from klientel.channels.egress import Request
from klientel.channels.jobs.asking import Heard, ask
from klientel.channels.jobs.due import ring, work_off
from klientel.channels.models.push import PushLetter, PushPlace
from klientel.channels.queries import push
from klientel.kernel import writing
from klientel.kernel.access import ActorScope, actor_of, memberships
from klientel.kernel.errors import Forbidden, filled, inscribed
from klientel.kernel.events import on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.jobs import job
from klientel.kernel.live import notifications
from klientel.kernel.live.models import Notification
from klientel.kernel.tenancy import current, inside
from klientel.kernel.tenancy import writing as transaction
from klientel.lib import clock, webpush

QUEUE = "push"
SECONDS = 10.0
MOST = 1000  # bytes of an answer
WAITS = (30, 300, 1800, 7200)  # seconds until it is tried again
TTL = 86_400  # seconds that a push service keeps it for a browser that is off

_LAY_OUT = """
INSERT INTO channels_pushletter (id, tenant_id, place_id, notification_id, under_way, attempts, due_at)
SELECT uuidv7(), n.tenant_id, p.id, n.id, false, 0, %(now)s
FROM kernel_notification n JOIN channels_pushplace p ON p.tenant_id = n.tenant_id AND p.member_id = n.member_id
WHERE n.tenant_id = %(tenant)s AND n.id = ANY(%(ids)s) AND NOT EXISTS (
    SELECT 1 FROM channels_pushchoice c
    WHERE c.tenant_id = n.tenant_id AND c.member_id = n.member_id AND n.kind = ANY(c.silent))
ON CONFLICT DO NOTHING
"""
_CLAIM = """
UPDATE channels_pushletter SET under_way = true, attempts = attempts + 1, due_at = %(until)s
WHERE tenant_id = %(tenant)s AND id IN (
    SELECT id FROM channels_pushletter WHERE tenant_id = %(tenant)s AND NOT under_way AND due_at <= %(now)s
    ORDER BY due_at, id LIMIT %(piece)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


@notifications.heard
def lay_out(ids: list[UUID]) -> None:
    """A letter for each browser of whoever was told; one statement, which finds nothing where nobody wants that."""
    with connection.cursor() as cursor:
        cursor.execute(_LAY_OUT, {"tenant": current(), "ids": ids, "now": clock.now()})
        some = cursor.rowcount
    if some:
        wake(current(), QUEUE)


@on_wake(QUEUE)
def look() -> None:
    """Have what is due sent, and wake up again for the next; what a lost worker had under way is given up."""
    with writing.door():
        PushLetter.objects.filter(under_way=True, due_at__lt=clock.now()).delete()
    due = PushLetter.objects.order_by("due_at").values_list("due_at", flat=True).first()
    ring(QUEUE, due, push_due, "push")


@job(outward=True)
def push_due() -> None:
    """All that is due, some at a time."""
    work_off(_CLAIM, _push)


def _push(letter_id: UUID) -> None:
    with transaction(), writing.door():
        letter = PushLetter.objects.filter(pk=letter_id).first()
        if letter is None:  # its browser was forgotten meanwhile
            return
        place = PushPlace.objects.filter(pk=letter.place_id).first()
        request = _written(letter, place) if place is not None else None
        if place is None or request is None:
            letter.delete()
            return
    heard = ask(request, seconds=SECONDS, most=MOST)
    with transaction(), writing.door():
        _settle(letter, place, heard)


def _written(letter: PushLetter, place: PushPlace) -> Request | None:
    """The message, unless it was read meanwhile or its member sees nothing of it; who is gone is forgotten."""
    told = Notification.objects.filter(pk=letter.notification_id, read_at=None).first()
    key = push.keys().get(place.key)
    try:
        actor, there = actor_of(place.member_id), push.where(place)
    except (Forbidden, push.Unreadable):
        key = None
    if key is None:
        place.delete()
        return None
    if told is None:
        return None
    with translation.override(actor.language or translation.get_language()):
        plain = push.message(ActorScope(actor), told, push.choice_of(place.member_id).wording)
    if plain is None:
        return None
    headers = {
        "Authorization": webpush.authorization(key, there.endpoint, push.contact(), clock.now()),
        "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "TTL": str(TTL),
        "Topic": webpush.text_of(told.pk.bytes), "Urgency": "normal",
    }  # fmt: skip
    return Request("POST", there.endpoint, headers, webpush.encrypt(plain, there.p256dh, there.auth))


def _settle(letter: PushLetter, place: PushPlace, heard: Heard) -> None:
    status, trouble, again = heard.answer.status if heard.answer else 0, heard.trouble, heard.unsent
    if status in (404, 410):
        PushLetter.objects.filter(place_id=place.pk).delete()
        place.delete()
        return
    done = 200 <= status < 300
    if not done and status:
        trouble = filled(_("The push service answered %(code)d."), {"code": status})
        again = status == 429 or status >= 500
    told = {"told_at": timezone.now()} if done else {}
    PushPlace.objects.filter(pk=place.pk).update(trouble=inscribed(trouble, 200), **told)
    if again and letter.attempts <= len(WAITS):
        due = clock.now() + dt.timedelta(seconds=WAITS[letter.attempts - 1])
        PushLetter.objects.filter(pk=letter.pk).update(under_way=False, due_at=due)
        wake(current(), QUEUE, due)
    else:
        letter.delete()


@receiver(signals.user_logged_out)
def forget_here(request: Any, user: Any, **_facts: Any) -> None:
    """Who signs out in a browser is told nothing there any more."""
    session = request.session.session_key if request is not None else None
    if user is None or not session:
        return
    for tenant, member, _name in memberships(user.pk):
        with inside(tenant), transaction(), writing.door():
            PushPlace.objects.filter(member_id=member, session=push.digest(session)).delete()
