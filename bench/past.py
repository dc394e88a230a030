"""A list with a filter as of last month, over many persons of whom some changed since, against the list of today."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from typing import Any
from uuid import UUID

from bench import machine, place
from bench.bulk import backend, worker

SHARE = 20  # every twentieth person changed since
ROUNDS = 3
WHERE = {
    "all": [{"field": "stage", "op": "is", "value": "lead"}, {"field": "position", "op": "contains", "value": "L"}]
}
LOAD = """
INSERT INTO contacts_person ({columns})
SELECT {picked} FROM generate_series(1, %s) n, json_populate_record(NULL::contacts_person, %s) r
"""


def measure(persons: int) -> dict[str, Any]:
    """In a home of its own, kept between runs."""
    folder = place.home(persons)
    ports = {"KLIENTEL_HOME": str(folder / "past")}
    place.klientel("migrate", "--quiet", **ports)
    place.say(f"{persons} persons, {persons // SHARE} changed since")
    return worker("bench.past", str(persons), **ports)


def run(persons: int) -> dict[str, Any]:
    """Fill once, then ask."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.tenancy import inside
    from klientel.kernel.tenancy.models import Tenant

    tenant, fresh = Tenant.objects.get_or_create(slug=f"past-{persons}", defaults={"name": "Früher"})
    with inside(tenant.id):
        actor = system_actor("Bench")
        if fresh:
            _fill(persons)
            _change(actor)
        return _ask(actor, persons)


def _fill(persons: int) -> None:
    """Persons of two months ago, straight into the table; the planner is told."""
    from django.conf import settings

    from klientel.kernel.actions import drafting, storing
    from klientel.kernel.records import type_of
    from klientel.kernel.tenancy import current

    rtype = type_of("contacts.person")
    blank = drafting.fresh(rtype, rtype.fields, {})
    blank.tenant_id, blank.created_by = current(), "system:"
    row = {column: getattr(blank, attname) for column, attname in storing.stored_columns(rtype.model)}
    own = {
        "id": "uuidv7(interval '-60 days')",
        "first_name": "(ARRAY['Anna','Berta','Cora','Dora','Emil'])[1 + mod(n, 5)]",
        "last_name": "'Name' || n",
        "title": "'Name' || n",
        "sort_key": "'name' || lpad(mod(n::bigint * 7919, 10000019)::text, 9, '0')",
        "position": "(ARRAY['Leitung','Einkauf','Vertrieb','Lager'])[1 + mod(n, 4)]",
        "stage": "(ARRAY['lead','customer','prospect'])[1 + mod(n, 3)]",
        "created_at": "now() - interval '60 days'",
        "changed_at": "now() - interval '60 days'",
    }
    names = ", ".join(f'"{c}"' for c in row)
    picked = ", ".join(own.get(c, f'r."{c}"') for c in row)
    with settings.SERVER.connect() as connection:
        connection.execute(LOAD.format(columns=names, picked=picked), [persons, storing.dumps(row)])
        connection.execute("ANALYZE contacts_person")


def _change(actor: Any) -> None:
    """Every twentieth person changes, by the ordinary way."""
    from django.db import connection, transaction

    from klientel.kernel.actions import Item, run_many
    from klientel.kernel.tenancy import current

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM contacts_person WHERE tenant_id = %s ORDER BY id", [current()])
        ids: list[UUID] = [row[0] for row in cursor.fetchall()][::SHARE]
    values = ({"stage": "lead"}, {"position": "Leitung"}, {"last_name": "Neu"}, {"stage": "former", "position": "Rat"})
    for n, params in enumerate(values):
        some = ids[n :: len(values)]
        for outcome in run_many(actor, "contacts.person.change", (Item(i, params) for i in some)):
            if outcome.refused is not None:
                raise SystemExit(str(outcome.refused.message))
    from django.conf import settings

    with settings.SERVER.connect() as other:
        other.execute("ANALYZE kernel_event, kernel_event_private, contacts_person")


def _ask(actor: Any, persons: int) -> dict[str, Any]:
    from django.db import transaction

    from klientel.kernel.access import ActorScope, reading
    from klientel.kernel.history import differing, past
    from klientel.kernel.records import type_of

    rtype, scope = type_of("contacts.person"), ActorScope(actor)
    at, columns = dt.datetime.now(dt.UTC) - dt.timedelta(days=30), ("position", "stage", "emails")
    questions = {
        "today": lambda: reading.select(scope, rtype, columns=columns, where=WHERE),
        "past": lambda: past.select(scope, rtype, at, columns=columns, where=WHERE),
        "past_without_filter": lambda: past.select(scope, rtype, at, columns=columns),
        "past_by_stage": lambda: past.select(scope, rtype, at, columns=columns, where=WHERE, sort="stage"),
        "changed_since": lambda: differing.differences(scope, rtype, at, where=WHERE, columns=columns),
    }
    found: dict[str, Any] = {"persons": persons, "changed": persons // SHARE}
    for name, ask in questions.items():
        spent, wall = [], []
        for _n in range(ROUNDS):
            before, begun = time.process_time() + _database(), time.monotonic()
            with transaction.atomic():
                ask()
            wall.append(time.monotonic() - begun)
            spent.append(time.process_time() + _database() - before)
        found[name] = {"cpu_seconds": round(min(spent), 2), "wall_seconds": round(min(wall), 2)}
    return found | {"bar": "past under 2 s of CPU at 1,000,000"}


def _database() -> float:
    """The backend of this process and the parallel workers that ended."""
    return backend() + machine.ended(place.postmaster())


def main() -> None:
    """One part, with a database that answers."""
    from klientel.site.cli.database import serving

    with serving():
        found = run(int(sys.argv[1]))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
