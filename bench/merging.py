"""Merging two persons with 1,000 links each, and taking them apart: statements and CPU."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from bench import machine, place
from bench.bulk import backend, worker

LINKS = 1000
BAR = "under 40 statements each, none per link"


def measure() -> dict[str, Any]:
    """In a home of its own."""
    ports = {"KLIENTEL_HOME": str(place.home(LINKS) / "merge")}
    place.klientel("migrate", "--quiet", **ports)
    place.say(f"merge of two persons with {LINKS} links each, unmerge")
    return worker("bench.merging", str(LINKS), **ports) | {"bar": BAR}


def run(links: int) -> dict[str, Any]:
    """One pair, in a fresh tenant."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import Item, run, run_many
    from klientel.kernel.tenancy import inside
    from klientel.kernel.tenancy.models import Tenant

    tenant = Tenant.objects.create(name="Zusammen", slug=f"merge-{int(time.time())}")
    with inside(tenant.id):
        actor = system_actor("Bench")
        kept, lost = (run(actor, "contacts.person.create", last_name=name).record.id for name in ("Brandt", "Brand"))
        firm = run(actor, "contacts.organisation.create", name="Werft").record.id
        for person in (kept, lost):
            for key, values in _links(person, firm).items():
                list(run_many(actor, f"{key}.create", (Item(None, values(n)) for n in range(links // 5))))
        merge = _timed(lambda: run(actor, "contacts.person.merge", kept, records=[lost]))
        return {"merge": merge, "unmerge": _timed(lambda: run(actor, "contacts.person.unmerge", kept, records=[lost]))}


def _links(person: Any, firm: Any) -> dict[str, Any]:
    return {
        "work.note": lambda n: {"text": f"Notiz {n}", "concerns": [person]},
        "work.task": lambda n: {"subject": f"Aufgabe {n}", "concerns": [person]},
        "work.call": lambda n: {"subject": f"Anruf {n}", "concerns": [person]},
        "kernel.comment": lambda n: {"text": f"Kommentar {n}", "about": [person]},
        "contacts.affiliation": lambda n: {"person": person, "organisation": firm, "role": f"Rolle {n}"},
    }


def _timed(job: Any) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    own, begun = os.getpid(), time.monotonic()
    before = machine.cpu(own) + backend()
    with CaptureQueriesContext(connection) as seen:
        job()
    spent = machine.cpu(own) + backend() - before
    return {"statements": len(seen), "cpu_s": round(spent, 2), "wall_s": round(time.monotonic() - begun, 2)}


def main() -> None:
    """One part, with a database that answers."""
    from klientel.site.cli.database import serving

    with serving():
        found = run(int(sys.argv[1]))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
