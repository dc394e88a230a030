"""A bulk edit and an undo that are killed at any moment go on, and everything is done exactly once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection, transaction

from klientel.kernel.actions import Item, run_many
from klientel.kernel.history import runs
from klientel.kernel.history.models import ChangeRun
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.site.setup import ROOT

KILLS = int(os.environ.get("HISTORY_KILLS", "2"))  # of each run; more by hand
PEOPLE = max(400, 100 * KILLS)
PERSON = "contacts.person"

_PROCESS = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "klientel.site.settings"
import django; django.setup()
from uuid import UUID
from klientel.kernel.tenancy import inside
from klientel.kernel.history import runs
with inside(UUID(sys.argv[1])):
    runs.carry_out(UUID(sys.argv[2]), chunk=20, tell=lambda: print(flush=True))
"""


def killed_again_and_again(tenant, run, environment, chance):
    command = [sys.executable, "-c", _PROCESS, str(tenant.pk), str(run.pk)]
    for _n in range(KILLS):
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _line in range(chance.randrange(1, 1 + PEOPLE // 20 // KILLS)):
            process.stdout.readline()
        time.sleep(chance.random() * 0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)


def facts(change_set):
    """How many persons hold which position and version, and how many events the change set has for how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT position, version, count(*) FROM contacts_person GROUP BY 1, 2 ORDER BY 1, 2")
        persons = cursor.fetchall()
        cursor.execute(
            "SELECT count(*), count(DISTINCT record_id) FROM kernel_event WHERE change_set = %s", [change_set]
        )
        return persons, cursor.fetchone()


@pytest.mark.django_db(transaction=True)
def test_killed_again_and_again_each_record_changes_once_and_goes_back_once(process_environment, tmp_path):
    environment = process_environment | {"KLIENTEL_HOME": str(tmp_path / "home")}
    tenant, chance = make_tenant("killed"), random.Random()
    with inside(tenant.pk):
        with transaction.atomic():
            actor = make_member("Kim Kill", [{"record": "*", "verb": "*"}])
        made = list(run_many(actor, f"{PERSON}.create", [Item(params={"last_name": f"P{n}"}) for n in range(PEOPLE)]))
        assert all(o.refused is None for o in made)
        edit = runs.start_bulk(actor, f"{PERSON}.change", {"position": "Leitung"}, where={"all": []}, total=PEOPLE)
        killed_again_and_again(tenant, edit, environment, chance)
        assert facts(edit.change_set) == ([("Leitung", 2, PEOPLE)], (PEOPLE, PEOPLE))
        back = runs.start_undo(actor, edit.change_set)
        killed_again_and_again(tenant, back, environment, chance)
        assert facts(back.change_set) == ([("", 3, PEOPLE)], (PEOPLE, PEOPLE))
        with transaction.atomic():
            ended = ChangeRun.objects.get(pk=back.pk)
        assert (ended.state, ended.done, ended.changed, ended.refused) == ("done", PEOPLE, PEOPLE, 0)
