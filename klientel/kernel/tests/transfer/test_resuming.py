"""An import that is killed at any moment goes on and does everything exactly once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection, transaction
from django.utils import translation

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import count
from klientel.kernel.errors import Refused
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.kernel.tests.transfer.conftest import table
from klientel.kernel.transfer import assistant, preview, running, staging
from klientel.kernel.transfer.models import ImportRow, ImportRun, StagedRow
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


_BRANCH = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "klientel.site.settings"
import django; django.setup()
from uuid import UUID
from klientel.kernel.tenancy import inside
from klientel.kernel.transfer import committing, staging
tell = lambda run: print(run.state, run.rows_done, flush=True)
with inside(UUID(sys.argv[1])):
    staging.stage(UUID(sys.argv[2]), chunk=40, tell=tell)
    committing.commit(UUID(sys.argv[2]), chunk=40, tell=tell)
"""
#: how many processes are killed: ``KILLS=50 pytest -k branch_that_is_killed`` for the long run
KILLS = int(os.environ.get("KILLS", "2"))


@pytest.mark.django_db(transaction=True)
def test_a_branch_that_is_killed_at_any_moment_ends_as_shown(process_environment, settings, tmp_path):
    settings.KLIENTEL_FILES = tmp_path / "home" / "files"
    environment = process_environment | {"KLIENTEL_HOME": str(tmp_path / "home")}
    tenant = make_tenant("killed-branch")
    chance = random.Random(7)
    with inside(tenant.pk):
        with transaction.atomic():
            actor = make_member("Kim Kill", [{"record": "*", "verb": "*"}])
        killed = 0
        while killed < KILLS:
            killed += _one_branch(actor, tenant.pk, environment, chance, KILLS - killed)


def _one_branch(actor, tenant, environment, chance, most):
    """An import tried out and carried out by processes that are killed again and again; how often."""
    with transaction.atomic():
        before = count(ActorScope(actor), type_of("contacts.person"))
    mark = f"m{before}"
    data = [[f"Vor{m}{mark}", f"Name{m}{mark}", f"{m}{mark}@example.org", f"Firma {m % 9} {mark}"]
            for n in range(ROWS // 2) for m in [n - 1 if n % EVERY == EVERY - 1 else n]]  # fmt: skip
    run = assistant.start(actor, "contacts.person", table([rows()[0], *data]), name="many.csv")
    run = assistant.choose(run, options={"on_duplicate": "update", "update": "overwrite"})
    preview.begin(run)
    command = [sys.executable, "-c", _BRANCH, str(tenant), str(run.pk)]
    kills = 0
    while kills < min(most, 5):
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()  # it works by now
        time.sleep(chance.uniform(0, 0.9))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
    subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    repeated = ROWS // 2 // EVERY
    with transaction.atomic():
        now = ImportRun.objects.get(pk=run.pk)
        shown = now.preview["counts"]
        assert (now.state, now.staged, shown) == ("done", False, {"new": ROWS // 2 - repeated, "unchanged": repeated})
        assert {k: n for k, n in now.counts.items() if not k.startswith("made:")} == shown
        assert count(ActorScope(actor), type_of("contacts.person")) == before + shown["new"]
        assert not StagedRow.objects.filter(run=run.pk).exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM kernel_event WHERE change_set = %s", [run.change_set])
            assert cursor.fetchone()[0] == shown["new"] + 9
    return kills


def full(free):
    """A disk of 10 GB that has so many megabytes left beyond those that are left alone."""
    return lambda _path: shutil._ntuple_diskusage(10 * 2**30, 0, 2**30 + free * 2**20)


def test_a_file_that_the_disk_has_no_room_for_is_refused_with_a_sentence(bench, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", full(-3))
    with pytest.raises(Refused) as no:
        bench.start([["Nachname"], ["Meier"]])
    assert (no.value.code, no.value.field) == ("no_room", "file")
    with translation.override("en"):
        assert str(no.value.message) == "The server has not enough room: 1 MB are needed, 0 MB are left."
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


def test_an_import_ends_before_the_disk_is_full_and_the_same_file_brings_the_rest(bench, monkeypatch):
    rows = [["Vorname", "Nachname", "E-Mail"], *[["Vor", f"Name {n}", f"p{n}@example.org"] for n in range(10)]]
    run = bench.start(rows)

    def tell(now):
        if now.rows_done == 6:
            monkeypatch.setattr(shutil, "disk_usage", full(-3))

    run = running.carry_out(run.pk, tell=tell, chunk=3)
    assert (run.state, run.rows_done) == ("failed", 6)
    with translation.override("en"):
        assert assistant.progress(run).reason.split(",")[0] == "The server has hardly any room left"
    assert running.carry_out(run.pk).rows_done == 6
    monkeypatch.setattr(shutil, "disk_usage", full(100))
    assert bench.run(rows).counts == {"duplicate": 6, "new": 4}


def test_trying_out_ends_before_the_disk_is_full_too(bench, monkeypatch):
    run = staging.begin(bench.start([["Nachname"], ["Meier"]]).pk)
    monkeypatch.setattr(shutil, "disk_usage", full(-3))
    assert staging.stage(run.pk).state == "failed"
