"""The database while a command runs: the embedded server is started or adopted, Django is set up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.conf import settings
from django.db import connections

from klientel.site import roles


@contextmanager
def serving() -> Iterator[None]:
    """Inside this block the database answers, whoever runs it; it stops with its last user."""
    server = settings.SERVER
    if server is None:
        django.setup()
        yield
        return
    with server.serving():
        if server.process is not None:  # this call started it: an adopted one is prepared already
            roles.prepare(server)
        django.setup()
        try:
            yield
        finally:
            connections.close_all()
