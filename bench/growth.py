"""How an import fares as it grows: a tenth of the rows and all of them, in turns, each into a database of its own.

A machine's speed may change by half within the minutes that the larger one takes. So neither runs after the other: each
does a hundredth of its rows, then it is the other's turn.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import machine, place
from bench.bulk import write
from klientel.site.setup import ROOT

SLICES = 10  # of each import that are told apart
TURNS = 100


def measure(persons: int) -> dict[str, Any]:
    """Rows per second of the smaller and of the larger import, tenth by tenth, with memory and CPU."""
    folders = {rows: _home(persons, rows) for rows in (persons // 10, persons)}
    place.say(f"import of {' and '.join(map(str, folders))} rows into empty databases, in turns")
    try:
        found = _in_turns([_begun(folder, rows) for rows, folder in folders.items()])
    finally:
        for folder in folders.values():
            shutil.rmtree(folder)
    small, large = found
    return dict(zip(map(str, folders), found, strict=True)) | {
        "rows_per_second_to_those_of_a_tenth": round(large["rows_per_second"] / small["rows_per_second"], 2),
        "the_same_by_cpu": round(small["cpu_ms_a_row"] / large["cpu_ms_a_row"], 2), "bar": "at least 0.8; memory flat",
    }  # fmt: skip


def _home(persons: int, rows: int) -> Path:
    folder = place.home(persons) / f"growth-{rows}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write(folder / "import.csv", rows)
    place.klientel("migrate", "--quiet", KLIENTEL_HOME=str(folder))
    return folder


def _begun(folder: Path, rows: int) -> subprocess.Popen[str]:
    """An import in a process of its own, which waits for a line before each turn and says one after it."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench.growth", str(folder / "import.csv"), str(rows)], cwd=ROOT, text=True,
        env=os.environ | {"KLIENTEL_DATABASE_POOL": "1", "KLIENTEL_HOME": str(folder)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def _in_turns(processes: list[subprocess.Popen[str]]) -> list[dict[str, Any]]:
    """What each said last, once all have ended."""
    found: list[dict[str, Any]] = [{} for _ in processes]
    while not all(found):
        for n, process in enumerate(processes):
            if found[n]:
                continue
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("on\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                for one in processes:
                    one.terminate()
                raise SystemExit("An import of the bench ended before its rows did.")
            found[n] = json.loads(line)
    for process in processes:
        process.wait()
    return found


class Slices:
    """Notes time, CPU and memory each time a tenth of the rows is done; waits for its turn each hundredth."""

    def __init__(self, rows: int, backend: int) -> None:
        self.rows, self.backend = rows, backend
        self.found: list[dict[str, float]] = []
        self.turns = 0
        self.away = (0.0, 0.0, 0.0)  # wall clock and CPU while it was the other's turn
        self.last = self.now()

    def now(self) -> tuple[float, float, float]:
        """Wall clock, CPU of this process, CPU of its connection: of its own turns."""
        found = time.monotonic(), machine.cpu(os.getpid()), machine.cpu(self.backend)
        return tuple(a - b for a, b in zip(found, self.away, strict=True))

    def told(self, run: Any) -> None:
        """After each chunk."""
        self._noted(run.rows_done)
        if run.rows_done * TURNS >= self.rows * (self.turns + 1):
            self.turns += 1
            before = self.now()
            print("{}", flush=True)
            input()
            self.away = tuple(a + b - c for a, b, c in zip(self.away, self.now(), before, strict=True))

    def _noted(self, done: int) -> None:
        if done * SLICES < self.rows * (len(self.found) + 1):
            return
        now = self.now()
        wall, own, theirs = (b - a for a, b in zip(self.last, now, strict=True))
        each = self.rows / SLICES
        self.last = now
        self.found.append({
            "rows_per_second": round(each / wall), "application_ms": round(1000 * own / each, 3),
            "database_ms": round(1000 * theirs / each, 3), "mb": round(machine.memory(os.getpid(), "Rss:")),
        })  # fmt: skip
        place.say(f"{done} of {self.rows} rows: {self.found[-1]}, load {os.getloadavg()[0]:.1f}")


def run(path: str, rows: int) -> dict[str, Any]:
    """A fresh tenant takes the file in, by the assistant's own way."""
    from django.db import connection

    from klientel.kernel.access import system_actor
    from klientel.kernel.tenancy import inside
    from klientel.kernel.tenancy.models import Tenant
    from klientel.kernel.transfer import assistant, running

    tenant = Tenant.objects.create(name="Einfuhr", slug=f"growth-{int(time.time())}")
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        backend = cursor.fetchone()[0]
    with inside(tenant.id):
        stored = assistant.start(system_actor("Bench"), "contacts.person", Path(path), name="import.csv")
        input()
        slices = Slices(rows, backend)
        begun, own, theirs = slices.now()
        done = running.carry_out(stored.pk, tell=slices.told)
        ended, own_after, theirs_after = slices.now()
    return {
        "rows_per_second": round(rows / (ended - begun)), "counts": dict(done.counts),
        "cpu_ms_a_row": round(1000 * (own_after - own + theirs_after - theirs) / rows, 3),
        "peak_mb": round(machine.peak(os.getpid())), "slices": slices.found,
    }  # fmt: skip


def main() -> None:
    """The import, with a database that answers."""
    from klientel.site.cli.database import serving

    with serving():
        found = run(sys.argv[1], int(sys.argv[2]))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
