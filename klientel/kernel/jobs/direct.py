"""The way to the database past any PgBouncer, for LISTEN and Procrastinate."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connections


def conninfo() -> dict[str, Any]:
    """Keyword arguments for ``psycopg.connect``."""
    facts = connections["default"].settings_dict
    given = getattr(settings, "KLIENTEL_DIRECT", None)
    if given is not None and given.name == facts["NAME"]:
        return dict(given.conninfo())
    place = {"host": facts["HOST"], "port": facts["PORT"], "dbname": facts["NAME"], "user": facts["USER"]}
    options = {k: v for k, v in facts["OPTIONS"].items() if isinstance(v, str)}
    return {k: v for k, v in place.items() if v} | {"password": facts["PASSWORD"]} | options


def connector() -> Any:
    """Procrastinate's connector on that way."""
    from procrastinate import PsycopgConnector  # noqa: PLC0415 - only the worker needs it

    return PsycopgConnector(kwargs=conninfo(), min_size=1, max_size=6)
