"""The database while a command runs: the embedded server is started or adopted, Django is set up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.conf import settings
from django.db import connections
from django.utils import translation

from klientel.site import roles


@contextmanager
def serving() -> Iterator[None]:
    """Inside this block the database answers, whoever runs it; it stops with its last user."""
    server = settings.SERVER
    if server is None:
        _ready()
        yield
        return
    with server.serving():
        if server.process is not None:  # this call started it: an adopted one is prepared already
            roles.prepare(server)
        _ready()
        try:
            yield
        finally:
            connections.close_all()


def _ready() -> None:
    """Django, and the administrator's language for whatever is refused."""
    django.setup()
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    translation.activate("de" if spoken.startswith("de") else "en")
