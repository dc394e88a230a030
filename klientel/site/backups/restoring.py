"""Restoring: everything is looked through before anything is touched; what was erased since is erased again."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from klientel.site import roles
from klientel.site.backups import places, replaying, swapping
from klientel.site.backups.making import PIECE, Progress
from klientel.site.backups.manifest import DUMP, NAME, Manifest, field_keys, is_place, key_id, read
from klientel.site.cli.failure import Failure
from klientel.site.cli.migrate import migrate
from klientel.site.setup import Database

#: entries of a dump that the server's own set-up makes: extensions need a superuser, rights are given anew
LEFT_OUT = (" EXTENSION ", " SCHEMA - public ", " COMMENT - SCHEMA public", " DEFAULT ACL ", " ACL ",
            " FUNCTION public uuidv7() ")  # fmt: skip
LOADING = "Restoring the database"
#: pg_restore begins with this setting, which servers before version 17 do not know, among its first lines
UNKNOWN_TO_OLDER, NEWEST_SETTING, PREAMBLE = b"SET transaction_timeout", 170000, 30


@dataclass
class Restored:
    """What a restore brought back."""

    manifest: Manifest
    epoch: int
    erased_again: int
    warnings: list[str]


@contextmanager
def unpacked(file: Path, *, other_key: bool = False) -> Iterator[tuple[Path, Manifest]]:
    """The backup in a folder of its own, every part compared with the manifest; gone again afterwards."""
    home = Path(settings.KLIENTEL_HOME)
    if not file.is_file():
        raise Failure(f"{file} is not there.")
    with tempfile.TemporaryDirectory(dir=home, prefix=".restore-") as name:
        folder = Path(name)
        yield folder, _verified(folder, _unpack(file, folder), other_key=other_key)


def _unpack(file: Path, folder: Path) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    try:
        with tarfile.open(file, "r|gz") as archive:
            for entry in archive:
                if not entry.isfile() or not is_place(entry.name) or entry.name in found:
                    raise Failure(f"The backup holds something that does not belong there: {entry.name!r}.")
                found[entry.name] = _take(archive, entry, folder / entry.name)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise Failure(f"{file} is not a whole backup: it is cut off or damaged.") from error
    except OSError as error:
        if error.errno is None or isinstance(error, EOFError):  # gzip says so of a damaged stream
            raise Failure(f"{file} is not a whole backup: it is cut off or damaged.") from error
        raise Failure(f"The backup could not be unpacked: {error.strerror}.") from error
    return found


def _take(archive: tarfile.TarFile, entry: tarfile.TarInfo, to: Path) -> list[Any]:
    source = archive.extractfile(entry)
    assert source is not None
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    total, size = hashlib.sha256(), 0
    with open(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        while piece := source.read(PIECE):
            total.update(piece)
            size += len(piece)
            target.write(piece)
    return [size, total.hexdigest()]


def _verified(folder: Path, found: dict[str, list[Any]], *, other_key: bool) -> Manifest:
    if NAME not in found:
        raise Failure("The backup has no manifest: it is cut off, or no backup of Klientel.")
    manifest = read((folder / NAME).read_bytes())
    mine = key_id(settings.KLIENTEL_FIELD_KEY)
    if manifest.field_key != mine and not other_key:
        raise Failure(
            "This backup belongs to another field key; put its installation's secrets.json into the home folder, or"
            " use --other-key (second factors and the proofs of erasures are then lost)."
        )
    if manifest.field_key == mine and not manifest.signed_by(field_keys(settings.KLIENTEL_FIELD_KEY)):
        raise Failure("The backup's manifest was altered.")
    there = {name: facts for name, facts in found.items() if name != NAME}
    for name in sorted({*there, *manifest.files}):
        if there.get(name) != manifest.files.get(name):
            what = "is missing" if name not in there else "was altered"
            raise Failure(f"The backup is not whole: {name} {what}.")
    return manifest


def restore(file: Path, progress: Progress, *, replace: bool, other_key: bool = False) -> Restored:
    """Bring a backup back into this installation's database and folders."""
    with swapping.alone(), unpacked(file, other_key=other_key) as (folder, manifest):
        entries = _entries(folder / DUMP)
        _read_through(folder, entries)
        connections.close_all()
        _refuse_unless_free(replace=replace)
        try:
            with swapping.beside():
                epoch, again = _make_ready(folder, entries, manifest, progress)
            swapping.take_place()
        finally:
            swapping.finish()
    warnings = [f"{place} was missing already when the backup was made." for place in manifest.missing]
    return Restored(manifest, epoch, again, warnings)


def _make_ready(folder: Path, entries: str, manifest: Manifest, progress: Progress) -> tuple[int, int]:
    """Load the database and the folders beside the old ones; the epoch, and how many were erased again."""
    progress("database", 0, 1)
    _load(folder, entries)
    progress("database", 1, 1)
    _compare(manifest)
    epoch = _quarantine()
    migrate(quiet=True, again=True)
    _put_folders(folder, progress)
    return epoch, replaying.replay()


def _entries(dump: Path) -> str:
    """The list of what pg_restore shall bring back."""
    listed = places.run([places.program("pg_restore"), "--list", dump], places.owner(), "Reading the dump").decode()
    return "\n".join(
        line for line in listed.splitlines() if line.startswith(";") or not any(w in line for w in LEFT_OUT)
    )


def _read_through(folder: Path, entries: str) -> None:
    """Read the whole dump once, as for loading it: nothing that is there is given up for a dump that cannot be read."""
    listed = folder / "entries.list"
    listed.write_text(entries)
    command: list[str | Path] = [
        places.program("pg_restore"),
        f"--use-list={listed}",
        "--file=/dev/null",
        folder / DUMP,
    ]
    places.run(command, places.owner(), "Reading the dump")


def _refuse_unless_free(*, replace: bool) -> None:
    with places.connect(places.owner()) as connection:
        busy = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and usename is not null"
        ).fetchone()
        if busy and busy[0]:
            raise Failure("The database is in use; stop Klientel first.")
        there = connection.execute("select to_regclass('public.kernel_tenant')").fetchone()
        if there and there[0] is not None and not replace:
            held = connection.execute("select exists (select 1 from kernel_tenant)").fetchone()
            if held and held[0]:
                raise Failure("The database is not empty; with --replace everything in it is given up for the backup.")


def _load(folder: Path, entries: str) -> None:
    listed = folder / "entries.list"
    listed.write_text(entries)
    owner = places.owner()
    command: list[str | Path] = [
        places.program("pg_restore"),
        "--no-owner",
        "--no-privileges",
        "--no-password",
        f"--use-list={listed}",
    ]
    with places.connect(owner) as connection:
        knows_all = connection.info.server_version >= NEWEST_SETTING
    if knows_all:
        whole = ["--single-transaction", "--exit-on-error", f"--dbname={owner.name}"]
        places.run([*command, *whole, folder / DUMP], owner, LOADING)
    else:
        _load_through_psql([*command, "--file=-", folder / DUMP], owner, folder)


def _load_through_psql(command: list[str | Path], owner: Database, folder: Path) -> None:
    """Into a server older than pg_restore: what it prints, without the one setting such a server does not know."""
    psql: list[str | Path] = [places.program("psql"), "--no-psqlrc", "--quiet", "--no-password", "--single-transaction"]
    told = (folder / "pg_restore.log", folder / "psql.log")
    with (
        told[0].open("wb") as errors,
        told[1].open("wb") as refused,
        subprocess.Popen(command, env=places.environment(owner), stdout=subprocess.PIPE, stderr=errors) as source,
        subprocess.Popen(
            [*psql, "--set=ON_ERROR_STOP=1", f"--dbname={owner.name}"],
            env=places.environment(owner), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=refused,
        ) as sink,
    ):  # fmt: skip
        assert source.stdout is not None
        assert sink.stdin is not None
        with suppress(BrokenPipeError), sink.stdin:
            for _n in range(PREAMBLE):
                line = source.stdout.readline()
                sink.stdin.write(b"" if line.startswith(UNKNOWN_TO_OLDER) else line)
            shutil.copyfileobj(source.stdout, sink.stdin)
        source.stdout.close()
    for program, log in ((sink, told[1]), (source, told[0])):
        if program.returncode:
            raise Failure(f"{LOADING} failed: {places.complaint(log.read_bytes())}")


def _compare(manifest: Manifest) -> None:
    """Every table has as many rows as when the backup was made."""
    with places.connect(places.owner()) as connection:
        for statement in roles.GRANTS_ON_WHAT_IS_THERE:
            connection.execute(statement)
    with places.connect(places.reader()) as connection:
        now = places.count_rows(connection)
    for table in sorted({*now, *manifest.tables}):
        if now.get(table) != manifest.tables.get(table):
            raise Failure(f"{table} has {now.get(table)} rows after the restore, not {manifest.tables.get(table)}.")


def _quarantine() -> int:
    """A new epoch, so that consumers know that time went back; nothing leaves until ``klientel release``."""
    with places.connect(places.owner()) as connection:
        row = connection.execute(
            "update kernel_installation set epoch = epoch + 1, quarantined_at = now() returning epoch"
        ).fetchone()
    return int(row[0]) if row else 0


def _put_folders(folder: Path, progress: Progress) -> None:
    """Files as they were; ledgers are joined, because the one that is here may be the newer one."""
    fresh = folder / "files"
    fresh.mkdir(mode=0o700, exist_ok=True)
    for one in fresh.iterdir():
        shutil.move(one, Path(settings.KLIENTEL_FILES) / one.name)
    progress("files", 1, 1)
    replaying.join(folder / "ledger")
