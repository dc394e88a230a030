"""How fetching goes: which accounts are due, how far each folder was read, what was kept."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from klientel.channels.egress import Failure
from klientel.channels.models import Account, Fetched, Folder, Mail, Mailbox, Position, Reference
from klientel.channels.models.folder import strictest
from klientel.channels.queries import accounts
from klientel.kernel import writing
from klientel.kernel.errors import filled
from klientel.kernel.events.consuming import wake
from klientel.kernel.records import type_of
from klientel.kernel.sql import inserting, rowset
from klientel.kernel.statements import tell_planner
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7, uuid7s

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
        due: list[Any] = [TICK, current()]
        cursor.execute(_TAKE_DUE, due)
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
            [trouble, list(PAUSES), len(PAUSES), current(), account],
        )
        due: dt.datetime = cursor.fetchone()[0]
        return due


def sentence(failure: Failure) -> object:
    """What a server's refusal means, with its own words."""
    reply = f"{failure.code if failure.code not in (0, 500) else ''} {failure.reply}".strip()
    if failure.reply.startswith(accounts.OAUTH2):
        text = _("The provider gives us no access to this mailbox any more (%(reply)s). Please set its tokens anew.")
        return filled(text, {"reply": failure.reply.removeprefix(accounts.OAUTH2)})
    known = {
        "connect": _("The mail server does not answer: %(reply)s"),
        "tls": _("The encryption does not come about: %(reply)s"),
        "login": _("The mail server refuses login or password: %(reply)s"),
        "folder": _("A folder cannot be opened: %(reply)s"),
    }
    return filled(known.get(failure.stage, _("The mail server broke off: %(reply)s")), {"reply": reply})


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
    received_at: dt.datetime
    size: int
    place: str = ""
    digest: str = ""
    state: str = "waiting"
    reason: str = ""
    raw: bytes = b""  # for whoever reads it at once


class Claimed(NamedTuple):
    """A message that waits to be read, and is read by whoever claimed it."""

    pk: UUID
    tenant_id: UUID
    folder_id: UUID
    place: str
    digest: str
    received_at: dt.datetime
    tries: int


@lru_cache(maxsize=4096)
def key_of(message_id: str) -> str:
    """What Message-IDs are compared by."""
    return hashlib.sha256(message_id.strip().encode("utf-8", "replace")).hexdigest() if message_id.strip() else ""


_OWN = ("uid", "digest", "size", "place", "received_at", "state", "reason")
_own = attrgetter(*_OWN)
_SHARED = ("tenant_id", "account_id", "folder_id", "uidvalidity", "tries", "gone")
_TYPES = {"id": "uuid", "uid": "bigint", "digest": "text", "size": "integer", "place": "text", "state": "text",
          "reason": "text", "received_at": "timestamptz", "tenant_id": "uuid", "account_id": "uuid",
          "folder_id": "uuid", "uidvalidity": "bigint", "tries": "smallint", "gone": "boolean"}  # fmt: skip
_LEASE = "statement_timestamp() + interval '3 minutes'"
_EARLIER = """
SELECT EXISTS (SELECT FROM channels_fetched WHERE tenant_id = %(tenant)s AND account_id = %(account)s
        AND folder_id = %(folder)s AND uidvalidity < %(uidvalidity)s)
    OR EXISTS (SELECT FROM channels_fetched WHERE tenant_id = %(tenant)s AND account_id = %(account)s
        AND folder_id = %(folder)s AND uidvalidity > %(uidvalidity)s)
"""
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


def store(
    folder: Any, uidvalidity: int, found: Iterable[Kept], last: int, *, leased: bool = False
) -> list[tuple[Claimed, bytes]]:
    """Write down messages and how far the folder was read, in one transaction of the caller.

    A message that lay here under an earlier UIDVALIDITY keeps its row: it is known by its bytes. ``leased``: the caller
    has those read that are new and wait, and is given them with their bytes; nobody else reads them for three minutes.
    """
    rows = list(found)
    facts: dict[str, Any] = {
        "tenant": current(), "account": folder.account, "folder": folder.pk, "uidvalidity": uidvalidity,
    }  # fmt: skip
    with writing.door(), connection.cursor() as cursor:
        position, _new = Position.objects.select_for_update().get_or_create(folder_id=folder.pk)  # one at a time each
        cursor.execute(_EARLIER, facts)
        if cursor.fetchone()[0]:
            cursor.execute(_MOVED, facts | {name: [getattr(one, name) for one in rows] for name in ("uid", "digest")})
            moved = {row[0] for row in cursor.fetchall()}
            rows = [one for one in rows if one.uid not in moved]
        made = _inserted(cursor, facts, rows, leased=leased) if rows else {}
        if last:
            Position.objects.filter(pk=position.pk).update(uidvalidity=uidvalidity, last_uid=last)
    return [
        (Claimed(made[one.uid], current(), folder.pk, one.place, one.digest, one.received_at, 0), one.raw)
        for one in rows if leased and one.uid in made and one.state == "waiting"
    ]  # fmt: skip


def _inserted(cursor: Any, facts: dict[str, Any], rows: Sequence[Kept], *, leased: bool) -> dict[int, UUID]:
    """The ids of those that were not here."""
    shared = (facts["tenant"], facts["account"], facts["folder"], facts["uidvalidity"], 0, False)
    values = ((*_own(one), *shared) for one in rows)
    lease = {"lease_until": _LEASE} if leased else {}
    made = inserting("channels_fetched", (*_OWN, *_SHARED), values, _TYPES, id=uuid7s, **lease)
    cursor.execute(f"{made.text} ON CONFLICT DO NOTHING RETURNING uid, id", made.params)
    return dict(cursor.fetchall())


def begin_many() -> None:
    """Much mail is coming: let the planner know the tables that it is looked up in."""
    people = [type_of(key).table for key in ("contacts.person", "contacts.organisation")]
    tell_planner([*people, *(model._meta.db_table for model in (Fetched, Mail, Reference))])


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
    ) x WHERE before < %(weight)s)) RETURNING id, tenant_id, folder_id, place, digest, received_at, tries
"""


def claim(account: UUID, limit: int, weight: int) -> list[Claimed]:
    """Some messages that wait to be read, the oldest first; nobody else reads them for three minutes.

    Of more than ``weight`` bytes no more are added. One that was claimed before comes alone: should it be what stops
    its reader, it stops no other mail.
    """
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"tenant": current(), "account": account, "limit": limit, "weight": weight})
        rows = sorted(map(Claimed._make, cursor.fetchall()))
    again = next((one for one in rows if one.tries > 1), None)
    if again is None:
        return rows
    release([one.pk for one in rows if one is not again])
    return [again]


def release(ids: list[UUID]) -> None:
    """Messages that were claimed and not tried after all wait as before."""
    with writing.door():
        tries = Greatest(F("tries") - 1, 0)  # what was handed over as it came has none
        Fetched.objects.filter(pk__in=ids, state="waiting").update(tries=tries, lease_until=None)


_HELD = "SELECT id FROM channels_fetched WHERE tenant_id = %s AND id = ANY(%s) AND state = 'waiting' FOR UPDATE"


def held(ids: list[UUID]) -> set[UUID]:
    """Which of the messages still wait, locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [current(), ids])
        return {row[0] for row in cursor.fetchall()}


_COPIES = """
SELECT digest, mail_id FROM channels_fetched
WHERE tenant_id = %s AND account_id = %s AND digest = ANY(%s) AND mail_id IS NOT NULL
"""


def copies(account: UUID, digests: Sequence[str]) -> dict[str, UUID]:
    """The mails that messages of an account with these digests have become."""
    with connection.cursor() as cursor:
        cursor.execute(_COPIES, [current(), account, list(digests)])
        return dict(cursor.fetchall())


#: nobody waits for the disk: what is lost with the machine waits to be read as it did before, its bytes are kept
_SETTLE = """
SET LOCAL synchronous_commit = off;
UPDATE channels_fetched f SET state = x.state, reason = x.reason, mail_id = x.mail_id, lease_until = NULL
FROM ({rows}) x WHERE f.tenant_id = %s AND f.id = x.id
"""
_SETTLED = {"id": "uuid", "state": "text", "mail_id": "uuid", "reason": "text"}
Outcome = tuple[str, UUID | None, str]  # state of a message, its mail, why


def settle(outcomes: Mapping[UUID, Outcome]) -> None:
    """What became of messages, each by its id."""
    if outcomes:
        rows = rowset("channels_fetched", list(_SETTLED), ((i, *one) for i, one in outcomes.items()), _SETTLED)
        with writing.door(), connection.cursor() as cursor:
            cursor.execute(_SETTLE.format(rows=rows.text), (*rows.params, current()))


def again(account: UUID, rows: list[UUID] | None = None) -> int:
    """Have messages of an account that were set apart read once more, all of them or some; how many."""
    found = (
        Fetched.objects.filter(account_id=account, state="quarantined").exclude(place="").exclude(reason="too_large")
    )
    if rows is not None:
        found = found.filter(pk__in=rows)
    with writing.door():
        return int(found.update(state="waiting", tries=0, reason=""))
