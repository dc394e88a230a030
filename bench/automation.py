"""What workflows cost: from event to effect, events consumed, timers that wait, a rehearsal.

``python -m bench.automation``: 50 active workflows in one tenant. Writers change leads at a steady pace, one change in
ten has an effect, which is a hint that is sent when the effect commits. Then a backlog of which 2 % has an effect is
consumed; a million runs wait while what is due is fetched; and a workflow is rehearsed over 10,000 events.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from bench import consumers
from klientel.site.setup import ROOT

RATE, WRITERS, EFFECTS = 100, 4, 10  # one change in so many has an effect
LEADS = 397  # prime: no lead becomes hot twice in a row

TIMERS = """
INSERT INTO automation_run (id, tenant_id, workflow, version, key, record_type, record, depth, path, state, waits,
    place, counts, steps, due_at, tries, trouble, message, checks, started_at)
SELECT uuidv7(), %(tenant)s, %(workflow)s, %(version)s, uuidv7(), 'sales.lead', uuidv7(), 0, '[]', 'open', 'time',
    '[0]', '{}', 0, now() + interval '1 day' + n * interval '1 second', 0, '', '', '[]', now()
FROM generate_series(1, %(n)s) n
"""


def measure(seconds: float = 20.0, timers: int = 1_000_000) -> dict[str, Any]:
    """Everything but the kills, in a tenant of its own; with Django ready and a database that answers."""
    tenant, member = someone()
    leads = _leads(tenant, LEADS)
    flows = _workflows(tenant, member, 50)
    found: dict[str, Any] = {"load": round(os.getloadavg()[0], 2)}
    found["react_ms_per_event"] = _reacting(tenant, leads)
    up = subprocess.Popen(consumers.klientel("up", "--only", "consumers"), cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        pid = consumers._consumer_of(up.pid)
        consumers.caught_up()
        found["latency"] = _latency(tenant, member, leads, seconds, pid)
        found["consumed"] = _backlog(tenant, pid)
    finally:
        up.terminate()
        up.wait(30)
    found["rehearsal"] = _rehearsal(tenant, member)
    found["timers"] = _timers(tenant, flows[0], timers)
    return found


def someone() -> tuple[UUID, UUID]:
    from django.db import transaction

    from klientel.kernel.tenancy import inside
    from klientel.kernel.testing import make_tenant
    from klientel.kernel.testing.making import make_member

    tenant = make_tenant(f"flows-{int(time.time())}").pk
    with inside(tenant), transaction.atomic():
        member = make_member("Anna Alster", [{"record": "*", "verb": "*"}]).member
    assert member is not None
    return tenant, member


def _leads(tenant: UUID, n: int) -> list[UUID]:
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import Item, run_many
    from klientel.kernel.events.surroundings import working_in

    with working_in(tenant):
        rows = (Item(params={"name": f"Lead {i}", "source": "old"}) for i in range(n))
        return [o.record.pk for o in run_many(system_actor(), "sales.lead.create", rows)]


def _workflows(tenant: UUID, member: UUID, n: int) -> list[UUID]:
    """Two that watch for what has an effect, the others for changes of the same field that do not fulfil them."""
    from django.db import transaction

    from klientel.kernel.access import actor_of
    from klientel.kernel.actions import run
    from klientel.kernel.events.surroundings import working_in

    made = []
    with working_in(tenant), transaction.atomic():
        actor = actor_of(member)
        for i in range(n):
            hot = {"field": "source", "to": "hot"} if i == 0 else {"field": "source"}
            where = {"all": [{"field": "status", "op": "is", "value": "new" if i == 0 else "contacted"},
                             {"field": "campaign", "op": "is_not", "value": f"Campaign {i}"}]}  # fmt: skip
            definition = {
                "on": "sales.lead", "trigger": {"when": "changed", "fields": [hot]}, "where": where,
                "steps": [{"do": "notify", "who": "me", "text": "{{title}}"}],
            }  # fmt: skip
            flow = run(actor, "automation.workflow.create", name=f"Flow {i}", definition=definition).record
            run(actor, "automation.workflow.activate", flow.pk, anyway=True)
            made.append(flow.pk)
    return made


def _reacting(tenant: UUID, leads: list[UUID]) -> dict[str, float]:
    """The consumer itself, 500 events at once, with a few and with many workflows; rolled back each time."""
    from django.db import connection, transaction

    from klientel.automation.jobs.reacting import react
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import Item, run_many
    from klientel.kernel.events.event import read
    from klientel.kernel.events.surroundings import working_in
    from klientel.kernel.sql import Sql

    found = {}
    with working_in(tenant):
        items = [Item(one, {"source": "hot" if n % 50 == 0 else "warm"}) for n, one in enumerate(leads)]
        list(run_many(system_actor(), "sales.lead.change", items))
        with transaction.atomic():
            some = [e for e in read(Sql("e.kind = 'sales.lead.change'")) if "source" in e.changes]
        for keep in (1, 5, 50):
            times = []
            for _n in range(5):
                with transaction.atomic():
                    with connection.cursor() as cursor:
                        cursor.execute(
                            "UPDATE automation_workflow SET state = 'draft' WHERE id IN"
                            " (SELECT id FROM automation_workflow ORDER BY id OFFSET %s)", [keep])  # fmt: skip
                    begun = time.perf_counter()
                    react(some)
                    times.append(time.perf_counter() - begun)
                    transaction.set_rollback(True)
            found[f"{keep}_workflows"] = round(sorted(times)[2] * 1000 / len(some), 3)
        list(run_many(system_actor(), "sales.lead.change", [Item(one, {"source": "cold"}) for one in leads]))
    return found


def _latency(tenant: UUID, member: UUID, leads: list[UUID], seconds: float, pid: int) -> dict[str, Any]:
    commits: list[float] = []
    cpu = _cpu_of(pid)
    before = cpu()
    with consumers._hints((tenant, member)) as hints:
        base = _write(tenant, member, leads, seconds, commits)
        end = time.monotonic() + 60
        while (not hints or hints[-1][0] < base + len(commits)) and time.monotonic() < end:
            time.sleep(0.05)
    used = [round((now - then) / seconds * 100) for now, then in zip(cpu(), before, strict=True)]
    commits.sort()
    waits: list[float] = []
    for count, at in hints:
        while len(waits) < len(commits) and base + len(waits) < count:
            waits.append(at - commits[len(waits)])
    waits.sort()
    if len(waits) < len(commits):
        raise SystemExit(f"{len(commits) - len(waits)} events took no effect.")
    return {
        "effects": len(waits), "events_per_second": RATE, "load": round(os.getloadavg()[0], 2),
        "p50_ms": round(waits[len(waits) // 2] * 1000), "p95_ms": round(waits[int(len(waits) * 0.95)] * 1000),
        "most_ms": round(waits[-1] * 1000), "process_percent": used[0], "database_percent": used[1],
    }  # fmt: skip


def _write(tenant: UUID, member: UUID, leads: list[UUID], seconds: float, commits: list[float]) -> int:
    from django.db import connection, transaction

    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import run
    from klientel.kernel.events.surroundings import working_in
    from klientel.kernel.live import notifications

    with working_in(tenant), transaction.atomic():
        base = notifications.unread(member)
    first = time.perf_counter() + 0.1

    def writer(offset: int) -> None:
        with working_in(tenant):
            actor = system_actor("Bench")
            for n in range(offset, int(seconds * RATE), WRITERS):
                time.sleep(max(0.0, first + n / RATE - time.perf_counter()))
                effect = n % EFFECTS == 0
                run(actor, "sales.lead.change", leads[n % len(leads)], source="hot" if effect else f"s{n}")
                if effect:
                    commits.append(time.perf_counter())
        connection.close()

    threads = [threading.Thread(target=writer, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return base


def _backlog(tenant: UUID, pid: int) -> dict[str, Any]:
    """20,000 changes, 2 % with an effect, written while nothing consumes; then how fast all consumers are through."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import Item, run_many
    from klientel.kernel.events.surroundings import working_in

    fresh = _leads(tenant, 5000)
    consumers.caught_up()
    time.sleep(3)  # what is left of it has been read, too
    cpu, total = _cpu_of(pid), 0
    os.kill(pid, signal.SIGSTOP)
    try:
        with working_in(tenant):
            for turn in range(4):
                items = (
                    Item(one, {"source": "hot" if (n + turn) % 50 == 0 else f"t{turn}"}) for n, one in enumerate(fresh)
                )
                total += sum(1 for o in run_many(system_actor(), "sales.lead.change", items) if o.refused is None)
        before = cpu()
    finally:
        os.kill(pid, signal.SIGCONT)
    begun = time.perf_counter()
    consumers.caught_up()
    seconds = time.perf_counter() - begun
    used = [round((now - then) * 1000 / total, 3) for now, then in zip(cpu(), before, strict=True)]
    return {
        "events": total, "consumed_per_second": round(total / seconds), "load": round(os.getloadavg()[0], 2),
        "process_cpu_ms_per_event": used[0], "database_cpu_ms_per_event": used[1],
    }  # fmt: skip


def _cpu_of(pid: int) -> Callable[[], tuple[float, float]]:
    """Tells seconds of the consumers' process, and of the backend that serves it; asked for while it only polls."""
    from django.conf import settings

    with settings.SERVER.connect() as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE query LIKE '%kernel_wake%'").fetchall()
        others = [row[0] for row in rows if row[0] != connection.info.backend_pid]
    return lambda: (consumers._cpu(pid), sum(consumers._cpu(one) for one in others))


def _rehearsal(tenant: UUID, member: UUID) -> dict[str, Any]:
    from django.db import transaction

    from klientel.automation.actions.rehearsing import rehearse
    from klientel.kernel.access import actor_of
    from klientel.kernel.events.surroundings import working_in

    definition = {
        "on": "sales.lead", "trigger": {"when": "changed", "fields": []}, "where": None,
        "steps": [{"do": "action", "action": "work.task.create", "params": {
            "subject": "{{title}}", "concerns": [{"of": "id"}]}}],
    }  # fmt: skip
    with working_in(tenant):
        with transaction.atomic():
            actor = actor_of(member)
        result = rehearse(actor, definition, days=7)
    return {
        "events": result.looked_at, "runs": len(result.runs), "tried_out": sum(r.tried for r in result.runs),
        "seconds": round(result.seconds, 1),
    }  # fmt: skip


def _timers(tenant: UUID, workflow: UUID, n: int) -> dict[str, Any]:
    from django.conf import settings
    from django.db import connection, transaction

    from klientel.automation.actions.running import DUE
    from klientel.automation.models import Version
    from klientel.kernel.events.surroundings import working_in
    from klientel.lib import clock

    found: dict[str, Any] = {}
    with working_in(tenant):
        for waiting in (0, n):
            with transaction.atomic(), connection.cursor() as cursor:
                version = Version.objects.get(workflow=workflow, active=True)
                facts = {"tenant": tenant, "workflow": workflow, "version": version.pk, "n": waiting}
                cursor.execute(TIMERS, facts)
            with settings.SERVER.connect() as server:
                server.execute("ANALYZE automation_run")
            times = []
            for _n in range(20):
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE automation_run SET due_at = now() - interval '1 second' WHERE id IN (SELECT id FROM"
                        " automation_run WHERE tenant_id = %s AND state = 'open' LIMIT 200)", [tenant])  # fmt: skip
                    begun = time.perf_counter()
                    cursor.execute(DUE, [tenant, clock.now(), 200])
                    cursor.fetchall()
                    times.append((time.perf_counter() - begun) * 1000)
                    transaction.set_rollback(True)
            found[f"due_fetch_ms_with_{waiting}"] = round(sorted(times)[10], 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--timers", type=int, default=1_000_000)
    given = parser.parse_args()
    consumers.at_fresh_home(lambda: measure(given.seconds, given.timers))


if __name__ == "__main__":
    main()
