"""Runs of a workflow while consumers and the database are killed at random: afterwards each was done exactly once.

``python -m bench.automation_kills --runs 10000``. A strike comes only after the one before it was survived by some
work, so that what is killed is work and not a start.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import time
from collections import Counter
from typing import Any
from uuid import UUID

from bench import consumers
from bench.automation import someone
from klientel.site.setup import ROOT

REVIVED = 60.0  # seconds until some work has to be seen after a strike
DONE = "SELECT count(*) FROM automation_run WHERE workflow = '{flow}' AND state = 'done'"


def measure(n: int = 10_000) -> dict[str, Any]:
    """In a tenant of its own; with Django ready and a database that answers."""
    tenant, member = someone()
    flow = _to_be_killed(tenant, member, n)
    up = subprocess.Popen(consumers.klientel("up", "--only", "consumers"), cwd=ROOT, stdout=subprocess.DEVNULL)
    begun, chance, faults, done = time.perf_counter(), random.Random(7), Counter[str](), 0
    longest = 120 + n / 5  # seconds
    try:
        while done < n and time.perf_counter() - begun < longest:
            done = _after_work(flow, done, chance)
            if done < n:
                faults[_strike(up.pid, chance)] += 1
    finally:
        up.terminate()
        up.wait(30)
    return _counted(flow) | {"seconds": round(time.perf_counter() - begun)} | faults


def _counted(flow: UUID) -> dict[str, Any]:
    """Runs by state, and what they left: a task and a change for each."""
    from django.db import connection

    connection.close()  # it has been cut, too
    runs = dict(_asked(f"SELECT state, count(*) FROM automation_run WHERE workflow = '{flow}' GROUP BY 1"))
    tasks = "SELECT count(*), count(DISTINCT concerns) FROM work_task WHERE subject LIKE 'Kill %'"
    [(count, of_leads)] = _asked(tasks)
    [(changed,)] = _asked("SELECT count(*) FROM sales_lead WHERE campaign = 'kills' AND source = 'seen'")
    [(noted,)] = _asked(
        f"SELECT count(*) FROM automation_entry e JOIN automation_run r ON r.id = e.run WHERE r.workflow = '{flow}'"
    )
    return {"runs": runs, "tasks": count, "of_leads": of_leads, "leads_changed": changed, "steps_noted": noted}


def _after_work(flow: UUID, before: int, chance: random.Random) -> int:
    """Waits until something was done since the last strike, and some time more; how many runs are done."""
    end, done = time.perf_counter() + REVIVED, before
    while done == before and time.perf_counter() < end:
        time.sleep(0.2)
        [(done,)] = _asked(DONE.format(flow=flow))
    time.sleep(chance.uniform(0.5, 6.0))
    [(done,)] = _asked(DONE.format(flow=flow))
    return int(done)


def _to_be_killed(tenant: UUID, member: UUID, n: int) -> UUID:
    """A workflow with two effects, and so many leads that start it."""
    from django.db import transaction

    from klientel.kernel.access import actor_of, system_actor
    from klientel.kernel.actions import Item, run, run_many
    from klientel.kernel.events.surroundings import working_in

    task = {"subject": "{{title}}", "concerns": [{"of": "id"}]}
    steps = [{"do": "action", "action": "work.task.create", "params": task},
             {"do": "action", "action": "sales.lead.change", "params": {"source": "seen"}}]  # fmt: skip
    definition = {"on": "sales.lead", "trigger": {"when": "made"}, "steps": steps,
                  "where": {"field": "campaign", "op": "is", "value": "kills"}}  # fmt: skip
    with working_in(tenant):
        with transaction.atomic():
            flow = run(actor_of(member), "automation.workflow.create", name="Kills", definition=definition).record
            run(actor_of(member), "automation.workflow.activate", flow.pk, anyway=True)
        rows = (Item(params={"name": f"Kill {i}", "campaign": "kills"}) for i in range(n))
        list(run_many(system_actor(), "sales.lead.create", rows))
    found: UUID = flow.pk
    return found


def _strike(up: int, chance: random.Random) -> str:
    """Kill the consumers; or a backend, upon which PostgreSQL ends all others and recovers; or cut every connection."""
    luck = chance.random()
    if luck < 0.5:
        os.kill(consumers._consumer_of(up), signal.SIGKILL)
        return "consumers_killed"
    backends = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    if luck < 0.75 and (found := _asked(f"SELECT pid {backends} LIMIT 1")):
        os.kill(found[0][0], signal.SIGKILL)
        return "databases_crashed"
    _asked(f"SELECT pg_terminate_backend(pid) {backends}")
    return "connections_cut"


def _asked(question: str) -> list[Any]:
    """By a connection of its own; asked again where the database recovers at this moment."""
    import psycopg
    from django.conf import settings

    for _n in range(100):
        try:
            with settings.SERVER.connect() as server:
                return list(server.execute(question).fetchall())
        except psycopg.OperationalError:
            time.sleep(0.3)
    raise SystemExit("The database did not come back.")


def main() -> None:
    """In a home folder of its own, removed afterwards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    given = parser.parse_args()
    consumers.at_fresh_home(lambda: measure(given.runs))


if __name__ == "__main__":
    main()
