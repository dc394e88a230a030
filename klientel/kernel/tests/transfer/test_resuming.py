"""An import that is killed at any moment goes on and does everything exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection, transaction

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import count
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.kernel.tests.transfer.conftest import table
from klientel.kernel.transfer import assistant, running
from klientel.kernel.transfer.models import ImportRow, ImportRun
from klientel.site.setup import ROOT

ROWS = 1400
EVERY = 7  # every seventh row repeats the one before


def rows():
    found = [["Vorname", "Nachname", "E-Mail", "Firma"]]
    for n in range(ROWS):
        m = n - 1 if n % EVERY == EVERY - 1 else n
        found.append([f"Vorname{m}", f"Name{m}", f"p{m}@example.org", f"Firma {m % 40} GmbH"])
    return found


class Stop(Exception):
    pass


def test_goes_on_after_the_last_chunk(bench):
    run = bench.start([["Nachname"], *[[f"Name {n}"] for n in range(10)]])
    seen = []

    def tell(now):
        seen.append(now.rows_done)
        if len(seen) == 2:
            raise Stop

    with pytest.raises(Stop):
        running.carry_out(run.pk, tell=tell, chunk=3)
    assert assistant.progress(run).done == 6
    run = running.carry_out(run.pk, chunk=3)
    assert (run.state, run.counts, run.rows_done) == ("done", {"new": 10}, 10)
    assert running.carry_out(run.pk).counts == {"new": 10}
    assert len(bench.titles()) == 10


def test_can_be_stopped(bench):
    run = bench.start([["Nachname"], *[[f"Name {n}"] for n in range(9)]])
    run = running.carry_out(run.pk, tell=lambda now: assistant.cancel(now), chunk=3)
    assert run.state == "cancelled"
    assert len(bench.titles()) == 3


_PROCESS = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "klientel.site.settings"
import django; django.setup()
from uuid import UUID
from klientel.kernel.tenancy import inside
from klientel.kernel.transfer import running
with inside(UUID(sys.argv[1])):
    running.carry_out(UUID(sys.argv[2]), chunk=50, tell=lambda run: print(run.rows_done, flush=True))
"""


@pytest.mark.django_db(transaction=True)
def test_killed_again_and_again_everything_is_done_once(process_environment, settings, tmp_path):
    home = tmp_path / "home"
    settings.KLIENTEL_FILES = home / "files"
    environment = process_environment | {"KLIENTEL_HOME": str(home)}
    tenant = make_tenant("killed")
    with inside(tenant.pk):
        with transaction.atomic():
            actor = make_member("Kim Kill", [{"record": "*", "verb": "*"}])
        run = assistant.start(actor, "contacts.person", table(rows()), name="many.csv")
        command = [sys.executable, "-c", _PROCESS, str(tenant.pk), str(run.pk)]
        for kill_at in (150, 800):
            process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            for line in process.stdout:
                if int(line) >= kill_at:
                    time.sleep(0.013)
                    os.kill(process.pid, signal.SIGKILL)
                    break
            process.wait()
        subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        repeated = ROWS // EVERY
        with transaction.atomic():
            now = ImportRun.objects.get(pk=run.pk)
            assert (now.state, now.rows_done) == ("done", ROWS)
            assert now.counts == {"new": ROWS - repeated, "duplicate": repeated, "made:contacts.organisation": 40}
            scope = ActorScope(actor)
            assert count(scope, type_of("contacts.person")) == ROWS - repeated
            assert count(scope, type_of("contacts.organisation")) == 40
            assert ImportRow.objects.filter(run=run.pk).count() == repeated
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM kernel_event WHERE change_set = %s", [run.change_set])
                assert cursor.fetchone()[0] == ROWS - repeated + 40
