"""Bulk edit and undo of many records: against one plain UPDATE that writes events too, and against the import."""

from __future__ import annotations

import json
import sys
import time
from typing import Any
from uuid import UUID

from bench import machine, place
from bench.bulk import backend, worker, write

PLAIN = """
WITH changed AS (
    UPDATE contacts_person t SET stage = 'customer', version = t.version + 1, changed_at = now()
    FROM contacts_person o WHERE o.id = t.id AND t.tenant_id = %(tenant)s
    RETURNING t.id, o.stage AS old, t.stage AS new
), made AS (
    INSERT INTO kernel_event (id, tenant_id, epoch, at, kind, actor, actor_name, record_type, record_id, change_set,
                              changes, fields)
    SELECT uuidv7(), %(tenant)s, 1, now(), 'contacts.person.change', 'system:', 'Bench', 'contacts.person', c.id,
           %(set)s, jsonb_build_object('stage', jsonb_build_array(c.old, c.new)), ARRAY['stage'] FROM changed c
    RETURNING id, record_id, at
)
INSERT INTO kernel_about (id, tenant_id, record_id, at, event_id, kind)
SELECT uuidv7(), %(tenant)s, m.record_id, m.at, m.id, 'contacts.person.change' FROM made m
"""


def measure(persons: int) -> dict[str, Any]:
    """In a home of its own: import, bulk edit, its undo, a plain UPDATE of the same, and the undo of the import."""
    folder = place.home(persons)
    path = folder / "import.csv"
    write(path, persons)
    ports = {"KLIENTEL_HOME": str(folder / "undo")}
    place.klientel("migrate", "--quiet", **ports)
    place.say(f"import of {persons} rows, bulk edit, undo of both")
    found = worker("bench.undo", str(path), **ports)
    seconds = found["seconds"]
    return {
        "rows_per_second": {k: round(found["rows"][k] / s) for k, s in seconds.items()},
        "bulk_edit_share_of_plain_update": round(seconds["plain"] / seconds["edit"], 3),
        "bulk_edit_bar": "at least 0.25",
        "undo_of_edit_times_edit": round(seconds["undo_edit"] / seconds["edit"], 2),
        "undo_of_import_times_import": round(seconds["undo_import"] / seconds["import"], 2),
        "undo_bar": "2",
        "by_cpu": _by_cpu(found["cpu"]),
        "slowest_chunk_ms": found["slowest_chunk_ms"],
        "cpu": found["cpu"],
    }


def _by_cpu(cpu: dict[str, float]) -> dict[str, float]:
    """The same ratios by CPU of application and database, which others on the machine disturb less."""
    return {
        "bulk_edit_share_of_plain_update": round(cpu["plain"] / cpu["edit"], 3),
        "undo_of_edit_times_edit": round(cpu["undo_edit"] / cpu["edit"], 2),
        "undo_of_import_times_import": round(cpu["undo_import"] / cpu["import"], 2),
    }


def run(path: str) -> dict[str, Any]:
    """All of it on one fresh tenant."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.tenancy import inside
    from klientel.kernel.tenancy.models import Tenant

    tenant = Tenant.objects.create(name="Rückweg", slug=f"undo-{int(time.time())}")
    with inside(tenant.id):
        return _run(system_actor("Bench"), path)


class Clock:
    """How long each part took, by wall and by CPU of application and database."""

    def __init__(self) -> None:
        import os

        self.own, self.seconds, self.cpu = os.getpid(), {}, {}

    def __call__(self, name: str, begun: float, before: float) -> None:
        """Note one part."""
        self.seconds[name] = time.monotonic() - begun
        self.cpu[name] = round(self.spent() - before, 2)

    def spent(self) -> float:
        """All CPU so far."""
        return machine.cpu(self.own) + backend()


def _run(actor: Any, path: str) -> dict[str, Any]:
    from pathlib import Path

    from klientel.kernel import history
    from klientel.kernel.transfer import assistant
    from klientel.lib.ids import uuid7

    clock = Clock()
    imported = assistant.start(actor, "contacts.person", Path(path), name="import.csv")
    before, begun = clock.spent(), time.monotonic()
    done = assistant.commit(imported)
    clock("import", begun, before)
    ids = _ids()
    edit, chunks = uuid7(), []
    before, begun = clock.spent(), time.monotonic()
    _edit(actor, ids, edit, chunks)
    clock("edit", begun, before)
    before, begun = clock.spent(), time.monotonic()
    gone_back = history.undo(actor, edit).records
    clock("undo_edit", begun, before)
    begun = time.monotonic()
    clock.cpu["plain"] = round(_plain(uuid7()), 2)
    clock.seconds["plain"] = time.monotonic() - begun
    before, begun = clock.spent(), time.monotonic()
    taken_back = history.undo(actor, done.change_set).records
    clock("undo_import", begun, before)
    rows = {"import": len(ids), "edit": len(ids), "undo_edit": gone_back, "undo_import": taken_back, "plain": len(ids)}
    slowest = round(max(chunks) * 1000)
    return {"seconds": clock.seconds, "rows": rows, "cpu": clock.cpu, "slowest_chunk_ms": slowest}


def _ids() -> list[UUID]:
    from django.db import connection, transaction

    from klientel.kernel.tenancy import current

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM contacts_person WHERE tenant_id = %s ORDER BY id", [current()])
        return [row[0] for row in cursor.fetchall()]


def _edit(actor: Any, ids: list[UUID], change_set: UUID, chunks: list[float]) -> None:
    from klientel.kernel.actions import Item, run_many
    from klientel.kernel.actions.running import CHUNK

    params, at = {"stage": "customer"}, time.monotonic()
    for n, outcome in enumerate(
        run_many(actor, "contacts.person.change", (Item(i, params) for i in ids), change_set=change_set)
    ):
        if outcome.refused is not None:
            raise SystemExit(str(outcome.refused.message))
        if n % CHUNK == 0:
            chunks.append(time.monotonic() - at)
            at = time.monotonic()


def _plain(change_set: UUID) -> float:
    """The seconds of CPU of one plain statement, which is rolled back: in the trash rows would be in fewer indexes."""
    from django.conf import settings

    from klientel.kernel.tenancy import current

    with settings.SERVER.connect() as connection:
        before = machine.cpu(connection.info.backend_pid)
        with connection.transaction(force_rollback=True):
            connection.execute(PLAIN, {"tenant": current(), "set": change_set})
        return machine.cpu(connection.info.backend_pid) - before


def main() -> None:
    """One part, with a database that answers."""
    from klientel.site.cli.database import serving

    with serving():
        found = run(sys.argv[1])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
