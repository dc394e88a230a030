"""How fast a login may send: a locked row that hands out slices of a second, a row per domain, a count per day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7

LEAST = 0.01  # of the account's own rate
PAUSE = dt.timedelta(minutes=2)  # of a domain, after the other side asked for a slower pace
FIRST, LONGEST = 5, 120  # seconds of rest after the other side did not let us in: each time twice as long
RECOVERS = dt.timedelta(minutes=5)  # a lowered rate doubles after that long without a further refusal


@dataclass(frozen=True)
class Grant:
    """How many may be sent now; nothing, and when to ask again."""

    n: int
    again: dt.datetime | None = None


_LOCK = """
INSERT INTO channels_rate (id, tenant_id, login, slice, used, day, used_today, share, pause)
VALUES (%s, %s, %s, statement_timestamp(), 0, %s, 0, 1, 0)
ON CONFLICT (tenant_id, login) DO UPDATE SET login = excluded.login
RETURNING slice, used, day, used_today, share, lowered_at, not_before, clock_timestamp()
"""
_TAKE = """
UPDATE channels_rate SET slice = %s, used = %s, day = %s, used_today = %s, share = %s, lowered_at = %s
WHERE tenant_id = %s AND login = %s
"""


def take(account: Any, login: str, wanted: int) -> Grant:
    """Ask for room to send ``wanted`` messages; locks the login's row until the transaction ends."""
    today = timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [uuid7(), current(), login, today])
        begun, used, day, used_today, share, lowered_at, not_before, now = cursor.fetchone()
        if not_before is not None and not_before > now:
            return Grant(0, not_before)
        if lowered_at is not None and now - lowered_at > RECOVERS:
            share = min(1.0, share * 2)
            lowered_at = None if share == 1.0 else now
        rate = account.per_second * share
        length, quota = dt.timedelta(seconds=max(1.0, 1 / rate)), max(1, int(rate))
        if now - begun >= length or begun > now:
            begun, used = now, 0
        if day != today:
            day, used_today = today, 0
        n = max(0, min(wanted, quota - used, account.per_day - used_today))
        params = [begun, used + n, day, used_today + n, share, lowered_at, current(), login]
        cursor.execute(_TAKE, params)
    if n:
        return Grant(n)
    if used_today >= account.per_day:
        midnight = dt.datetime.combine(today + dt.timedelta(days=1), dt.time(), timezone.get_current_timezone())
        return Grant(0, midnight)
    return Grant(0, begun + length)


def give_back(login: str, n: int) -> None:
    """Return room that was not used, in the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_rate SET used = greatest(0, used - %s), used_today = greatest(0, used_today - %s)"
            " WHERE tenant_id = %s AND login = %s",
            [n, n, current(), login],
        )


def full_domains(account: Any, login: str) -> tuple[list[str], dict[str, int]]:
    """The domains that get nothing now, and how many more those may get that had some within this minute."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT domain, used, not_before > statement_timestamp() FROM channels_domainrate"
            " WHERE tenant_id = %s AND login = %s"
            " AND (slice > statement_timestamp() - interval '1 minute' OR not_before > statement_timestamp())",
            [current(), login],
        )
        rows = cursor.fetchall()
    left = {domain: 0 if paused else account.per_domain - used for domain, used, paused in rows}
    return [d for d, n in left.items() if n <= 0], {d: n for d, n in left.items() if n > 0}


_COUNT = """
INSERT INTO channels_domainrate AS old (id, tenant_id, login, domain, slice, used)
SELECT x.id, %s, %s, x.domain, statement_timestamp(), x.n
FROM unnest(%s::uuid[], %s::text[], %s::int[]) x(id, domain, n) ORDER BY x.domain
ON CONFLICT (tenant_id, login, domain) DO UPDATE SET
    used = CASE WHEN old.slice > excluded.slice - interval '1 minute' THEN old.used + excluded.used
           ELSE excluded.used END,
    slice = CASE WHEN old.slice > excluded.slice - interval '1 minute' THEN old.slice ELSE excluded.slice END
"""


def count(login: str, domains: Iterable[str]) -> None:
    """Note messages to these domains."""
    found = Counter(domains)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [current(), login, [uuid7() for _one in found], list(found), list(found.values())])


def lower(login: str, domain: str = "") -> None:
    """The other side asked for a slower pace (421, 4.7.x): half of it, and a pause for that domain."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_rate SET share = greatest(%s, share / 2), lowered_at = statement_timestamp()"
            " WHERE tenant_id = %s AND login = %s",
            [LEAST, current(), login],
        )
        if domain:
            cursor.execute(
                "UPDATE channels_domainrate SET not_before = statement_timestamp() + %s"
                " WHERE tenant_id = %s AND login = %s AND domain = %s",
                _pause(login, domain),
            )


def _pause(*which: str) -> list[Any]:
    return [PAUSE, current(), *which]


_HOLD = """
UPDATE channels_rate r SET pause = x.pause, not_before = statement_timestamp() + make_interval(secs => x.pause)
FROM (SELECT id, CASE WHEN %s OR not_before IS NULL OR not_before < statement_timestamp() - make_interval(secs => %s)
                      THEN %s ELSE least(greatest(2 * pause, %s), %s) END AS pause
      FROM channels_rate WHERE tenant_id = %s AND login = %s FOR UPDATE) x
WHERE r.id = x.id RETURNING r.not_before
"""


def hold(login: str, *, anew: bool) -> dt.datetime:
    """We were not let in: nothing for some seconds; until when.

    Each time twice as long, unless it is ``anew``: somebody was let in since, or the last rest was long ago.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [anew, LONGEST, FIRST, FIRST, LONGEST, current(), login])
        found: dt.datetime = cursor.fetchone()[0]
        return found
