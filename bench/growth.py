"""How an import fares as it grows: a tenth of the rows and then all of them, each into a database of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from bench import machine, place
from bench.bulk import worker, write

SLICES = 10  # of each import that are told apart


def measure(persons: int) -> dict[str, Any]:
    """Rows per second of the smaller and of the larger import, tenth by tenth, with memory and CPU."""
    found = {str(rows): _alone(persons, rows) for rows in (persons // 10, persons)}
    small, large = found.values()
    return found | {
        "rows_per_second_to_those_of_a_tenth": round(large["rows_per_second"] / small["rows_per_second"], 2),
        "the_same_by_cpu": round(small["cpu_ms_a_row"] / large["cpu_ms_a_row"], 2), "bar": "at least 0.8; memory flat",
    }  # fmt: skip


def _alone(persons: int, rows: int) -> dict[str, Any]:
    folder = place.home(persons) / f"growth-{rows}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / "import.csv"
    write(path, rows)
    environ = {"KLIENTEL_HOME": str(folder)}
    place.klientel("migrate", "--quiet", **environ)
    place.say(f"import of {rows} rows into an empty database")
    try:
        return worker("bench.growth", str(path), str(rows), **environ)
    finally:
        shutil.rmtree(folder)


class Slices:
    """Notes time, CPU and memory each time a tenth of the rows is done."""

    def __init__(self, rows: int, backend: int) -> None:
        self.rows, self.backend = rows, backend
        self.found: list[dict[str, float]] = []
        self.last = self.now()

    def now(self) -> tuple[float, float, float]:
        """Wall clock, CPU of this process, CPU of its connection."""
        return time.monotonic(), machine.cpu(os.getpid()), machine.cpu(self.backend)

    def told(self, run: Any) -> None:
        """After each chunk."""
        if run.rows_done * SLICES < self.rows * (len(self.found) + 1):
            return
        now = self.now()
        wall, own, theirs = (b - a for a, b in zip(self.last, now, strict=True))
        each = self.rows / SLICES
        self.last = now
        self.found.append({
            "rows_per_second": round(each / wall), "application_ms": round(1000 * own / each, 3),
            "database_ms": round(1000 * theirs / each, 3), "mb": round(machine.memory(os.getpid(), "Rss:")),
        })  # fmt: skip
        place.say(f"{run.rows_done} rows: {self.found[-1]}, load {os.getloadavg()[0]:.1f}")


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
