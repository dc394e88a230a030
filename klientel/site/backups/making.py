"""Making a backup: a dump from one snapshot, then the files, then the ledger, then the manifest."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
from django.conf import settings

from klientel.privacy import ledger
from klientel.site import schema
from klientel.site.backups import places
from klientel.site.backups.manifest import DUMP, NAME, Manifest, field_keys, key_id
from klientel.site.cli.failure import Failure

Progress = Callable[[str, int, int], None]  # what, bytes done, bytes in all
PIECE = 1 << 20


def backup(to: Path, progress: Progress, *, replace: bool = False) -> Manifest:
    """Write the backup whole, or nothing; readable by its owner only."""
    if to.exists() and not replace:
        raise Failure(f"{to} exists already.")
    if to.exists() and not to.is_file():
        raise Failure(f"{to} is no file.")
    if not to.parent.is_dir():
        raise Failure(f"The folder {to.parent} does not exist.")
    part = to.with_name(f".{to.name}.part")
    try:
        with (
            _private(part) as file,
            gzip.GzipFile("", "wb", 1, file) as packed,
            tarfile.open(fileobj=packed, mode="w|") as archive,
        ):
            manifest = _fill(archive, to.parent, progress)
        os.replace(part, to)
    except OSError as error:
        raise Failure(f"The backup could not be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(number, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _fill(archive: tarfile.TarFile, beside: Path, progress: Progress) -> Manifest:
    with tempfile.TemporaryDirectory(dir=beside, prefix=".klientel-") as name:
        dump = Path(name) / DUMP
        manifest, wanted = _dump(dump, progress)
        places.run([places.program("pg_restore"), "--list", dump], places.owner(), "Reading the dump again")
        manifest.files[DUMP] = _add(archive, dump, DUMP)
    _add_folder(archive, manifest, Path(settings.KLIENTEL_FILES), "files", progress)
    _add_folder(archive, manifest, ledger.folder(), "ledger", progress)
    manifest.missing = sorted(place for place in wanted if place not in manifest.files)
    text = manifest.signed(field_keys(settings.KLIENTEL_FIELD_KEY))
    entry = tarfile.TarInfo(NAME)
    entry.size, entry.mode = len(text), 0o600
    archive.addfile(entry, io.BytesIO(text))
    return manifest


def _dump(to: Path, progress: Progress) -> tuple[Manifest, list[str]]:
    """Dump from a snapshot in which the rows are counted too; also the places of all files that rows name."""
    with places.connect(places.reader(), autocommit=False) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        snapshot = _one(connection, "select pg_export_snapshot()")
        if not schema.known(connection):
            raise Failure("The database holds nothing yet; `klientel migrate` prepares it.")
        size = int(_one(connection, "select pg_database_size(current_database())"))
        manifest = Manifest(
            created_at=dt.datetime.now(dt.UTC).isoformat(),
            klientel=ledger.code_version(),
            schema=schema.known(connection),
            postgresql=connection.info.server_version // 10_000,
            field_key=key_id(settings.KLIENTEL_FIELD_KEY),
            epoch=int(_one(connection, "select epoch from kernel_installation")),
            tenants=int(_one(connection, "select count(*) from kernel_tenant")),
            tables=places.count_rows(connection),
        )
        found = [row for query in _PLACES for row in connection.execute(query).fetchall()]
        command: list[str | Path] = [
            places.program("pg_dump"),
            "--format=custom",
            "--no-password",
            f"--snapshot={snapshot}",
        ]
        _run_dump(command, to, size, progress)
    return manifest, [f"files/{tenant}/{place}" for tenant, place in found]


_PLACES = (
    "select tenant_id, place from kernel_file where place <> ''",
    "select tenant_id, place from channels_fetched where place <> ''",
)


def _one(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _run_dump(command: list[str | Path], to: Path, size: int, progress: Progress) -> None:
    done = 0
    with tempfile.TemporaryFile() as errors, to.open("xb") as file:
        made = subprocess.Popen(command, env=places.environment(places.reader()), stdout=subprocess.PIPE, stderr=errors)
        assert made.stdout is not None
        try:
            while piece := made.stdout.read(PIECE):
                file.write(piece)
                done += len(piece)
                progress("database", done, max(size, done))
        finally:
            made.stdout.close()
            failed = made.wait()
        if failed:
            errors.seek(0)
            raise Failure(f"pg_dump failed: {places.complaint(errors.read())}")


def _add_folder(archive: tarfile.TarFile, manifest: Manifest, folder: Path, name: str, progress: Progress) -> None:
    found = sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink() and not p.name.startswith("."))
    total, done = sum(p.stat().st_size for p in found), 0
    for path in found:
        place = f"{name}/{path.relative_to(folder).as_posix()}"
        try:
            manifest.files[place] = _add(archive, path, place)
        except FileNotFoundError:  # erased since the folder was read
            continue
        done += manifest.files[place][0]
        progress(name, done, total)


class _Hashing(io.RawIOBase):
    """Reads a file and remembers its hash; gives exactly as many bytes as its entry promises."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.total = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self.file.read(size)
        self.total.update(piece)
        return piece


def _add(archive: tarfile.TarFile, path: Path, place: str) -> list[Any]:
    with path.open("rb") as file:
        entry = tarfile.TarInfo(place)
        entry.size, entry.mode, entry.mtime = os.fstat(file.fileno()).st_size, 0o600, int(path.stat().st_mtime)
        hashing = _Hashing(file)
        archive.addfile(entry, hashing)
    return [entry.size, hashing.total.hexdigest()]
