"""Backup and restore, with real processes: whole or refused, in quarantine, and nobody erased comes back."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from klientel.site.backups import places
from klientel.site.backups.restoring import unpacked
from klientel.site.cli.failure import Failure
from klientel.site.setup import ROOT
from klientel.site.testing import clone_of_template, environment

KLIENTEL = [sys.executable, "-m", "klientel.site.cli"]
#: what a process of ours does between the commands: makes a tenant with a person and a file, or erases the person
FILL = """
import json, sys, django
django.setup()
from klientel.site.tenants import create_tenant
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.files.storing import store
from klientel.kernel.tenancy import inside
tenant = create_tenant("Hansewerk")
with inside(tenant.id):
    actor = system_actor()
    facts = [{"first_name": "Kim", "last_name": f"Zyx{n}", "emails": [f"zyx{n}@example.org"]} for n in range(3)]
    people = [run(actor, "contacts.person.create", **one).record for one in facts]
    file = store(actor, b"geheim" * 1000, [people[0].id], name="a.txt").record
print(json.dumps({"tenant": str(tenant.id), "people": [str(p.id) for p in people], "place": file.place}))
"""
ERASE = """
import sys, django
from uuid import UUID
django.setup()
from klientel.kernel.access import system_actor
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.privacy.erasing import erase
with inside(UUID(sys.argv[1])):
    erase(system_actor(), type_of("contacts.person"), UUID(sys.argv[2]), "request")
"""
DELETE = """
import sys, django
from uuid import UUID
django.setup()
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.tenancy import inside
with inside(UUID(sys.argv[1])):
    for verb in ("archive", "remove"):
        run(system_actor(), f"contacts.person.{verb}", UUID(sys.argv[2]))
"""


class Place:
    """A home folder with a database of its own on the tests' server."""

    def __init__(self, name: str, home: Path, key: str) -> None:
        self.home = home
        self.env = environment(name) | {"KLIENTEL_HOME": str(home), "DJANGO_SETTINGS_MODULE": "klientel.site.settings"}
        self.env |= {"KLIENTEL_FIELD_KEY": key, "KLIENTEL_SECRET_KEY": "x" * 50}
        home.mkdir()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*KLIENTEL, *words], env=self.env, cwd=ROOT, capture_output=True, text=True, check=False)

    def python(self, text: str, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", text, *words], env=self.env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, query: str) -> list[Any]:
        with psycopg.connect(self.env["KLIENTEL_DATABASE_BACKUP_URL"]) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    def titles(self) -> list[str]:
        return [t for (t,) in self.ask("select title from contacts_person order by title")]


KEY = "A" * 43 + "="


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Place]:
    with clone_of_template("old") as name:
        yield Place(name, tmp_path / "old", KEY)


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Place]:
    with clone_of_template("new") as name:
        yield Place(name, tmp_path / "new", KEY)


def test_everything_comes_back_in_quarantine(old: Place, new: Place, tmp_path: Path, settings: Any) -> None:
    made = json.loads(old.python(FILL))
    file = tmp_path / "b.tar.gz"
    told = old.run("backup", str(file), "--json")
    assert told.returncode == 0, told.stderr
    facts = json.loads(told.stdout)
    assert (facts["tenants"], facts["files"], facts["missing"]) == (1, 1, [])
    assert file.stat().st_mode & 0o777 == 0o600
    assert old.run("backup", str(file)).returncode == 1  # never over another one

    with psycopg.connect(new.env["KLIENTEL_DATABASE_URL"]):
        busy = new.run("restore", str(file))
    assert (busy.returncode, "stop Klientel first" in busy.stderr) == (1, True)
    told = new.run("restore", str(file), "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["epoch"] == 2
    assert new.titles() == ["Kim Zyx0", "Kim Zyx1", "Kim Zyx2"]
    path = new.home / "files" / made["tenant"] / made["place"]
    assert path.read_bytes() == b"geheim" * 1000
    assert new.ask("select quarantined_at is not null from kernel_installation") == [(True,)]
    checked = json.loads(new.run("check", "--json").stdout)["checks"]
    assert not any(faults for name, faults in checked.items() if name not in ("static files", "quarantine")), checked
    assert new.run("release").stdout == "Released.\n"
    assert new.ask("select quarantined_at from kernel_installation") == [(None,)]

    settings.KLIENTEL_HOME, settings.KLIENTEL_FIELD_KEY = new.home, KEY
    refuses_what_is_not_whole(new, file, tmp_path, made)
    again = new.run("restore", str(file))  # not over what is there
    assert (again.returncode, "not empty" in again.stderr) == (1, True)
    new.env["KLIENTEL_FIELD_KEY"] = "B" * 43 + "="
    told = new.run("restore", str(file), "--replace")
    assert (told.returncode, "another field key" in told.stderr) == (1, True)
    assert new.run("restore", str(file), "--replace", "--other-key").returncode == 0
    assert new.titles() == ["Kim Zyx0", "Kim Zyx1", "Kim Zyx2"]

    os.unlink(old.home / "files" / made["tenant"] / made["place"])  # told on the day of the backup
    told = old.run("backup", str(tmp_path / "c.tar.gz"), "--json")
    assert (told.returncode, json.loads(told.stdout)["missing"]) == (1, [f"files/{made['tenant']}/{made['place']}"])


def test_who_was_erased_since_is_erased_again(old: Place, new: Place, tmp_path: Path) -> None:
    made, file = json.loads(old.python(FILL)), tmp_path / "b.tar.gz"
    old.python(ERASE, made["tenant"], made["people"][2])
    assert old.run("backup", str(file)).returncode == 0
    old.python(ERASE, made["tenant"], made["people"][0])
    assert old.titles() == ["Kim Zyx1"]
    ledger = old.home / "ledger"
    (new.home / "ledger").mkdir()
    for one in ledger.iterdir():  # the ledger is kept apart from the backup
        (new.home / "ledger" / one.name).write_bytes(one.read_bytes())
    told = new.run("restore", str(file), "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["erased_again"] == 1
    assert new.titles() == ["Kim Zyx1"]
    assert not (new.home / "files" / made["tenant"] / made["place"]).exists()
    assert [n for (n,) in new.ask("select number from privacy_line order by number")] == [1, 2, 3]
    assert old.run("restore", str(file), "--replace").returncode == 0  # in place: the ledger never left
    assert old.titles() == ["Kim Zyx1"]


def test_who_was_deleted_for_good_since_is_deleted_again(old: Place, new: Place, tmp_path: Path) -> None:
    made, file = json.loads(old.python(FILL)), tmp_path / "b.tar.gz"
    assert old.run("backup", str(file)).returncode == 0
    old.python(SEAL, made["tenant"])
    old.python(DELETE, made["tenant"], made["people"][0])
    assert old.run("check", "--json").returncode == 0  # the ledger accounts for the salts that are gone
    (new.home / "ledger").mkdir()
    for line in (old.home / "ledger").iterdir():
        (new.home / "ledger" / line.name).write_bytes(line.read_bytes())
    told = new.run("restore", str(file), "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["erased_again"] == 1
    assert len(new.titles()) == 2 and made["people"][0] not in str(new.ask("select record_id from kernel_search"))


SEAL = """
import sys, django
from uuid import UUID
django.setup()
from klientel.kernel import events
from klientel.kernel.events import digesting, sealing
from klientel.kernel.events.consumers import get
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import inside, reading
with inside(UUID(sys.argv[1])):
    with reading():
        some = events.read(Sql("e.id NOT IN (SELECT id FROM kernel_seal)"))
    digesting.digest(get(sealing.NAME), some)
"""


def test_a_head_kept_elsewhere_tells_a_chain_cut_short_from_a_whole_one(old: Place, new: Place, tmp_path: Path) -> None:
    made, file = json.loads(old.python(FILL)), tmp_path / "b.tar.gz"
    old.python(SEAL, made["tenant"])
    first = json.loads(old.run("check", "--json").stdout)["heads"]["hansewerk"]
    assert first.startswith(f"{made['tenant']}:1:")
    assert old.run("backup", str(file)).returncode == 0
    old.python(ERASE, made["tenant"], made["people"][0])
    old.python(SEAL, made["tenant"])
    told = json.loads(old.run("check", "--json", "--seal", first).stdout)
    second = told["heads"]["hansewerk"]
    assert (told["checks"]["kept heads"], second.split(":")[1]) == ([], "2")
    assert new.run("restore", str(file)).returncode == 0
    told = json.loads(new.run("check", "--json", "--seal", first, "--seal", second).stdout)
    assert (told["ok"], told["checks"]["seal"]) == (False, [])  # whole in itself, but shorter than it once was
    assert told["checks"]["kept heads"] == [
        "hansewerk: block 2 of the kept head is not in the chain: the chain ends at block 1."
    ]
    wrong = new.run("check", "--seal", "nonsense")
    assert (wrong.returncode, "is no head" in wrong.stderr) == (2, True)


def test_a_restore_killed_at_any_moment_leaves_the_old_or_the_new_whole(old: Place, new: Place, tmp_path: Path) -> None:
    made, file = json.loads(old.python(FILL)), tmp_path / "b.tar.gz"
    assert old.run("backup", str(file)).returncode == 0
    before = json.loads(new.python(FILL))
    was = (before["tenant"], f"{before['place']}")
    will = (made["tenant"], f"{made['place']}")

    def stands() -> tuple[str, str]:
        """The tenant of the database and the file of the store: of one and the same installation."""
        told = new.run("check", "--json")
        assert told.stdout, told.stderr
        checked = json.loads(told.stdout)["checks"]
        assert not any(checked[name] for name in ("files", "database version", "locks", "rights", "erasures")), checked
        files = [p.name for p in (new.home / "files").rglob("*") if p.is_file()]
        return str(new.ask("select id from kernel_tenant")[0][0]), files[0] if len(files) == 1 else f"{files}"

    seen = []
    whole = ["restore", str(file), "--replace"]
    for step in KILLED_AT:
        killed = subprocess.run(
            [sys.executable, "-c", KILL, step, *whole], env=new.env, cwd=ROOT, capture_output=True, check=False
        )
        assert killed.returncode == -9, (step, killed.stderr)
        now = stands()
        assert now in (was, will), step
        seen.append(now == will)
        left = {p.name for p in new.home.iterdir() if "rest" in p.name or "replaced" in p.name}
        assert left <= {"restore.lock"}, step
    assert seen == [False, False, False, False, False, True, True, True]
    process = subprocess.Popen([*KLIENTEL, *whole], env=new.env, cwd=ROOT, stdout=-3, stderr=-3)
    time.sleep(1.5)
    process.kill()
    process.wait()
    assert stands() == will
    assert [n for (n,) in new.ask("select datname from pg_database where datname ~ '_(restored|replaced)$'")] == []


def test_what_failed_is_told_by_its_reason_and_not_by_the_statement_it_failed_at() -> None:
    told = (
        b'pg_restore: error: could not execute: ERROR:  could not extend file "base/5/1": No space left on device\n'
        b"HINT:  Check free disk space.\nCommand was: ALTER TABLE ONLY public.some\n"
        b"    ADD CONSTRAINT some_pkey PRIMARY KEY (id);\n\n\n"
    )
    assert places.complaint(told) == 'could not extend file "base/5/1": No space left on device'
    assert places.complaint(b"pg_restore: error: input file does not appear to be a valid archive\n") == (
        "pg_restore: error: input file does not appear to be a valid archive"
    )
    assert places.complaint(b" \n") == "no reason given"


KILLED_AT = ("read", "load", "migrate", "replay", "before", "after", "between", "cleared")
#: runs a restore and ends itself by SIGKILL at one of its steps, as a power cut of the process would
KILL = """
import os, signal, sys
import django
django.setup()
from pathlib import Path
from klientel.site.backups import replaying, restoring, swapping
from klientel.site.cli import main
step, sys.argv[1:] = sys.argv[1], sys.argv[2:]
def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)
def then(call, end):
    def both(*args, **more):
        call(*args, **more)
        end()
    return both
if step == "read":
    restoring._read_through = die
elif step == "load":
    restoring._compare = die
elif step == "migrate":
    restoring._put_folders = die
elif step == "replay":
    replaying.replay = die
elif step == "before":
    swapping.take_place = die
elif step == "after":
    swapping.take_place = then(swapping.take_place, die)
elif step == "between":
    Path.rename = then(Path.rename, die)
elif step == "cleared":
    unlink = Path.unlink
    Path.unlink = lambda self, **more: die() if self.name == "restore.json" else unlink(self, **more)
main()
"""


def entries(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as archive:
        return {e.name: archive.extractfile(e).read() for e in archive}  # type: ignore[union-attr]


def written(to: Path, parts: dict[str, bytes]) -> Path:
    with tarfile.open(to, "w:gz") as archive:
        for name, body in parts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return to


def damaged(file: Path, tmp_path: Path, made: dict[str, Any]) -> Iterator[tuple[str, Path, str]]:
    whole, parts = file.read_bytes(), entries(file)
    name = f"files/{made['tenant']}/{made['place']}"
    for share in (0.1, 0.5, 0.95):
        cut = tmp_path / f"cut{share}.tar.gz"
        cut.write_bytes(whole[: int(len(whole) * share)])
        yield f"cut at {share}", cut, "not a whole backup"
    bent = bytearray(whole)
    bent[len(bent) // 2] ^= 0xFF
    (tmp_path / "bent.tar.gz").write_bytes(bent)
    yield "a bit turned", tmp_path / "bent.tar.gz", "whole|damaged|cut off"
    yield "a file gone", written(tmp_path / "1.tar.gz", {k: v for k, v in parts.items() if k != name}), "is missing"
    yield "a file altered", written(tmp_path / "2.tar.gz", parts | {name: b"x"}), "was altered"
    yield "one too many", written(tmp_path / "3.tar.gz", {"files/x/y": b"1"} | parts), "was altered"
    yield "a path out", written(tmp_path / "4.tar.gz", {"files/../../x": b"1"} | parts), "does not belong there"
    manifest = json.loads(parts["manifest.json"])
    manifest["tables"]["kernel_tenant"] = 7
    altered = parts | {"manifest.json": json.dumps(manifest).encode()}
    yield "a manifest altered", written(tmp_path / "5.tar.gz", altered), "manifest was altered"
    no_manifest = {k: v for k, v in parts.items() if k != "manifest.json"}
    yield "no manifest", written(tmp_path / "6.tar.gz", no_manifest), "no manifest"
    (tmp_path / "7.tar.gz").write_bytes(gzip.compress(b"hello"))
    yield "no archive", tmp_path / "7.tar.gz", "not a whole backup"
    yield "not there", tmp_path / "8.tar.gz", "is not there"


def refuses_what_is_not_whole(new: Place, file: Path, tmp_path: Path, made: dict[str, Any]) -> None:
    """Whatever is wrong with the file is told in one line, and nothing is touched."""
    before = new.ask("select id, changed_at from contacts_person order by id")
    files = sorted(p.name for p in (new.home / "files").rglob("*"))
    for what, path, says in damaged(file, tmp_path, made):
        with pytest.raises(Failure, match=says), unpacked(path):
            pytest.fail(f"{what} was taken")
    told = new.run("restore", str(tmp_path / "2.tar.gz"), "--replace")
    assert (told.returncode, len(told.stderr.strip().splitlines())) == (1, 1)
    assert new.ask("select id, changed_at from contacts_person order by id") == before
    assert sorted(p.name for p in (new.home / "files").rglob("*")) == files
    assert [p.name for p in new.home.iterdir() if p.name.startswith(".restore")] == []


#: restores as into a server that is older than pg_restore
OLDER = """
from pathlib import Path
from klientel.site.cli.database import serving
with serving(any_version=True):
    from klientel.site.backups import restoring
    restoring.NEWEST_SETTING = 10 ** 9
    print(restoring.restore(Path({file!r}), lambda *_told: None, replace=False).epoch)
"""


def test_an_older_server_takes_what_a_newer_program_wrote(old: Place, new: Place, tmp_path: Path) -> None:
    old.python(FILL)
    file = tmp_path / "b.tar.gz"
    assert old.run("backup", str(file)).returncode == 0
    assert new.python(OLDER.format(file=str(file))).strip() == "2"
    assert new.titles() == ["Kim Zyx0", "Kim Zyx1", "Kim Zyx2"]
