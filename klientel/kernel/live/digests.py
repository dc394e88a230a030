"""What a member chose to be told: which kinds, and which of them once in a while by e-mail.

A digest holds what was told since the last one and is still unread. It is marked as mailed, and that is committed,
before it goes out: a digest may be lost with the process that sends it, but nobody gets one twice. What it held still
stands in the application.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from django.core.mail import EmailMessage
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from klientel.kernel import writing
from klientel.kernel.access import ActorScope, actor_of
from klientel.kernel.access.models import Member
from klientel.kernel.errors import Forbidden
from klientel.kernel.events import notices
from klientel.kernel.events.surroundings import here
from klientel.kernel.jobs import defer, job, sweep
from klientel.kernel.links import whole
from klientel.kernel.live.models import NoticeChoice, Notification
from klientel.kernel.live.notifications import Shown, shown
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy import writing as transaction

NEVER, HOURLY, DAILY, WEEKLY = "never", "hourly", "daily", "weekly"
RHYTHMS = (
    (NEVER, gettext_lazy("never")),
    (HOURLY, gettext_lazy("every hour")),
    (DAILY, gettext_lazy("every day")),
    (WEEKLY, gettext_lazy("every Monday")),
)
MOST = 50  # that one digest names; the others are counted
OLDEST = dt.timedelta(days=8)  # nobody wants to hear of what was before, such as when the digest is switched on


def choice_of(member: UUID) -> NoticeChoice:
    """What this member chose, or what holds without a choice."""
    return NoticeChoice.objects.filter(member_id=member).first() or NoticeChoice(member_id=member)


def choose(member: UUID, *, rhythm: str, hour: int, told: Iterable[str], mailed: Iterable[str]) -> None:
    """Keep what a member wants to be told, and mailed: kinds of notifications; ``rhythm`` is one of ``RHYTHMS``."""
    known = {one.kind for one in notices.kinds()}
    facts = {
        "rhythm": rhythm,
        "hour": hour,
        "muted": sorted(known - set(told)),
        "unmailed": sorted(known - set(mailed)),
        "next_at": next_time(rhythm, hour, timezone.now()),
    }
    with writing.door():
        NoticeChoice.objects.update_or_create(member_id=member, tenant_id=current(), defaults=facts)


def next_time(rhythm: str, hour: int, now: dt.datetime) -> dt.datetime | None:
    """When the next digest is due, in the active time zone; None for never."""
    if rhythm == NEVER:
        return None
    local = timezone.localtime(now)
    if rhythm == HOURLY:
        return now.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    day = local.date()
    while True:
        due = timezone.make_aware(dt.datetime.combine(day, dt.time(hour)))
        if due > now and (rhythm == DAILY or day.weekday() == 0):
            return due
        day += dt.timedelta(days=1)


@sweep("digests")
def look() -> None:
    """Send the digests that are due."""
    due = NoticeChoice.objects.filter(next_at__lte=timezone.now()).values_list("member_id", flat=True)
    for member in due:
        defer(send, tenant=current(), once=str(member), member=member)


@job(outward=True)
def send(*, member: UUID) -> None:
    """Mail one member what is unread and new; nothing where there is nothing, or nobody to send it to."""
    with transaction():
        found = _take(member)
    if found is not None:
        found.send()


def _take(member: UUID) -> EmailMessage | None:
    now = timezone.now()
    chosen = NoticeChoice.objects.select_for_update().filter(member_id=member, next_at__lte=now).first()
    if chosen is None:
        return None
    with writing.door():
        NoticeChoice.objects.filter(pk=chosen.pk).update(next_at=next_time(chosen.rhythm, chosen.hour, now))
    try:
        actor = actor_of(member)
    except Forbidden:  # somebody who is no longer here
        return None
    wanted = Notification.objects.filter(
        ~Q(kind__in=chosen.unmailed), member_id=member, read_at=None, mailed_at=None, at__gt=now - OLDEST
    )
    rows = list(wanted.order_by("-pk")[: MOST + 1])
    count = len(rows) if len(rows) <= MOST else wanted.count()
    address = Member.objects.values_list("email", flat=True).get(pk=member)
    if not rows or not address:
        return None
    with translation.override(actor.language or translation.get_language()):
        seen = shown(ActorScope(actor), rows[:MOST])
        mail = _written(address, seen, count - min(len(rows), MOST)) if seen else None
    with writing.door():
        wanted.update(mailed_at=now)
    return mail


def _written(address: str, seen: list[Shown], more: int) -> EmailMessage:
    n = len(seen) + more
    subject = ngettext("%(n)d notification · %(tenant)s", "%(n)d notifications · %(tenant)s", n)
    lines = [
        f"{date_format(timezone.localtime(one.at), 'SHORT_DATETIME_FORMAT')}  {one.text}\n{_link(one)}" for one in seen
    ]
    if more:
        lines.append(ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
    lines.append(_("All of them:") + "\n" + whole("notifications"))
    lines.append(_("What you are told, and how often by e-mail, is your choice:") + "\n" + whole("notice_choice"))
    return EmailMessage(
        " ".join((subject % {"n": n, "tenant": here().name}).split()),
        "\n\n".join(lines) + "\n",
        to=[address],
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    )


def _link(one: Shown) -> str:
    if one.record_id is None:
        return whole("notifications")
    if one.page:
        return whole(one.page, one.record_id)
    return whole("record", type_of(one.record_type).slug, one.record_id)
