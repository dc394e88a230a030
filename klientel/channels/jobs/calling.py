"""Calls other systems: claimed for a while, called without a transaction, then noted; after a crash called again.

So a call may arrive twice, with the same id and content; it never gets lost (standardwebhooks.com, at least once).
"""

from __future__ import annotations

import http
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.channels.egress import Request
from klientel.channels.jobs.asking import ask
from klientel.channels.jobs.due import ring, work_off
from klientel.channels.models.webhook import DUE, Webhook, WebhookCall
from klientel.channels.queries import hooks
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.errors import inscribed
from klientel.kernel.events import on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.jobs import job
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy import writing as transaction
from klientel.lib import clock

SECONDS = 15.0
MOST = 10_000  # bytes of an answer

_CLAIM = """
UPDATE channels_webhookcall SET next_at = %(until)s WHERE tenant_id = %(tenant)s AND id IN (
    SELECT c.id FROM channels_webhookcall c
    JOIN channels_webhook w ON w.tenant_id = c.tenant_id AND w.id = c.webhook
    WHERE c.tenant_id = %(tenant)s AND c.state IN ('waiting', 'later') AND c.next_at <= %(now)s
      AND c.archived_at IS NULL AND w.state = 'active' AND w.archived_at IS NULL
    ORDER BY c.next_at, c.id LIMIT %(piece)s FOR UPDATE OF c SKIP LOCKED)
RETURNING id
"""
_NEXT = """
SELECT min(next_at) FROM channels_webhookcall
WHERE tenant_id = %s AND state IN ('waiting', 'later') AND archived_at IS NULL
"""


@on_wake(hooks.QUEUE)
def look() -> None:
    """Have what is due called, and wake up again for the next."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [current()])
        due = cursor.fetchone()[0]
    ring(hooks.QUEUE, due, call_due, "calls")


@job(outward=True)
def call_due() -> None:
    """All that is due, some at a time."""
    work_off(_CLAIM, _call)


def _call(call_id: UUID) -> None:
    with transaction():
        call = WebhookCall.objects.get(pk=call_id)
        if call.state not in DUE:  # taken back since it was claimed
            return
        webhook = Webhook.objects.get(pk=call.webhook)
        body, key = hooks.body_of(call), hooks.secret(webhook.pk)
    status, reply = _asked(webhook.url, hooks.headers(key, call.pk, clock.now(), body), body)
    with transaction():
        done = run(system_actor(), "channels.webhookcall.answered", call_id, status=status, reply=inscribed(reply, 400))
        made: Any = done.record
        if made.next_at is not None:
            wake(current(), hooks.QUEUE, made.next_at)


def _asked(url: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
    """The status, or 0, with what was said or went wrong."""
    heard = ask(Request("POST", url, headers, body), seconds=SECONDS, most=MOST)
    if heard.answer is None:
        return 0, heard.trouble
    said = heard.answer.body[:300].decode("utf-8", "replace").replace("\x00", " ").strip()
    return heard.answer.status, heard.trouble or said or http.HTTPStatus(heard.answer.status).phrase
