"""How fetching goes: which accounts are due, how far each folder was read, what was kept."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from klientel.channels.egress import Failure
from klientel.channels.models import Account, Fetched, Folder, Mailbox, Position
from klientel.channels.models.folder import strictest
from klientel.channels.queries import accounts
from klientel.kernel import writing
from klientel.kernel.events.consuming import wake
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7

QUEUE = "mailboxes"
TICK = dt.timedelta(seconds=60)
PAUSES = (1, 2, 5, 15, 30, 60)  # minutes, after failures in a row: it is tried for ever, and says so

_DUE_NOW = """
INSERT INTO channels_mailbox (id, tenant_id, account_id, due_at, failures, trouble)
VALUES (%s, %s, %s, statement_timestamp(), 0, '')
ON CONFLICT (tenant_id, account_id) DO UPDATE SET due_at = least(channels_mailbox.due_at, excluded.due_at)
"""
_BOXES = """
INSERT INTO channels_mailbox (id, tenant_id, account_id, due_at, failures, trouble)
SELECT x.id, a.tenant_id, a.id, statement_timestamp(), 0, ''
FROM channels_account a, LATERAL (SELECT gen_random_uuid() AS id) x
WHERE a.tenant_id = %s AND a.fetching AND a.imap_host <> '' AND a.archived_at IS NULL
ON CONFLICT (tenant_id, account_id) DO NOTHING
"""
_TAKE_DUE = """
UPDATE channels_mailbox m SET due_at = statement_timestamp() + %s FROM channels_account a
WHERE m.tenant_id = %s AND m.due_at <= statement_timestamp() AND a.tenant_id = m.tenant_id AND a.id = m.account_id
  AND a.fetching AND a.imap_host <> '' AND a.archived_at IS NULL RETURNING m.account_id
"""
_NEXT = """
SELECT min(m.due_at) FROM channels_mailbox m
JOIN channels_account a ON a.tenant_id = m.tenant_id AND a.id = m.account_id
WHERE m.tenant_id = %s AND a.fetching AND a.imap_host <> '' AND a.archived_at IS NULL
"""


def due_now(account: UUID) -> None:
    """Have an account's mailbox looked into at once."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_DUE_NOW, [uuid7(), current(), account])
    wake(current(), QUEUE)


def take_due() -> tuple[list[UUID], dt.datetime | None]:
    """The accounts whose mailbox is due, each put off by a tick; and when something is due the next time."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_BOXES, [current()])
        cursor.execute(_TAKE_DUE, [TICK, current()])
        found = [row[0] for row in cursor.fetchall()]
        cursor.execute(_NEXT, [current()])
        return found, cursor.fetchone()[0]


def went_well(account: UUID) -> None:
    """The mailbox was read to its end."""
    with writing.door():
        Mailbox.objects.filter(account_id=account).update(failures=0, trouble="", fetched_at=_now())


def went_wrong(account: UUID, trouble: str) -> dt.datetime:
    """Something stands in the way: it is said, and tried again later each time; when."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_mailbox SET trouble = %s, failures = least(failures + 1, 1000),"
            " due_at = statement_timestamp() + make_interval(mins => (%s::int[])[least(failures + 1, %s)])"
            " WHERE tenant_id = %s AND account_id = %s RETURNING due_at",
            [trouble[:400], list(PAUSES), len(PAUSES), current(), account],
        )
        due: dt.datetime = cursor.fetchone()[0]
        return due


def sentence(failure: Failure) -> str:
    """What a server's refusal means, with its own words."""
    reply = f"{failure.code if failure.code not in (0, 500) else ''} {failure.reply}".strip()
    if failure.reply.startswith(accounts.OAUTH2):
        text = _("The provider gives us no access to this mailbox any more (%(reply)s). Please set its tokens anew.")
        return text % {"reply": failure.reply.removeprefix(accounts.OAUTH2)}
    known = {
        "connect": _("The mail server does not answer: %(reply)s"),
        "tls": _("The encryption does not come about: %(reply)s"),
        "login": _("The mail server refuses login or password: %(reply)s"),
        "folder": _("A folder cannot be opened: %(reply)s"),
    }
    return known.get(failure.stage, _("The mail server broke off: %(reply)s")) % {"reply": reply}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def folders_of(some: Sequence[Any]) -> list[Any]:
    """The folders of accounts; each has the level that holds for it: its own, or that of its account if stricter."""
    levels = {one.pk: one.level for one in some}
    found = list(Folder.objects.filter(account__in=list(levels), archived_at=None).order_by("sort_key", "pk"))
    for one in found:
        one.level = strictest(one.level, levels[one.account])
    return found


def mailbox(account: UUID) -> Any:
    """Account, folders that are taken in with how far each was read; nothing where it is not fetched any more."""
    found = Account.objects.filter(pk=account, archived_at=None, fetching=True).exclude(imap_host="").first()
    if found is None:
        return None, []
    with writing.door():
        rows = [f for f in folders_of([found]) if f.level != "nothing"]
        known = {p.folder_id: p for p in Position.objects.filter(folder_id__in=[f.pk for f in rows])}
        made = [Position(folder_id=f.pk) for f in rows if f.pk not in known]
        Position.objects.bulk_create(made, ignore_conflicts=True)
    known |= {p.folder_id: p for p in made}
    return found, [(f, known[f.pk]) for f in rows]


@dataclass(frozen=True)
class Kept:
    """A message whose bytes lie in the store, or that is too large to be kept (then without a place)."""

    uid: int
    received: dt.datetime
    size: int
    place: str = ""
    digest: str = ""
    message_key: str = ""
    state: str = "waiting"
    reason: str = ""


def key_of(message_id: str) -> str:
    """What Message-IDs are compared by."""
    return hashlib.sha256(message_id.strip().encode("utf-8", "replace")).hexdigest() if message_id.strip() else ""


_STORE = """
INSERT INTO channels_fetched (id, tenant_id, account_id, folder_id, uidvalidity, uid, digest, message_key, size, place,
    received_at, state, reason, tries, gone)
SELECT x.id, %(tenant)s, %(account)s, %(folder)s, %(uidvalidity)s, x.uid, x.digest, x.message_key, x.size, x.place,
    x.received, x.state, x.reason, 0, false
FROM unnest(%(ids)s::uuid[], %(uid)s::bigint[], %(digest)s::text[], %(message_key)s::text[], %(size)s::int[],
    %(place)s::text[], %(received)s::timestamptz[], %(state)s::text[], %(reason)s::text[])
    x(id, uid, digest, message_key, size, place, received, state, reason)
ON CONFLICT DO NOTHING
"""
_COLUMNS = ("uid", "digest", "message_key", "size", "place", "received", "state", "reason")
_MOVED = """
WITH fresh AS (
    SELECT x.uid, x.digest, row_number() OVER (PARTITION BY x.digest ORDER BY x.uid) AS n
    FROM unnest(%(uid)s::bigint[], %(digest)s::text[]) x(uid, digest)
    WHERE NOT EXISTS (SELECT FROM channels_fetched f WHERE f.tenant_id = %(tenant)s AND f.account_id = %(account)s
        AND f.folder_id = %(folder)s AND f.uidvalidity = %(uidvalidity)s AND f.uid = x.uid)
), before AS (
    SELECT f.id, f.digest, row_number() OVER (PARTITION BY f.digest ORDER BY f.uid) AS n FROM channels_fetched f
    WHERE f.tenant_id = %(tenant)s AND f.account_id = %(account)s AND f.folder_id = %(folder)s
      AND f.digest = ANY(%(digest)s) AND f.digest <> '' AND f.uidvalidity <> %(uidvalidity)s
)
UPDATE channels_fetched f SET uidvalidity = %(uidvalidity)s, uid = fresh.uid, gone = false
FROM fresh JOIN before USING (digest, n) WHERE f.tenant_id = %(tenant)s AND f.id = before.id RETURNING f.uid
"""


def store(folder: Any, uidvalidity: int, found: Iterable[Kept], last: int) -> None:
    """Write down messages and how far the folder was read, in one transaction of the caller.

    A message that lay here under an earlier UIDVALIDITY keeps its row: it is known by its bytes.
    """
    rows = list(found)
    facts: dict[str, Any] = {
        "tenant": current(), "account": folder.account, "folder": folder.pk, "uidvalidity": uidvalidity,
    }  # fmt: skip
    with writing.door(), connection.cursor() as cursor:
        position, _new = Position.objects.select_for_update().get_or_create(folder_id=folder.pk)  # one at a time each
        cursor.execute(_MOVED, facts | {name: [getattr(one, name) for one in rows] for name in ("uid", "digest")})
        moved = {row[0] for row in cursor.fetchall()}
        rows = [one for one in rows if one.uid not in moved]
        columns = {name: [getattr(one, name) for one in rows] for name in _COLUMNS}
        cursor.execute(_STORE, facts | columns | {"ids": [uuid7() for _one in rows]})
        if last:
            Position.objects.filter(pk=position.pk).update(uidvalidity=uidvalidity, last_uid=last)


def known_uids(folder: Any, uidvalidity: int) -> set[int]:
    """The UIDs of a folder that are here."""
    rows = Fetched.objects.filter(account_id=folder.account, folder_id=folder.pk, uidvalidity=uidvalidity)
    return set(rows.values_list("uid", flat=True))


_GONE = """
UPDATE channels_fetched SET gone = NOT gone WHERE tenant_id = %s AND account_id = %s AND folder_id = %s
  AND gone = (uidvalidity = %s AND uid = ANY(%s))
"""


def note_gone(folder: Any, uidvalidity: int, on_server: set[int]) -> None:
    """Mark what is not on the server any more; what came back is there again."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_GONE, [current(), folder.account, folder.pk, uidvalidity, list(on_server)])


def alive(folder: Any) -> int:
    """How many messages of a folder are here and, as far as we know, on the server."""
    return int(Fetched.objects.filter(account_id=folder.account, folder_id=folder.pk, gone=False).count())


def note(folder: UUID, **facts: Any) -> None:
    """Write down how a folder stands."""
    with writing.door():
        Position.objects.filter(folder_id=folder).update(**facts)


_CLAIM = """
UPDATE channels_fetched SET tries = tries + 1, lease_until = statement_timestamp() + interval '3 minutes'
WHERE tenant_id = %(tenant)s AND id = ANY(ARRAY(
    SELECT id FROM (
        SELECT w.id, sum(w.size) OVER (ORDER BY w.id) - w.size AS before FROM (
            SELECT f.id, f.size FROM channels_fetched f
            WHERE f.tenant_id = %(tenant)s AND f.account_id = %(account)s AND f.state = 'waiting'
              AND (f.lease_until IS NULL OR f.lease_until < statement_timestamp())
            ORDER BY f.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        ) w
    ) x WHERE before < %(weight)s)) RETURNING id
"""


def claim(account: UUID, limit: int, weight: int) -> list[Any]:
    """Some messages that wait to be read, the oldest first; nobody else reads them for three minutes.

    Of more than ``weight`` bytes no more are added. One that was claimed before comes alone: should it be what stops
    its reader, it stops no other mail.
    """
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"tenant": current(), "account": account, "limit": limit, "weight": weight})
        ids = [row[0] for row in cursor.fetchall()]
    rows = list(Fetched.objects.filter(pk__in=ids).order_by("pk"))
    again = next((one for one in rows if one.tries > 1), None)
    if again is None:
        return rows
    release([one.pk for one in rows if one is not again])
    return [again]


def release(ids: list[UUID]) -> None:
    """Messages that were claimed and not tried after all wait as before."""
    with writing.door():
        Fetched.objects.filter(pk__in=ids, state="waiting").update(tries=F("tries") - 1, lease_until=None)


def held(ids: list[UUID]) -> set[UUID]:
    """Which of the messages still wait, locked until the transaction ends."""
    waiting = Fetched.objects.filter(pk__in=ids, state="waiting").select_for_update()
    return set(waiting.values_list("pk", flat=True))


_SETTLE = """
UPDATE channels_fetched f SET state = x.state, reason = x.reason, mail_id = x.mail, lease_until = NULL
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[]) x(id, state, mail, reason)
WHERE f.tenant_id = %s AND f.id = x.id
"""
Outcome = tuple[str, UUID | None, str]  # state of a message, its mail, why


def settle(outcomes: Mapping[UUID, Outcome]) -> None:
    """What became of messages, each by its id."""
    states, mails, reasons = zip(*outcomes.values(), strict=True) if outcomes else ((), (), ())
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_SETTLE, [list(outcomes), list(states), list(mails), list(reasons), current()])


def again(account: UUID, rows: list[UUID] | None = None) -> int:
    """Have messages of an account that were set apart read once more, all of them or some; how many."""
    found = (
        Fetched.objects.filter(account_id=account, state="quarantined").exclude(place="").exclude(reason="too_large")
    )
    if rows is not None:
        found = found.filter(pk__in=rows)
    with writing.door():
        return int(found.update(state="waiting", tries=0, reason=""))
