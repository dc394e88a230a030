"""How long a job that has much to do keeps its place."""

from __future__ import annotations

import time
from uuid import UUID

from django.db import connection

from klientel.kernel.jobs.declaring import QUICK

LONGEST, LEAST = 20.0, 0.4  # seconds: in any case, and where others wait

_OTHERS = """
SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = %s
    AND (scheduled_at IS NULL OR scheduled_at <= statement_timestamp()) AND position(%s IN args::text) = 0)
"""


class Turn:
    """From its beginning until others wait for a place in the queue; those about the same thing (``own``, the id that
    their jobs are given) do not count."""

    def __init__(self, own: UUID) -> None:
        self._own, self._begun = own, time.monotonic()

    def over(self) -> bool:
        """Whether to make room now; asked between two pieces of work, outside a transaction."""
        seconds = time.monotonic() - self._begun
        return seconds > LONGEST or (seconds > LEAST and self._others_wait())

    def _others_wait(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(_OTHERS, [QUICK, str(self._own)])
            return bool(cursor.fetchone()[0])
