"""Webhooks as Standard Webhooks has them: id, time and signature as headers, content as JSON (standardwebhooks.com).

``webhook-signature`` is ``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body`` under the webhook's secret.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from typing import Any
from uuid import UUID

import orjson

from klientel.channels.models.webhook import HookSecret, place_of
from klientel.kernel.identity.sealing import Unreadable, unseal
from klientel.kernel.kinds import Link, Links
from klientel.kernel.records import RecordType

QUEUE = "webhooks"
PREFIX = "whsec_"
#: how long to wait before each further attempt: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h (a day and a half in all)
TOLERANCE = dt.timedelta(minutes=5)  # how old a call that comes in may be, or how far ahead
WAITS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400)


def secret(webhook: UUID) -> str:
    """The secret as people hand it over; empty where it cannot be opened any more."""
    row = HookSecret.objects.filter(webhook_id=webhook).first()
    try:
        return PREFIX + unseal(row.sealed, place_of(webhook)) if row is not None else ""
    except Unreadable:
        return ""


def signed(key: bytes, message: str, at: int, body: bytes) -> str:
    """The signature of a message."""
    made = hmac.new(key, f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


def headers(key: str, call: UUID, at: dt.datetime, body: bytes) -> dict[str, str]:
    """What stands above the content; the id is the same for every attempt."""
    message, seconds = f"msg_{call.hex}", int(at.timestamp())
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signed(base64.b64decode(key.removeprefix(PREFIX)), message, seconds, body),
    }


def genuine(key: str, given: Any, body: bytes, now: dt.datetime) -> str:
    """The message id of a call that came in; empty where its signature or time is not right. ``given``: headers."""
    message, at, told = (given.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not key or not message or len(message) > 120 or not at.isascii() or not at.isdigit() or len(at) > 12:
        return ""
    if abs(now.timestamp() - int(at)) > TOLERANCE.total_seconds():
        return ""
    expected = signed(base64.b64decode(key.removeprefix(PREFIX)), message, int(at), body)
    some = [one for one in told.split(" ") if one.startswith("v1,")][:5]
    return message if any(hmac.compare_digest(one.encode(), expected.encode()) for one in some) else ""


def body_of(call: Any) -> bytes:
    """The content of a call, the same bytes each time."""
    return orjson.dumps(call.payload, option=orjson.OPT_SORT_KEYS)


def content(scope: Any, rtype: RecordType, record: Any) -> dict[str, Any]:
    """A record as whoever sends it may see it: plain values by name."""
    fields = {
        name: kind.plain(rtype.value(record, name))
        for name, kind in scope.visible(rtype).items()
        if not kind.computed and kind.cell != "json"
    }
    links = {n for n, k in scope.visible(rtype).items() if isinstance(k, Link | Links)}
    told = {n: v for n, v in fields.items() if n not in links or v}
    return {"type": rtype.key, "id": str(record.pk), "title": rtype.title_for(record, fields), "fields": told}
