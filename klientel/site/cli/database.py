"""The database while a command runs: the embedded server is started or adopted, Django is set up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.conf import settings
from django.db import connection, connections
from django.utils import translation

from klientel.site import roles, schema
from klientel.site.cli.failure import Failure


def journal() -> Path:
    """The file that stands in the home folder while a restore is under way or was cut off."""
    return Path(settings.KLIENTEL_HOME) / "restore.json"


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
    if journal().exists():
        from klientel.site.backups.swapping import settle

        settle()
    if not any_version:
        connection.ensure_connection()
        if not schema.is_current(connection.connection):
            raise Failure("The database is of another version; run `klientel migrate`.")
        connection.close()
