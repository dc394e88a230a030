"""The outbox: waiting → claimed → delivering → accepted, rejected, later or unclear. At most once on the wire.

Each change of state is one statement that names the state and the claim it starts from, so that a worker that was
paused, or thought dead, finds out before it hands anything over. What a worker that is gone had not begun goes back;
what it may have handed over is *unclear* and never sent again by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from klientel.channels.models import Delivery
from klientel.channels.queries.begun import of_the_dead
from klientel.kernel import writing
from klientel.kernel.events.consuming import wake
from klientel.kernel.identity import sealing
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7, uuid7_at

QUEUE = "outbox"
CLAIM_LEASE = dt.timedelta(minutes=2)  # of what was not begun: who is late finds out before anything is handed over
LEASE = dt.timedelta(minutes=15)  # longer than to reach a server, address a letter and let it think after the final dot
TRIES = 8
FIRST_PAUSE, LONGEST_PAUSE = dt.timedelta(minutes=5), dt.timedelta(hours=4)
KEPT = dt.timedelta(days=14)  # settled rows; what became of a mail stands in the mail


@dataclass(frozen=True)
class Claimed:
    """One mail that this worker may hand over now."""

    id: UUID
    mail: UUID
    domain: str
    attempts: int
    sealed: str  # the secret link
    token: UUID


def login_of(account: Any) -> str:
    """Which SMTP login an account stands for: accounts of one login share its rate."""
    return hashlib.sha256(f"{account.login or account.address}\n{account.host}:{account.port}".encode()).hexdigest()


def put(mail: Any, account: Any, link: str = "", at: dt.datetime | None = None) -> UUID:
    """Lay a mail into the outbox, in the transaction that wants it sent: now, or not before an instant.

    ``link`` stands where the text says ``{{link}}``. It is kept sealed and only until the mail is settled, so that
    nobody who may read the mail here gets hold of what was meant for its recipient.
    """
    delivery = uuid7()
    made = Delivery(
        id=delivery,
        sealed=sealing.seal(link, f"delivery:{delivery}") if link else "",
        mail_id=mail.id,
        account_id=account.id,
        domain=mail.to.rpartition("@")[2].lower(),
        not_before=at or Now(),
    )
    with writing.door():
        made.save(force_insert=True)
    wake(current(), QUEUE, at)
    return delivery


def link_of(delivery: UUID, sealed: str) -> str:
    """The secret link that goes with a mail; empty where there is none."""
    return sealing.unseal(sealed, f"delivery:{delivery}") if sealed else ""


def recall(mail: UUID) -> bool:
    """Take a mail out of the outbox as long as nobody hands it over."""
    return _changed(
        "UPDATE channels_delivery SET state = 'recalled', sealed = '', settled_at = statement_timestamp()"
        " WHERE tenant_id = %s AND mail_id = %s AND token IS NULL AND settled_at IS NULL",
        [current(), mail],
    )


def reschedule(mail: UUID, at: dt.datetime | None) -> bool:
    """Have a mail go at another instant, or now, as long as nobody hands it over."""
    wake(current(), QUEUE, at)
    return _changed(
        "UPDATE channels_delivery SET not_before = coalesce(%s, statement_timestamp())"
        " WHERE tenant_id = %s AND mail_id = %s AND token IS NULL AND settled_at IS NULL",
        [at, current(), mail],
    )


def waiting_accounts() -> list[UUID]:
    """The accounts with something due now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT d.account_id FROM channels_delivery d JOIN channels_account a"
            " ON a.tenant_id = d.tenant_id AND a.id = d.account_id AND a.state = 'active' AND a.archived_at IS NULL"
            " WHERE d.tenant_id = %s AND d.token IS NULL AND d.settled_at IS NULL"
            " AND d.not_before <= statement_timestamp()",
            [current()],
        )
        return [row[0] for row in cursor.fetchall()]


def next_due() -> dt.datetime | None:
    """When something is due the next time, or a claim runs out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT least((SELECT min(d.not_before) FROM channels_delivery d JOIN channels_account a"
            " ON a.tenant_id = d.tenant_id AND a.id = d.account_id AND a.state = 'active' AND a.archived_at IS NULL"
            " WHERE d.tenant_id = %(t)s AND d.token IS NULL AND d.settled_at IS NULL),"
            " (SELECT min(lease_until) FROM channels_delivery"
            " WHERE tenant_id = %(t)s AND token IS NOT NULL AND settled_at IS NULL))",
            {"t": current()},
        )
        found: dt.datetime | None = cursor.fetchone()[0]
        return found


_CANDIDATES = """
SELECT d.id FROM channels_delivery d
WHERE d.tenant_id = %(tenant)s AND d.account_id = %(account)s AND d.token IS NULL AND d.settled_at IS NULL
  AND d.not_before <= statement_timestamp() AND d.domain <> ALL(%(full)s)
ORDER BY d.not_before, d.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_CLAIM = """
UPDATE channels_delivery d SET state = 'claimed', token = %s, lease_until = statement_timestamp() + %s
WHERE d.tenant_id = %s AND d.id = ANY(%s) RETURNING d.id, d.mail_id, d.domain, d.attempts, d.sealed
"""


def claim(account: Any, token: UUID, *, limit: int, room: dict[str, int], full: list[str]) -> list[Claimed]:
    """Take what is due of an account: at most ``limit``, none of the ``full`` domains, of others what has ``room``."""
    taken, over, used = list[Claimed](), list[Claimed](), dict[str, int]()
    with connection.cursor() as cursor:
        facts = {"tenant": current(), "account": account.pk, "full": full, "limit": limit}
        cursor.execute(_CANDIDATES, facts)
        ids = [row[0] for row in cursor.fetchall()]
        if ids:
            claim: list[Any] = [token, CLAIM_LEASE, current(), ids]
            cursor.execute(_CLAIM, claim)
        rows = sorted(cursor.fetchall()) if ids else []
    for row in rows:
        used[row[2]] = used.get(row[2], 0) + 1
        into = over if used[row[2]] > room.get(row[2], account.per_domain) else taken
        into.append(Claimed(row[0], row[1], row[2], row[3], row[4], token))
    stepped([], [Fate(one, "waiting") for one in over])
    return taken


@dataclass(frozen=True)
class Fate:
    """What became of one: its final state, the reply code and the words of the other side, or ours (``inscribed``)."""

    claimed: Claimed
    state: str
    code: int = 0
    reply: str = ""


def step(begun: Sequence[Claimed], fates: Sequence[Fate]) -> Sql:
    """Write down what became of some letters, and that others are handed over from here on; answers with the ids of
    these whose claim is still ours.

    *waiting*: surely not handed over, whatever was written down about it; *later*: the other side wants it later, each
    time after twice as long.
    """
    told = [
        {"id": str(f.claimed.id), "state": f.state, "code": f.code, "reply": f.reply, "pause": _pause(f)} for f in fates
    ]
    ids, settled = _ids(one.id for one in begun), _ids(f.claimed.id for f in fates)
    tokens = _ids({one.token for one in (*begun, *(f.claimed for f in fates))})
    tenant = current()
    return Sql(_STEP, (orjson.dumps(told).decode(), tenant, settled, tokens, LEASE, tenant, ids, tokens))


def stepped(begun: Sequence[Claimed], fates: Sequence[Fate]) -> set[UUID]:
    """The same here and now, in the open transaction: which of those that begin are ours."""
    if not begun and not fates:
        return set()
    with connection.cursor() as cursor:
        one = step(begun, fates)
        cursor.execute(one.text, one.params)
        return {row[0] for row in cursor.fetchall()}


def _pause(fate: Fate) -> float:
    if fate.state != "later":
        return 0.0
    pause: dt.timedelta = min(FIRST_PAUSE * 2**fate.claimed.attempts, LONGEST_PAUSE)
    return pause.total_seconds()


#: a row is ours to settle as long as it bears our token; one that was called unclear meanwhile, too
_STEP = """
WITH fate AS (
    SELECT *, state NOT IN ('waiting', 'later') AS final
    FROM json_to_recordset(%s::json) x(id uuid, state text, code int, reply text, pause float)),
settled AS (
    UPDATE channels_delivery d SET state = x.state, lease_until = NULL,
        code = CASE WHEN x.state = 'waiting' THEN d.code ELSE x.code END,
        reply = CASE WHEN x.state = 'waiting' THEN d.reply ELSE x.reply END,
        sealed = CASE WHEN x.final THEN '' ELSE d.sealed END,
        token = CASE WHEN x.final THEN d.token END,
        settled_at = CASE WHEN x.final AND x.state <> 'unclear' THEN statement_timestamp() END, untold = x.final,
        attempts = d.attempts + CASE WHEN x.state = 'later' AND d.state = 'claimed' THEN 1
                                     WHEN x.state = 'waiting' AND d.state = 'delivering' THEN -1 ELSE 0 END,
        not_before = CASE WHEN x.state = 'later' THEN statement_timestamp() + make_interval(secs => x.pause)
                          ELSE d.not_before END
    FROM fate x
    WHERE d.tenant_id = %s AND d.id = x.id AND d.id = ANY(%s::uuid[]) AND d.token = ANY(%s::uuid[])
      AND (d.state IN ('claimed', 'delivering') OR (x.final AND d.state = 'unclear')))
UPDATE channels_delivery SET state = 'delivering', attempts = attempts + 1, lease_until = statement_timestamp() + %s
WHERE tenant_id = %s AND id = ANY(%s::uuid[]) AND token = ANY(%s::uuid[]) AND state = 'claimed' RETURNING id
"""


def _ids(some: Iterable[UUID]) -> str:
    """As an array in PostgreSQL's own words: quicker than a list."""
    return "{" + ",".join(map(str, some)) + "}"


def settle_by_hand(mail: UUID, state: str) -> bool:
    """A person found out what became of an unclear one."""
    return _changed(
        "UPDATE channels_delivery SET state = %s, settled_at = statement_timestamp()"
        " WHERE tenant_id = %s AND mail_id = %s AND settled_at IS NULL AND state = 'unclear'",
        [state, current(), mail],
    )


_LAID_BACK = """
UPDATE channels_delivery SET state = 'waiting', token = NULL, lease_until = NULL,
    attempts = attempts - CASE WHEN state = 'delivering' THEN 1 ELSE 0 END
WHERE tenant_id = %s AND token IS NOT NULL AND settled_at IS NULL
"""
_UNCLEAR = """
UPDATE channels_delivery SET state = 'unclear', sealed = '', lease_until = NULL, untold = true
WHERE tenant_id = %s AND token IS NOT NULL AND settled_at IS NULL AND state = 'delivering'
"""


def recover() -> None:
    """Take over from workers that are gone: what they had not begun goes back, the rest is unclear."""
    for token, begun in of_the_dead():
        ours = [current(), token, _ids(begun)]
        _changed(f"{_UNCLEAR} AND token = %s AND id = ANY(%s::uuid[])", ours)
        _changed(f"{_LAID_BACK} AND token = %s AND id <> ALL(%s::uuid[]) AND state IN ('claimed', 'delivering')", ours)
    _changed(f"{_LAID_BACK} AND state = 'claimed' AND lease_until < statement_timestamp()", [current()])
    _changed(f"{_UNCLEAR} AND lease_until < statement_timestamp()", [current()])


_UNTOLD = """
SELECT id, mail_id, state, code, reply FROM channels_delivery WHERE tenant_id = %s AND untold
ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""


def untold(most: int) -> list[tuple[UUID, UUID, str, int, str]]:
    """What was settled and does not stand in its mail yet: row, mail, state, code, words. Locks them."""
    with connection.cursor() as cursor:
        cursor.execute(_UNTOLD, [current(), most])
        return list(cursor.fetchall())


def told(rows: Sequence[UUID]) -> None:
    """It stands in the mails now."""
    _changed("UPDATE channels_delivery SET untold = false WHERE tenant_id = %s AND id = ANY(%s)", [current(), rows])


def purge() -> None:
    """Forget settled rows; what became of each mail stands in the mail."""
    _changed(
        "DELETE FROM channels_delivery WHERE tenant_id = %s AND id < %s"
        " AND settled_at < statement_timestamp() - %s AND NOT untold",
        [current(), uuid7_at(timezone.now() - KEPT), KEPT],
    )


def counts() -> dict[UUID, dict[str, int]]:
    """How many rows of each state there are, by account."""
    found: dict[UUID, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id, state, count(*) FROM channels_delivery WHERE tenant_id = %s GROUP BY 1, 2", [current()]
        )
        for account, state, n in cursor.fetchall():
            found.setdefault(account, {})[state] = n
    return found


def _changed(statement: str, params: list[Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return bool(cursor.rowcount)
