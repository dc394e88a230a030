"""How fetching goes: which accounts are due, how far each folder was read, what was kept."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from klientel.channels.egress import Failure
from klientel.channels.models import Account, Fetched, Folder, Mailbox, Position
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
    known = {
        "connect": _("The mail server does not answer: %(reply)s"),
        "tls": _("The encryption does not come about: %(reply)s"),
        "login": _("The mail server refuses login or password: %(reply)s"),
        "folder": _("A folder cannot be opened: %(reply)s"),
    }
    return known.get(failure.stage, _("The mail server broke off: %(reply)s")) % {"reply": reply}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def mailbox(account: UUID) -> Any:
    """Account, folders that are taken in with how far each was read; nothing where it is not fetched any more."""
    found = Account.objects.filter(pk=account, archived_at=None, fetching=True).exclude(imap_host="").first()
    if found is None:
        return None, []
    with writing.door():
        rows = list(Folder.objects.filter(account=account, archived_at=None).exclude(level="nothing").order_by("pk"))
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


def store(folder: Any, uidvalidity: int, found: Iterable[Kept], last: int) -> int:
    """Write down messages and how far the folder was read, in one transaction of the caller; how many were new.

    A message that lay here under an earlier UIDVALIDITY keeps its row: it is known by its bytes.
    """
    new = 0
    with writing.door():
        for one in found:
            if one.digest and _moved(folder, uidvalidity, one):
                continue
            row = Fetched(
                account_id=folder.account, folder_id=folder.pk, uidvalidity=uidvalidity, uid=one.uid,
                digest=one.digest, message_key=one.message_key, size=one.size, place=one.place,
                received_at=one.received, state=one.state, reason=one.reason,
            )  # fmt: skip
            new += len(Fetched.objects.bulk_create([row], ignore_conflicts=True))
        if last:
            Position.objects.filter(folder_id=folder.pk).update(uidvalidity=uidvalidity, last_uid=last)
    return new


_MOVED = """
UPDATE channels_fetched SET uidvalidity = %s, uid = %s, gone = false WHERE tenant_id = %s AND id = (
    SELECT f.id FROM channels_fetched f WHERE f.tenant_id = %s AND f.account_id = %s AND f.folder_id = %s
      AND f.digest = %s AND f.uidvalidity <> %s ORDER BY f.uid LIMIT 1 FOR UPDATE)
"""


def _moved(folder: Any, uidvalidity: int, one: Kept) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVED,
            [uidvalidity, one.uid, current(), current(), folder.account, folder.pk, one.digest, uidvalidity],
        )
        return bool(cursor.rowcount)


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
WHERE tenant_id = %s AND id = ANY(ARRAY(
    SELECT f.id FROM channels_fetched f WHERE f.tenant_id = %s AND f.account_id = %s AND f.state = 'waiting'
      AND (f.lease_until IS NULL OR f.lease_until < statement_timestamp())
    ORDER BY f.id LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING id
"""


def claim(account: UUID, limit: int) -> list[Any]:
    """Some messages that wait to be read, the oldest first; nobody else reads them for three minutes.

    One that was claimed before comes alone: should it be what stops its reader, it stops no other mail.
    """
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, [current(), current(), account, limit])
        ids = [row[0] for row in cursor.fetchall()]
        rows = list(Fetched.objects.filter(pk__in=ids).order_by("pk"))
        again = next((one for one in rows if one.tries > 1), None)
        if again is None:
            return rows
        others = Fetched.objects.filter(pk__in=ids).exclude(pk=again.pk)
        others.update(tries=F("tries") - 1, lease_until=None)
    return [again]


def held(ids: list[UUID]) -> set[UUID]:
    """Which of the messages still wait, locked until the transaction ends."""
    waiting = Fetched.objects.filter(pk__in=ids, state="waiting").select_for_update()
    return set(waiting.values_list("pk", flat=True))


def settle(row: UUID, state: str, reason: str = "", mail: UUID | None = None) -> None:
    """What became of a message."""
    with writing.door():
        Fetched.objects.filter(pk=row).update(state=state, reason=reason, mail_id=mail, lease_until=None)


def again(account: UUID, rows: list[UUID] | None = None) -> int:
    """Have messages of an account that were set apart read once more, all of them or some; how many."""
    found = (
        Fetched.objects.filter(account_id=account, state="quarantined").exclude(place="").exclude(reason="too_large")
    )
    if rows is not None:
        found = found.filter(pk__in=rows)
    with writing.door():
        return int(found.update(state="waiting", tries=0, reason=""))
