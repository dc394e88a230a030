"""A merge whose process is killed in its middle has not happened; asked again, it happens once and as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.site.setup import ROOT

PERSON, NOTES = "contacts.person", 12
MOMENTS = (0.5, 1.0)  # shares of the statements after which it is killed; the last: before the commit

_PROCESS = """
import os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "klientel.site.settings"
import django; django.setup()
from uuid import UUID
from django.db import connection
from klientel.kernel.access import actor_of
from klientel.kernel.actions import run
from klientel.kernel.tenancy import inside, reading
tenant, member, kept, lost = map(UUID, sys.argv[1:5])
left = int(sys.argv[5])
def stop(execute, *told):
    global left
    answer = execute(*told)
    left -= 1
    if not left:
        print(flush=True)
        time.sleep(60)
    return answer
with inside(tenant):
    with reading():
        actor = actor_of(member)
    with connection.execute_wrapper(stop):
        run(actor, "contacts.person.merge", kept, records=[lost])
"""


def everything():
    """All that a merge touches: records, notes, aliases, ledger, events."""
    found = []
    with transaction.atomic(), connection.cursor() as cursor:
        for query in (
            "SELECT id, version, archived_at IS NULL, position FROM contacts_person ORDER BY id",
            "SELECT id, version, concerns FROM work_note ORDER BY id",
            "SELECT old_id, survivor FROM kernel_alias ORDER BY old_id",
            "SELECT count(*) FROM kernel_moved",
            "SELECT kind, count(*) FROM kernel_event GROUP BY 1 ORDER BY 1",
        ):
            cursor.execute(query)
            found.append(cursor.fetchall())
    return found


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_nothing_happened_and_asked_again_it_happens_once(process_environment, tmp_path):
    environment = process_environment | {"KLIENTEL_HOME": str(tmp_path / "home")}
    tenant = make_tenant("merged")
    with inside(tenant.pk):
        with transaction.atomic():
            actor = make_member("Kim Kill", [{"record": "*", "verb": "*"}])
        pair = [Item(params={"last_name": name, "position": name}) for name in ("Brandt", "Brand")]
        kept, lost = (o.record.id for o in run_many(actor, f"{PERSON}.create", pair))
        notes = (Item(params={"text": f"Notiz {n}", "concerns": [lost]}) for n in range(NOTES))
        assert all(o.refused is None for o in run_many(actor, "work.note.create", notes))
        with transaction.atomic(), CaptureQueriesContext(connection) as captured:
            run(actor, f"{PERSON}.merge", kept, records=[lost])
            transaction.set_rollback(True)
        before = everything()
        for moment in MOMENTS:
            statements = max(1, int(len(captured) * moment) - 2)  # its savepoint and the like are no statements there
            words = [str(one) for one in (tenant.pk, actor.member, kept, lost, statements)]
            process = subprocess.Popen(
                [sys.executable, "-c", _PROCESS, *words], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
            )
            assert process.stdout is not None
            assert process.stdout.readline() == "\n", moment
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            assert everything() == before, moment
        run(actor, f"{PERSON}.merge", kept, records=[lost])
        persons, moved, aliases, ledger, _events = everything()
        assert [(one, alive) for one, _version, alive, _position in persons] == [(kept, True), (lost, False)]
        assert {tuple(concerns) for _id, _version, concerns in moved} == {(kept,)}
        assert (aliases, ledger) == ([(lost, kept)], [(NOTES,)])
