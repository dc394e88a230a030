"""The worker as a process: it survives lost connections, and stops when told."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from uuid import UUID, uuid4

import pytest
from django.db import connection

from klientel.kernel.jobs import defer, job

SCRIPT = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "klientel.site.settings"
django.setup()
from uuid import UUID
from django.db import connection
from klientel.kernel import jobs
from klientel.kernel.jobs import worker
from klientel.kernel.tenancy import current

def note(*, thing: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO kernel_wake (tenant_id, queue, due_at) VALUES (%s, 'effect', now())", [current()])

note.__module__ = "tests"
jobs.job()(note)
worker.run(2)
"""


def one(statement, params=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchone()[0] if cursor.description else None


def until(true, seconds=120):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    assert true()


@pytest.mark.usefixtures("declared")
def test_lost_connections_are_survived_and_sigterm_ends_it(committed, process_environment):
    def note(*, thing: UUID): ...

    note.__module__ = "tests"
    declared = job()(note)
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], env=process_environment)
    try:
        until(lambda: one("SELECT count(*) FROM procrastinate_workers") == 3)
        defer(declared, tenant=committed.pk, thing=uuid4())
        until(lambda: one("SELECT count(*) FROM kernel_wake WHERE queue = 'effect'") == 1)
        ended = one(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
        assert ended >= 2
        defer(declared, tenant=committed.pk, thing=uuid4())
        until(lambda: one("SELECT count(*) FROM kernel_wake WHERE queue = 'effect'") == 2)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
