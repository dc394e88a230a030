"""The database while a command runs: the embedded server is started or adopted, Django is set up."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psycopg
from django.conf import settings
from django.db import connection, connections
from django.utils import translation
from psycopg.conninfo import make_conninfo
from psycopg.pq import Ping

from klientel.site import fitness, roles, schema
from klientel.site.cli.failure import Failure
from klientel.site.setup import Database

#: for so many seconds a server is waited for that starts, or gives its last connections to others
PATIENCE = 10


def journal() -> Path:
    """The file that stands in the home folder while a restore is under way or was cut off."""
    return Path(settings.KLIENTEL_HOME) / "restore.json"


def unpacked() -> list[Path]:
    """The folders that backups were unpacked into, for a restore that is under way or was cut off."""
    return list(Path(settings.KLIENTEL_HOME).glob(".restore-*"))


def place(alias: str = "owner") -> Database:
    """Where this role connects."""
    facts: dict[str, Any] = connections[alias].settings_dict
    kept = {key: value for key, value in facts["OPTIONS"].items() if isinstance(value, str)}
    return Database(facts["HOST"], facts["PORT"], facts["NAME"], facts["USER"], facts["PASSWORD"], tuple(kept.items()))


@contextmanager
def serving(*, any_version: bool = False) -> Iterator[None]:
    """Inside this block the database answers, whoever runs it; it stops with its last user.

    A database of another version is refused, unless ``any_version``.
    """
    server = settings.SERVER
    if server is None:
        _ready(any_version=any_version)
        yield
        return
    with server.serving():
        if server.process is not None:  # this call started it: an adopted one is prepared already
            roles.prepare(server)
        try:
            _ready(any_version=any_version)
            yield
        finally:
            connections.close_all()


def _ready(*, any_version: bool) -> None:
    """Django, the administrator's language for whatever is refused, and a database that fits."""
    django.setup()
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    translation.activate("de" if spoken.startswith("de") else "en")
    if journal().exists() or unpacked():
        from klientel.site.backups.swapping import settle

        settle()
    if settings.SERVER is None:
        _answering()
        fitness.check_app(place("default"))
    if not any_version:
        connection.ensure_connection()
        if not schema.is_current(connection.connection):
            raise Failure("The database is of another version; run `klientel migrate`.")
        connection.close()


def _answering() -> None:
    """Raise at once where no server answers: the pool would try again and again. One that is about to is waited for."""
    facts, until = place("default").conninfo(), time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(**facts, connect_timeout=10).close()
        except psycopg.OperationalError:
            silent = psycopg.pq.PGconn.ping(make_conninfo(**facts).encode()) not in (Ping.OK, Ping.REJECT)
            if silent or time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return
