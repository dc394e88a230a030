"""A database that went away between two transactions is told as Django tells it, and the next one finds it again."""

from __future__ import annotations

from threading import Thread

import pytest
from django.db import OperationalError, connection, transaction

from klientel.kernel.tenancy import inside
from klientel.lib.ids import uuid7


def end_backend(pid):
    """As a server that is killed ends it."""
    with inside(None), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_is_let_go():
    with inside(uuid7()):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            [pid] = cursor.fetchone()
        other = Thread(target=end_backend, args=[pid])
        other.start()
        other.join()
        with pytest.raises(OperationalError), transaction.atomic():
            raise AssertionError("it was lost")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('klientel.tenant') <> '', pg_backend_pid() <> %s", [pid])
            assert cursor.fetchone() == (True, True)
