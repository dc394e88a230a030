"""The outbox: waiting → claimed → delivering → accepted, rejected, later or unclear. At most once on the wire.

Each change of state is one statement that names the state and the claim it starts from, so that a worker that was
paused, or thought dead, finds out before it hands anything over. A claim whose worker is gone goes back; a delivery
whose worker is gone after DATA was begun is *unclear* and never sent again by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from klientel.channels.models import Delivery
from klientel.kernel import writing
from klientel.kernel.events.consuming import wake
from klientel.kernel.identity import sealing
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7

QUEUE = "outbox"
CLAIM_LEASE = dt.timedelta(minutes=2)  # of what was not begun: who is late finds out before anything is handed over
LEASE = dt.timedelta(minutes=12)  # longer than a server may think after the final dot
TRIES = 8
FIRST_PAUSE = dt.timedelta(minutes=5)
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
    return made.id


def link_of(delivery: UUID, sealed: str) -> str:
    """The secret link that goes with a mail; empty where there is none."""
    return sealing.unseal(sealed, f"delivery:{delivery}") if sealed else ""


def recall(mail: UUID) -> bool:
    """Take a mail out of the outbox as long as nobody hands it over."""
    return _changed(
        "UPDATE channels_delivery SET state = 'recalled', sealed = '', settled_at = statement_timestamp()"
        " WHERE tenant_id = %s AND mail_id = %s AND state IN ('waiting', 'later')",
        [current(), mail],
    )


def reschedule(mail: UUID, at: dt.datetime | None) -> bool:
    """Have a mail go at another instant, or now, as long as nobody hands it over."""
    wake(current(), QUEUE, at)
    return _changed(
        "UPDATE channels_delivery SET not_before = coalesce(%s, statement_timestamp())"
        " WHERE tenant_id = %s AND mail_id = %s AND state IN ('waiting', 'later')",
        [at, current(), mail],
    )


def waiting_accounts() -> list[UUID]:
    """The accounts with something due now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT d.account_id FROM channels_delivery d JOIN channels_account a"
            " ON a.tenant_id = d.tenant_id AND a.id = d.account_id AND a.state = 'active' AND a.archived_at IS NULL"
            " WHERE d.tenant_id = %s AND d.state IN ('waiting', 'later') AND d.not_before <= statement_timestamp()",
            [current()],
        )
        return [row[0] for row in cursor.fetchall()]


def next_due() -> dt.datetime | None:
    """When something is due the next time, or a claim runs out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT least((SELECT min(d.not_before) FROM channels_delivery d JOIN channels_account a"
            " ON a.tenant_id = d.tenant_id AND a.id = d.account_id AND a.state = 'active' AND a.archived_at IS NULL"
            " WHERE d.tenant_id = %(t)s AND d.state IN ('waiting', 'later')),"
            " (SELECT min(lease_until) FROM channels_delivery"
            " WHERE tenant_id = %(t)s AND state IN ('claimed', 'delivering')))",
            {"t": current()},
        )
        found: dt.datetime | None = cursor.fetchone()[0]
        return found


_CANDIDATES = """
SELECT d.id FROM channels_delivery d
WHERE d.tenant_id = %(tenant)s AND d.account_id = %(account)s AND d.state IN ('waiting', 'later')
  AND d.not_before <= statement_timestamp() AND d.domain <> ALL(%(full)s)
ORDER BY d.not_before, d.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_CLAIM = """
UPDATE channels_delivery d SET state = 'claimed', token = %s, lease_until = statement_timestamp() + %s
WHERE d.tenant_id = %s AND d.id = ANY(%s) RETURNING d.id, d.mail_id, d.domain, d.attempts, d.sealed
"""


def claim(account: Any, *, limit: int, room: dict[str, int], full: list[str]) -> list[Claimed]:
    """Take what is due of an account: at most ``limit``, none of the ``full`` domains, of others what has ``room``."""
    token, taken, over, used = uuid7(), list[Claimed](), list[Claimed](), dict[str, int]()
    with connection.cursor() as cursor:
        facts = {"tenant": current(), "account": account.pk, "full": full, "limit": limit}
        cursor.execute(_CANDIDATES, facts)
        ids = [row[0] for row in cursor.fetchall()]
        if ids:
            cursor.execute(_CLAIM, [token, CLAIM_LEASE, current(), ids])
        rows = sorted(cursor.fetchall()) if ids else []
    for row in rows:
        used[row[2]] = used.get(row[2], 0) + 1
        if used[row[2]] > room.get(row[2], account.per_domain):
            over.append(Claimed(*row, token))
        else:
            taken.append(Claimed(*row, token))
    if over:
        lay_back(over)
    return taken


@dataclass(frozen=True)
class Fate:
    """What became of one: its final state, the reply code and the words of the other side."""

    claimed: Claimed
    state: str
    code: int = 0
    reply: str = ""


def step(begun: Sequence[Claimed], fates: Sequence[Fate]) -> set[UUID]:
    """Write down what became of some letters, and commit to handing over others; of these, whose claim is still ours.

    *waiting*: surely not handed over; *later*: the other side wants it later. From here on the other side may have
    those that began. One statement does the usual: ``accepted`` and ``delivering``.
    """
    back = [one.claimed for one in fates if one.state == "waiting"]
    if back:
        lay_back(back)
    for one in fates:
        if one.state == "later":
            postpone(one.claimed, one.code, one.reply)
    final = [one for one in fates if one.state not in ("waiting", "later")]
    if not final and not begun:
        return set()
    ids, tokens = _ours([one.claimed for one in final])
    columns = [[f.state for f in final], [f.code for f in final], [f.reply[:400] for f in final]]
    with connection.cursor() as cursor:
        cursor.execute(_STEP, [ids, *columns, current(), tokens, LEASE, current(), *_ours(begun)])
        return {row[0] for row in cursor.fetchall()}


_STEP = """
WITH settled AS (
    UPDATE channels_delivery d SET state = x.state, code = x.code, reply = x.reply, sealed = '', lease_until = NULL,
        settled_at = statement_timestamp(), untold = true
    FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::text[]) x(id, state, code, reply)
    WHERE d.tenant_id = %s AND d.id = x.id AND d.token = ANY(%s::uuid[])
      AND d.state IN ('claimed', 'delivering', 'unclear'))
UPDATE channels_delivery SET state = 'delivering', attempts = attempts + 1, lease_until = statement_timestamp() + %s
WHERE tenant_id = %s AND id = ANY(%s::uuid[]) AND token = ANY(%s::uuid[]) AND state = 'claimed' RETURNING id
"""
_LAY_BACK = """
UPDATE channels_delivery SET state = 'waiting', token = NULL, lease_until = NULL,
    attempts = CASE state WHEN 'delivering' THEN attempts - 1 ELSE attempts END
WHERE tenant_id = %s AND id = ANY(%s::uuid[]) AND token = ANY(%s::uuid[]) AND state IN ('claimed', 'delivering')
"""


def lay_back(letters: Sequence[Claimed]) -> None:
    """These were surely not handed over, whatever was written down about them; they wait as before."""
    _changed(_LAY_BACK, [current(), *_ours(letters)])


def _ours(letters: Sequence[Claimed]) -> tuple[str, str]:
    """Their ids and the tokens under which we hold them, as arrays in PostgreSQL's own words: quicker than a list."""
    ids, tokens = (one.id for one in letters), {one.token for one in letters}
    return "{" + ",".join(map(str, ids)) + "}", "{" + ",".join(map(str, tokens)) + "}"


def postpone(one: Claimed, code: int, reply: str) -> bool:
    """The other side wants it later: each time twice as long."""
    pause = min(FIRST_PAUSE * 2**one.attempts, dt.timedelta(hours=4))
    return _changed(
        "UPDATE channels_delivery SET state = 'later', code = %s, reply = %s, token = NULL, lease_until = NULL,"
        " attempts = %s, not_before = statement_timestamp() + %s"
        " WHERE tenant_id = %s AND id = %s AND token = %s AND state IN ('claimed', 'delivering')",
        [code, reply[:400], one.attempts + 1, pause, current(), one.id, one.token],
    )


def settle_by_hand(mail: UUID, state: str) -> bool:
    """A person found out what became of an unclear one."""
    return _changed(
        "UPDATE channels_delivery SET state = %s, settled_at = statement_timestamp()"
        " WHERE tenant_id = %s AND mail_id = %s AND state = 'unclear'",
        [state, current(), mail],
    )


def recover() -> None:
    """Take claims of workers that are gone: back where nothing was handed over, else unclear."""
    _changed(
        "UPDATE channels_delivery SET state = 'waiting', token = NULL, lease_until = NULL"
        " WHERE tenant_id = %s AND state = 'claimed' AND lease_until < statement_timestamp()",
        [current()],
    )
    _changed(
        "UPDATE channels_delivery SET state = 'unclear', sealed = '', lease_until = NULL,"
        " settled_at = statement_timestamp(), untold = true"
        " WHERE tenant_id = %s AND state = 'delivering' AND lease_until < statement_timestamp()",
        [current()],
    )


_UNTOLD = """
SELECT id, mail_id, state, code, reply FROM channels_delivery WHERE tenant_id = %s AND untold
ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""


def untold(most: int) -> list[tuple[UUID, UUID, str, int, str]]:
    """What was settled and does not stand in its mail yet: row, mail, state, code, words. Locks them."""
    with connection.cursor() as cursor:
        cursor.execute(_UNTOLD, [current(), most])
        return cursor.fetchall()


def told(rows: Sequence[UUID]) -> None:
    """It stands in the mails now."""
    _changed("UPDATE channels_delivery SET untold = false WHERE tenant_id = %s AND id = ANY(%s)", [current(), rows])


def purge() -> None:
    """Forget settled rows; what became of each mail stands in the mail."""
    _changed(
        "DELETE FROM channels_delivery WHERE tenant_id = %s AND settled_at < statement_timestamp() - %s"
        " AND state <> 'unclear' AND NOT untold",
        [current(), KEPT],
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
