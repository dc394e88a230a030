"""``kill -9`` of web, worker, consumers and database at random moments of import, merge, bulk edit and undo.

All of Klientel runs as it does for a customer. In each round four jobs run at once, in a tenant each, one process of
them is killed, and everything has to come to its end by itself. Then counts must be exact: nothing lost, nothing twice.
"""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from uuid import UUID, uuid4

from bench import machine, place
from bench.bulk import worker

ROUNDS = 15  # of four jobs each
ROWS = 2000
MERGES, NOTES = 6, 40
PATIENCE = 900.0  # seconds: a stalled job is looked for every 20, one that failed is tried again after 5, 25, 125
VICTIMS = ("web", "worker", "database", "consumers")
PERSON = "contacts.person"
T = TypeVar("T")


def measure(rounds: int = ROUNDS, victims: Sequence[str] = VICTIMS, **environ: str) -> dict[str, Any]:
    """In a home of its own, so that no other figures stand on what was killed; ``victims`` in turns."""
    port = place.free_port()
    ports = {"KLIENTEL_HOME": str(place.home(ROWS) / "kills"), "KLIENTEL_PORT": str(port)}
    ports |= {"KLIENTEL_LIVE_PORT": str(port + 1), "KLIENTEL_WORKER_JOBS": "4"}
    place.klientel("migrate", "--quiet", **ports)
    place.say(f"{rounds} rounds of four jobs, one process killed in each")
    return worker("bench.kills", str(rounds), *victims, **ports, **environ)


def firmly(job: Callable[[], T]) -> T:
    """Ask again where the database was away for a moment."""
    from django.db import InterfaceError, OperationalError, connection

    end = time.monotonic() + PATIENCE
    while True:
        try:
            return job()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@dataclass
class Tenant:
    """Somebody's workspace, and whoever acts in it."""

    id: UUID
    token: str
    change_set: UUID | None = None  # of the last bulk edit


def tenant(name: str) -> Tenant:
    """A fresh workspace with one member who may do everything."""
    import datetime as dt

    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import run
    from klientel.kernel.identity import accounts, tokens
    from klientel.kernel.tenancy import inside
    from klientel.kernel.tenancy import models as tenancy

    made = tenancy.Tenant.objects.create(name=name, slug=f"kills-{name}-{int(time.time() * 1000)}", trash_days=0)
    with inside(made.pk):
        role = run(system_actor(), "kernel.role.create", name="Alles", grants=[{"record": "*", "verb": "*"}]).record
        user = accounts.create(f"{uuid4().hex}@example.org", name="Kim Kill", password="ein langes Kennwort 77")
        member = run(system_actor(), "kernel.member.create", name="Kim Kill", roles=[role.id]).record
    expires = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    _token, text = tokens.create(
        tenant_id=made.pk, member_id=member.id, user=user, name="kills", scopes=["write"], expires_at=expires
    )
    return Tenant(made.pk, text)


def ask(query: str, *params: Any) -> list[tuple[Any, ...]]:
    """Rows, in the tenant one is inside."""
    from django.db import connection, transaction

    def asked() -> list[tuple[Any, ...]]:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(query, params)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    return firmly(asked)


def expect(what: str, found: Any, wanted: Any) -> None:
    """Stop the bench where a count is wrong."""
    if found != wanted:
        raise SystemExit(f"{what}: {found}, expected {wanted}")


def events_of(change_set: UUID) -> tuple[int, int]:
    """Events and records of a change set."""
    return ask("SELECT count(*), count(DISTINCT record_id) FROM kernel_event WHERE change_set = %s", change_set)[0]


def deferred(job: Any, owner: Tenant, run: UUID) -> None:
    """Give a run to the worker."""
    from django.db import transaction

    from klientel.kernel.jobs import defer

    with transaction.atomic():
        defer(job, tenant=owner.id, run=run, once=str(run))


def await_end(table: str, run: UUID) -> None:
    """Until the run is over; it has to be done."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        [(state,)] = ask(f"SELECT state FROM {table} WHERE id = %s", run)
        if state not in ("uploaded", "running"):  # killed before it began, it begins later
            return expect(f"state of {table}", state, "done")
        time.sleep(0.3)
    raise SystemExit(f"{table} {run} did not come to its end within {PATIENCE:.0f} seconds")


# -- the four jobs: each begins, and gives back what looks at the end ------------------------------------------------


def importing(owner: Tenant, number: int, folder: Path) -> Callable[[], None]:
    """A file of new persons; every seventh row repeats the one before."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.transfer import assistant
    from klientel.kernel.transfer.jobs import run_import

    path = folder / f"import-{number}.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(["Vorname", "Nachname", "E-Mail"])
        for n in range(ROWS):
            m = f"{number}-{n - 1 if n % 7 == 6 else n}"
            out.writerow([f"Vor{m}", f"Name{m}", f"p{m}@example.org"])
    run = assistant.start(system_actor("Kills"), PERSON, path, name=path.name)
    deferred(run_import, owner, run.pk)
    new = ROWS - ROWS // 7

    def look() -> None:
        await_end("kernel_importrun", run.pk)
        expect("events of the import", events_of(run.change_set), (new, new))
        expect("persons", ask("SELECT count(*) FROM contacts_person"), [(new * (number + 1),)])
        expect("twice", ask("SELECT 1 FROM contacts_person GROUP BY last_name HAVING count(*) > 1"), [])

    return look


def editing(owner: Tenant, number: int) -> Callable[[], None]:
    """A bulk edit of all persons."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.history import runs
    from klientel.kernel.history.jobs import run_changes

    position = f"Leitung {number}"
    run = runs.start_bulk(
        system_actor("Kills"), f"{PERSON}.change", {"position": position}, where={"all": []}, total=ROWS
    )
    deferred(run_changes, owner, run.pk)
    owner.change_set = run.change_set

    def look() -> None:
        await_end("kernel_changerun", run.pk)
        expect("events of the bulk edit", events_of(run.change_set), (ROWS, ROWS))
        expect("positions", ask("SELECT position, count(*) FROM contacts_person GROUP BY 1"), [(position, ROWS)])

    return look


def undoing(owner: Tenant) -> Callable[[], None]:
    """The undo of the bulk edit before."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.history import runs
    from klientel.kernel.history.jobs import run_changes

    assert owner.change_set is not None
    run = runs.start_undo(system_actor("Kills"), owner.change_set)
    deferred(run_changes, owner, run.pk)

    def look() -> None:
        await_end("kernel_changerun", run.pk)
        expect("events of the undo", events_of(run.change_set), (ROWS, ROWS))
        expect("positions", ask("SELECT position, count(*) FROM contacts_person GROUP BY 1"), [("", ROWS)])

    return look


@dataclass
class Merging:
    """Merges asked for over the API, one after another, each until it is answered."""

    owner: Tenant
    address: str
    pairs: list[tuple[UUID, UUID]] = field(default_factory=list)
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Pairs of persons with notes of their own."""
        from klientel.kernel.access import system_actor
        from klientel.kernel.actions import Item, run_many

        actor = system_actor("Kills")
        for _n in range(MERGES):
            items = [Item(params={"last_name": name}) for name in ("Brandt", "Brand")]
            kept, lost = (o.record.id for o in run_many(actor, f"{PERSON}.create", items))
            notes = (Item(params={"text": f"Notiz {n}", "concerns": [lost]}) for n in range(NOTES))
            list(run_many(actor, "work.note.create", notes))
            self.pairs.append((kept, lost))

    def run(self) -> None:
        """In a thread of its own."""
        for kept, lost in self.pairs:
            key, end = uuid4().hex, time.monotonic() + PATIENCE
            while (status := self._ask(kept, lost, key)) != 200:
                self.repeated += 1
                if time.monotonic() > end or (400 <= status < 500 and status != 429):
                    self.wrong.append(f"merge answered {status}")
                    break
                time.sleep(0.2)

    def _ask(self, kept: UUID, lost: UUID, key: str) -> int:
        request = urllib.request.Request(
            f"{self.address}/api/v1/persons/{kept}/actions/merge", json.dumps({"records": [str(lost)]}).encode()
        )
        request.add_header("Authorization", f"Bearer {self.owner.token}")
        request.add_header("Content-Type", "application/json")
        request.add_header("Idempotency-Key", key)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def look(self) -> None:
        """Each merge happened once, as a whole."""
        expect("answers", self.wrong, [])
        for kept, lost in self.pairs:
            rows = ask("SELECT archived_at IS NULL FROM contacts_person WHERE id = ANY(%s) ORDER BY id = %s",
                       [kept, lost], lost)  # fmt: skip
            expect("survivor and loser", rows, [(True,), (False,)])
            expect("notes", ask("SELECT concerns, count(*) FROM work_note WHERE concerns && %s GROUP BY 1",
                                [kept, lost]), [([kept], NOTES)])  # fmt: skip
            expect("old id", ask("SELECT survivor FROM kernel_alias WHERE old_id = %s", lost), [(kept,)])
            told = ask("SELECT count(*) FROM kernel_event WHERE record_id = %s AND kind LIKE '%%.merge'", kept)
            expect("events of the merge", told, [(1,)])
            moved = ask("SELECT count(*) FROM kernel_moved WHERE survivor = %s AND field = 'concerns'", kept)
            expect("ledger", moved, [(NOTES,)])


# -- who is killed ---------------------------------------------------------------------------------------------------


def victim(up: int, who: str, chance: random.Random) -> int:
    """The process to be killed."""
    if who == "database":
        return place.postmaster_now()
    family = machine.family(up)
    named = [p for p in family if _name(p) == f"klientel-{who}"[:15]]
    if who == "web":  # one that answers requests, or their parent
        named += [p for p in family for n in named if machine.parents().get(p) == n]
    return chance.choice(named)


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def one_round(number: int, up: int, tenants: dict[str, Tenant], who: str, chance: random.Random) -> dict[str, Any]:
    """Four jobs at once, one kill, all counts."""
    from klientel.kernel.tenancy import inside

    edit, back = ("one", "other") if number % 2 else ("other", "one")
    merging = Merging(tenants["merge"], f"http://127.0.0.1:{os.environ['KLIENTEL_PORT']}")
    with inside(tenants["merge"].id):
        merging.prepare()
    looks: list[tuple[str, Callable[[], None]]] = [("merge", merging.look)]
    with inside(tenants["import"].id):
        looks.append(("import", importing(tenants["import"], number, Path(os.environ["KLIENTEL_HOME"]))))
    with inside(tenants[edit].id):
        looks.append((edit, editing(tenants[edit], number)))
    with inside(tenants[back].id):
        looks.append((back, undoing(tenants[back])))
    asking = Thread(target=merging.run)
    asking.start()
    time.sleep(chance.uniform(0.0, 2.5))
    os.kill(victim(up, who, chance), signal.SIGKILL)
    begun = time.monotonic()
    asking.join()
    for name, look in looks:
        with inside(tenants[name].id):
            look()
    seconds = round(time.monotonic() - begun, 1)
    place.say(f"round {number + 1}: {who} killed, all counts exact {seconds} s later")
    return {"who": who, "seconds": seconds, "repeated": merging.repeated}


def run(rounds: int, up: int, victims: Sequence[str]) -> dict[str, Any]:
    """All rounds; stops at the first wrong count."""
    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import Item, run_many
    from klientel.kernel.history import runs
    from klientel.kernel.tenancy import inside

    chance, seed = random.Random(), int(time.time())
    chance.seed(seed)
    tenants = {name: tenant(name) for name in ("import", "one", "other", "merge")}
    for name in ("one", "other"):
        with inside(tenants[name].id):
            made = run_many(
                system_actor(), f"{PERSON}.create", [Item(params={"last_name": f"P{n}"}) for n in range(ROWS)]
            )
            expect("persons made", sum(o.refused is None for o in made), ROWS)
    with inside(tenants["one"].id):  # so that there is something to be undone in the first round
        first = runs.start_bulk(system_actor(), f"{PERSON}.change", {"position": "zuvor"}, where={"all": []})
        runs.carry_out(first.pk)
        tenants["one"].change_set = first.change_set
    found = [one_round(n, up, tenants, victims[n % len(victims)], chance) for n in range(rounds)]
    slowest = {who: max((f["seconds"] for f in found if f["who"] == who), default=0.0) for who in VICTIMS}
    return {
        "rounds": rounds, "jobs under a kill": 4 * rounds, "killed": dict(Counter(f["who"] for f in found)),
        "merges asked again": sum(f["repeated"] for f in found), "slowest end after the kill of, s": slowest,
        "wrong counts": 0, "seed": seed,
    }  # fmt: skip


def main() -> None:
    """Start Klientel, run the rounds, stop it."""
    import django

    with place.up() as up:
        django.setup()
        print(json.dumps(run(int(sys.argv[1]), up.pid, sys.argv[2:])))


if __name__ == "__main__":
    main()
