"""How long after its commit an event takes effect, and what consumers cost while nothing happens.

``python -m bench.consumers``: writers make notes that mention a member, fifty in a second; the effect is the hint that
the consumer sends when it commits the notification. Then the same while another tenant takes in 100,000 persons.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from bench import place
from klientel.site.setup import ROOT

RATE = 50
WRITERS = 4

IMPORT = """
import sys, django
django.setup()
from uuid import UUID
from django.db import transaction
from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run_many
from klientel.kernel.tenancy import inside
with inside(UUID(sys.argv[1])):
    rows = (Item(params={"first_name": "Kim", "last_name": f"Muster{n}", "emails": [f"kim{n}@example.org"]})
            for n in range(int(sys.argv[2])))
    for _ in run_many(system_actor(), "contacts.person.create", rows):
        pass
"""


def measure(seconds: float = 20.0, rows: int = 100_000) -> dict[str, Any]:
    """Everything, in a home folder of its own; with Django ready and a database that answers."""
    busy, other = _people()
    up = subprocess.Popen(klientel("up", "--only", "consumers"), cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        pid = _consumer_of(up.pid)
        time.sleep(2)  # it looks at every tenant first
        place.say("the consumers read what they have not read yet, five minutes at most")
        found: dict[str, Any] = {"caught_up_before_idle_seconds": caught_up(), "unread_left": unread()}
        time.sleep(6)
        place.say("idle")
        found["idle"] = _idle(pid, seconds)
        place.say(f"{RATE} writes a second")
        found["alone"] = _latencies(busy, seconds, pid)
        place.say(f"the same beside an import of {rows} rows")
        work = subprocess.Popen([sys.executable, "-c", IMPORT, str(other), str(rows)], cwd=ROOT)
        begun = time.perf_counter()
        time.sleep(2)
        found["beside_an_import"] = _latencies(busy, seconds, pid)
        found["beside_an_import"]["import_was_running"] = work.poll() is None
        work.wait()
        found["import_rows_per_second"] = round(rows / (time.perf_counter() - begun))
        found["caught_up_after_import_seconds"] = caught_up()
        return found
    finally:
        up.terminate()
        up.wait(30)


def klientel(*words: str) -> list[str]:
    """The command line that calls ``klientel`` with these words."""
    return [sys.executable, "-m", "klientel.site.cli", *words]


def _people() -> tuple[tuple[UUID, UUID], UUID]:
    """A tenant with a member who is mentioned, and one that imports."""
    from django.db import transaction

    from klientel.kernel.tenancy import inside
    from klientel.kernel.testing import make_tenant
    from klientel.kernel.testing.making import make_member

    stamp = int(time.time())
    busy, other = make_tenant(f"busy-{stamp}"), make_tenant(f"importing-{stamp}")
    with inside(busy.pk), transaction.atomic():
        member = make_member("Anna Alster", [{"record": "*", "verb": "*"}])
    assert member.member is not None
    return (busy.pk, member.member), other.pk


def _consumer_of(parent: int) -> int:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for folder in Path("/proc").iterdir():
            try:
                parts = (folder / "stat").read_text().rpartition(")")
            except OSError:
                continue
            if parts[0].endswith("klientel-consum") and int(parts[2].split()[1]) == parent:
                return int(folder.name)
        time.sleep(0.1)
    raise SystemExit("The consumers did not start.")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _idle(pid: int, seconds: float) -> dict[str, float]:
    """Percent of a core of the process, and of the database backend that serves it."""
    from django.conf import settings

    with settings.SERVER.connect() as connection:
        backends = [
            row[0]
            for row in connection.execute("select pid from pg_stat_activity where query like '%kernel_wake%'")
            if row[0] != connection.info.backend_pid
        ]
    before = [_cpu(p) for p in (pid, *backends)]
    time.sleep(seconds)
    used = [(_cpu(p) - b) / seconds * 100 for p, b in zip((pid, *backends), before, strict=True)]
    return {"process_percent": round(used[0], 2), "database_percent": round(sum(used[1:]), 2)}


def _latencies(busy: tuple[UUID, UUID], seconds: float, pid: int) -> dict[str, Any]:
    commits: list[float] = []
    before = _cpu(pid)
    with _hints(busy) as hints:
        base = _write(busy, seconds, commits)
        end = time.monotonic() + 60
        while (not hints or hints[-1][0] < base + len(commits)) and time.monotonic() < end:
            time.sleep(0.05)
    commits.sort()
    waits, n = [], 0
    for count, at in hints:
        while n < len(commits) and base + n < count:
            waits.append(at - commits[n])
            n += 1
    waits.sort()
    if len(waits) < len(commits):
        raise SystemExit(f"{len(commits) - len(waits)} events took no effect.")
    return {
        "writes_per_second": round(len(commits) / seconds, 1),
        "p50_ms": round(waits[len(waits) // 2] * 1000),
        "p95_ms": round(waits[int(len(waits) * 0.95)] * 1000),
        "most_ms": round(waits[-1] * 1000),
        "process_percent": round((_cpu(pid) - before) / seconds * 100, 1),
    }


@contextmanager
def _hints(busy: tuple[UUID, UUID]) -> Iterator[list[tuple[int, float]]]:
    """How many unread the member had, and when that was said."""
    import psycopg

    from klientel.kernel.jobs.direct import conninfo
    from klientel.kernel.live.signals import CHANNEL, UNREAD

    found: list[tuple[int, float]] = []
    stopping = threading.Event()

    def listen() -> None:
        with psycopg.connect(**conninfo(), autocommit=True) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            while not stopping.is_set():
                for hint in connection.notifies(timeout=0.2):
                    for member, count in json.loads(hint.payload).get(UNREAD, ()):
                        if member == busy[1].hex:
                            found.append((count, time.perf_counter()))

    thread = threading.Thread(target=listen)
    thread.start()
    time.sleep(0.5)
    try:
        yield found
    finally:
        stopping.set()
        thread.join()


def _write(busy: tuple[UUID, UUID], seconds: float, commits: list[float]) -> int:
    """Write at a steady pace; how many were unread before."""
    from django.db import connection, transaction

    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import run
    from klientel.kernel.live import notifications
    from klientel.kernel.tenancy import inside

    with inside(busy[0]), transaction.atomic():
        base = notifications.unread(busy[1])
    first = time.perf_counter() + 0.1

    def writer(offset: int) -> None:
        with inside(busy[0]):
            actor = system_actor("Bench")
            for n in range(offset, int(seconds * RATE), WRITERS):
                time.sleep(max(0.0, first + n / RATE - time.perf_counter()))
                run(actor, "work.note.create", text=f"Note {n}", mentions=[busy[1]])
                commits.append(time.perf_counter())
        connection.close()

    threads = [threading.Thread(target=writer, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return base


def unread() -> bool:
    """Whether there are events that some consumer has not read: then nothing is idle and the figure says so."""
    from klientel.kernel.events import consuming

    return consuming.lag() > 0


def caught_up() -> float:
    """Waits until every consumer has read everything, five minutes at most; how many seconds that took."""
    from klientel.kernel.events import consuming

    begun = time.perf_counter()
    while consuming.lag() > 0 and time.perf_counter() < begun + 300:
        time.sleep(0.1)
    return round(time.perf_counter() - begun, 1)


def at_fresh_home(measured: Callable[[], dict[str, Any]]) -> None:
    """Print what is measured in a home folder of its own, which is removed afterwards."""
    home = tempfile.mkdtemp(prefix="klientel-bench-")
    os.environ |= {
        "KLIENTEL_HOME": home,
        "KLIENTEL_LOG_LEVEL": "error",
        "DJANGO_SETTINGS_MODULE": "klientel.site.settings",
    }
    try:
        subprocess.run(klientel("migrate", "--quiet"), cwd=ROOT, check=True)
        import django
        from django.conf import settings

        django.setup()
        from klientel.site.cli.database import serving

        with serving():
            print(json.dumps(measured(), indent=1))
        shutil.rmtree(settings.SERVER.root, ignore_errors=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rows", type=int, default=100_000)
    given = parser.parse_args()
    at_fresh_home(lambda: measure(given.seconds, given.rows))


if __name__ == "__main__":
    main()
