"""How often a token may ask: a bucket in the database that all processes share, drawn from by the handful.

A process takes some requests at once and counts them down in memory, so that most requests cost no statement. What
it took and did not use within a few seconds is lost to the caller, never gained: the limit holds over all processes.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel import tenancy
from klientel.kernel.api.problems import Problem
from klientel.kernel.identity.keys import Key

PER_MINUTE = 600  # unless the tenant's setting "api_per_minute" says otherwise; also how many may come at once
HANDFUL = 30
FRESH_SECONDS = 10.0  # how long a handful is good
MOST_KEPT = 10_000

_TAKE = """
INSERT INTO kernel_allowance AS a (id, tenant_id, level, taken, most, at)
SELECT k.id, k.tenant_id, m.most - s.portion, s.portion, m.most, clock_timestamp()
FROM kernel_apitoken k JOIN kernel_tenant n ON n.id = k.tenant_id,
    LATERAL (SELECT CASE WHEN jsonb_typeof(n.settings->'api_per_minute') = 'number'
        THEN greatest(1, (n.settings->>'api_per_minute')::float::int) ELSE %(most)s END AS most) m,
    LATERAL (SELECT least(%(handful)s, greatest(1, m.most / 4)) AS portion) s
WHERE k.tenant_id = %(tenant)s AND k.prefix = %(prefix)s AND k.digest = %(digest)s
ON CONFLICT (id) DO UPDATE SET (level, taken, most, at) = (
    SELECT f.level - t.taken, t.taken, excluded.most, greatest(a.at, excluded.at)
    FROM LATERAL (SELECT least(excluded.most, a.level
        + greatest(0, extract(epoch FROM excluded.at - a.at)) * excluded.most / 60.0) AS level) f,
    LATERAL (SELECT CASE WHEN f.level < 1 THEN 0
        ELSE least(%(handful)s, greatest(1, floor(f.level / 4)))::int END AS taken) t)
RETURNING a.taken, a.level, a.most
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a token may still do: how many of how many, and in how many seconds the bucket is full again."""

    most: int
    left: int
    reset: int

    def headers(self) -> dict[str, str]:
        """As the answer tells it."""
        return {
            "RateLimit-Limit": str(self.most),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(self.reset),
            "RateLimit-Policy": f"{self.most};w=60",
        }


@dataclass(slots=True)
class _Handful:
    left: int
    level: float
    most: int
    until: float
    empty: bool = False  # the bucket had nothing; ask it again after ``until``


_lock = threading.Lock()
_handfuls: dict[str, _Handful] = {}


def take(key: Key) -> Allowance | None:
    """Count one request of this token; none for a token nobody has. 429 where it asked too often."""
    now = time.monotonic()
    with _lock:
        mine = _handfuls.get(key.digest)
        if mine is not None and mine.until > now and mine.left > 0:
            mine.left -= 1
            return _allowance(mine)
    if mine is not None and mine.until > now and mine.empty:
        raise _too_many(mine, mine.until - now)
    taken = _draw(key, now)
    if taken is None:
        return None
    with _lock:
        if len(_handfuls) > MOST_KEPT:
            _handfuls.clear()
        _handfuls[key.digest] = taken
        if taken.left > 0:
            taken.left -= 1
            return _allowance(taken)
    wait = (1 - taken.level) * 60 / taken.most
    _handfuls[key.digest] = _Handful(0, 0, taken.most, now + min(wait, FRESH_SECONDS), empty=True)
    raise _too_many(taken, wait)


def forget() -> None:
    """Give up what this process holds, as at its start."""
    with _lock:
        _handfuls.clear()


def _draw(key: Key, now: float) -> _Handful | None:
    given: dict[str, Any] = {
        "tenant": key.tenant_id,
        "prefix": key.prefix,
        "digest": key.digest,
        "handful": HANDFUL,
        "most": PER_MINUTE,
    }
    with tenancy.inside(key.tenant_id), tenancy.writing(), connection.cursor() as cursor:
        cursor.execute(_TAKE, given)
        row = cursor.fetchone()
    return _Handful(row[0], row[1], row[2], now + FRESH_SECONDS) if row else None


def _allowance(mine: _Handful) -> Allowance:
    left = mine.left + max(0, int(mine.level))
    return Allowance(mine.most, left, math.ceil((mine.most - left) * 60 / mine.most))


def _too_many(mine: _Handful, wait: float) -> Problem:
    seconds = max(1, math.ceil(wait))
    headers = Allowance(mine.most, 0, 60).headers() | {"Retry-After": str(seconds)}
    message = _("Too many requests. Please wait %(n)d seconds.") % {"n": seconds}
    return Problem(429, "too_many_requests", message, headers=headers)
