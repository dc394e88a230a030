"""A restored system or tenant holds still towards the outside until somebody releases it."""

from __future__ import annotations

from django.db import connection

from klientel.kernel.tenancy import peek

_ASK = """
SELECT EXISTS (SELECT 1 FROM kernel_installation WHERE quarantined_at IS NOT NULL)
    OR EXISTS (SELECT 1 FROM kernel_tenant WHERE id = %s AND quarantined_at IS NOT NULL)
"""


def active() -> bool:
    """Whether mail, webhooks, synchronisation and the like must stay off for the current tenant."""
    with connection.cursor() as cursor:
        cursor.execute(_ASK, [peek()[0]])
        return bool(cursor.fetchone()[0])
