"""Import and export of all persons against a raw COPY by superuser, each in a process of its own."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from bench import machine, place
from bench.reference import copy_import
from klientel.site.setup import ROOT

COLUMNS = ("Anrede", "Titel", "Vorname", "Nachname", "Firma", "Position", "E-Mail", "Telefon", "Ort", "PLZ", "Quelle")


def measure(persons: int) -> dict[str, Any]:
    """In a home of its own: the import, the export of what it brought, and the same rows by COPY out and in."""
    folder = place.home(persons)
    path = folder / "import.csv"
    write(path, persons)
    ports = {"KLIENTEL_HOME": str(folder / "import")}
    place.klientel("migrate", "--quiet", **ports)
    place.say(f"import of {persons} rows")
    ours = worker("bench.bulk", "import", str(path), **ports)
    place.say("export")
    out, raw_out = (
        worker("bench.bulk", "export", ours["tenant"], **ports),
        worker("bench.bulk", "copy-to", ours["tenant"], **ports),
    )
    place.say("the same rows by COPY")
    raw = worker("bench.bulk", "copy", ours["tenant"], **ports)
    tenth = folder / "import-tenth.csv"
    write(tenth, persons // 10)
    small = worker("bench.bulk", "import", str(tenth), **ports)
    flat = {"import_peak_mb_of_a_tenth": round(small["peak_mb"])}
    return _told_import(persons, ours, raw) | flat | _told_export(out, raw_out)


def write(path: Path, persons: int) -> None:
    """The file to import: persons with a firm, an address and a number."""
    from bench import data

    maker = data.Numbered(99)
    firms = [maker.firm() for _ in range(max(1, persons // 50))]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(COLUMNS)
        for n in range(persons):
            firm = firms[n % len(firms)]
            one, address = maker.person(firm["emails"][0]["value"].partition("@")[2]), firm["addresses"][0]
            writer.writerow([
                {"ms": "Frau", "mr": "Herr"}.get(one["salutation"], ""), one.get("academic_title", ""),
                one["first_name"], one["last_name"], firm["name"], one["position"], one["emails"][0]["value"],
                one["phones"][0]["value"] if one["phones"] else "", address["city"], address["postcode"], one["source"],
            ])  # fmt: skip


def worker(module: str, *words: str, **environ: str) -> dict[str, Any]:
    """A part of a module in a process of its own; what it prints last is JSON."""
    begun = time.monotonic()
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"KLIENTEL_DATABASE_POOL": "1"} | environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found | {"wall_seconds": round(time.monotonic() - begun, 2)}


def _told_import(persons: int, ours: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "import_rows_per_second": round(persons / ours["seconds"]), "import_counts": ours["counts"],
        "import_peak_mb": round(ours["peak_mb"]), "import_cpu": ours["cpu"],
        "copy_rows_per_second": round(persons / raw["seconds"]), "copy_cpu": raw["cpu"], "copy_tables": raw["tables"],
        "import_share_of_copy": round(raw["seconds"] / ours["seconds"], 3),
        "import_share_of_copy_cpu": round(raw["cpu"] / sum(ours["cpu"].values()), 3),
        "import_bar": "at least 0.25, under 300 MB",
    }  # fmt: skip


def _told_export(ours: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "export_seconds": round(ours["seconds"], 2), "export_rows": ours["rows"],
        "export_peak_mb": round(ours["peak_mb"]), "copy_to_seconds": round(raw["seconds"], 2),
        "export_times_copy": round(ours["seconds"] / raw["seconds"], 2),
        "export_cpu": round(ours["cpu"], 2), "copy_to_cpu": round(raw["cpu"], 2),
        "export_times_copy_cpu": round(ours["cpu"] / max(0.01, raw["cpu"]), 2), "export_bar": "4",
    }  # fmt: skip


# -- in processes of their own ---------------------------------------------------------------------------------------


def run_import(path: str) -> dict[str, Any]:
    """A fresh tenant takes the file in, by the assistant's own way."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.tenancy import inside
    from klientel.kernel.tenancy.models import Tenant
    from klientel.kernel.transfer import assistant

    tenant = Tenant.objects.create(name="Einfuhr", slug=f"import-{int(time.time())}")
    with inside(tenant.id):
        run = assistant.start(system_actor("Bench"), "contacts.person", Path(path), name="import.csv")
        begun = time.monotonic()
        done = assistant.commit(run)
        seconds = time.monotonic() - begun
    own = os.getpid()
    cpu = {"application": machine.cpu(own), "database": backend()}
    facts = {"seconds": seconds, "counts": dict(done.counts), "peak_mb": machine.peak(own), "cpu": cpu}
    return facts | {"tenant": str(tenant.id)}


def backend() -> float:
    """The CPU of this process's connection; the pool holds one."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        found = round(machine.cpu(cursor.fetchone()[0]), 2)
    connection.close()
    return found


def run_copy(tenant: str) -> dict[str, Any]:
    """The rows of the import again, raw."""
    from django.conf import settings

    with settings.SERVER.connect() as connection:
        found = copy_import.seconds(connection, UUID(tenant), Path(os.environ["KLIENTEL_HOME"]))
        return found | {"cpu": machine.cpu(connection.info.backend_pid)}


class Nowhere:
    """A file that counts lines and keeps nothing."""

    lines = 0

    def write(self, piece: bytes) -> int:
        """Counted."""
        self.lines += piece.count(b"\n")
        return len(piece)


def run_export(tenant: str) -> dict[str, Any]:
    """All persons with every field, as CSV to nowhere."""
    from klientel.kernel.access import ActorScope, system_actor
    from klientel.kernel.records import type_of
    from klientel.kernel.tenancy import inside
    from klientel.kernel.transfer import exporting

    target: Any = Nowhere()
    with inside(UUID(tenant)):
        before, begun = time.process_time() + backend(), time.monotonic()
        exporting.export(ActorScope(system_actor("Bench")), type_of("contacts.person"), out=target)
        seconds, cpu = time.monotonic() - begun, time.process_time() + backend() - before
    return {"seconds": seconds, "cpu": cpu, "rows": target.lines - 1, "peak_mb": machine.peak(os.getpid())}


def run_copy_to(tenant: str) -> dict[str, Any]:
    """The same table by COPY TO."""
    from django.conf import settings

    query = f"copy (select * from contacts_person where tenant_id = '{UUID(tenant)}') to stdout (format csv)"
    target = Nowhere()
    with settings.SERVER.connect() as connection:
        pid = connection.info.backend_pid
        before, begun = time.process_time() + machine.cpu(pid), time.monotonic()
        with connection.cursor() as cursor, cursor.copy(query) as stream:
            for piece in stream:
                target.write(bytes(piece))
        seconds, cpu = time.monotonic() - begun, time.process_time() + machine.cpu(pid) - before
    return {"seconds": seconds, "cpu": cpu}


PARTS = {"import": run_import, "copy": run_copy, "export": run_export, "copy-to": run_copy_to}


def main() -> None:
    """One part, with a database that answers."""
    from klientel.site.cli.database import serving

    with serving():
        found = PARTS[sys.argv[1]](sys.argv[2])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
