"""A restore is made ready beside what is there, and takes its place in one step.

The database is loaded under a name of its own, and so are the folders of files and of the ledger. Two renames in one
transaction put the new database in the place of the old one; that commit is the only moment that decides. Whoever
kills the process before it leaves the old installation, after it the new one: the next command that starts finishes
what is left over (:func:`settle`) before anything else looks at the database.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import errors, sql

from klientel.privacy import ledger
from klientel.site import roles
from klientel.site.backups import places
from klientel.site.cli.database import journal, unpacked
from klientel.site.cli.failure import Failure
from klientel.site.machine import write_private

NEW, OLD = "restored", "replaced"
LONGEST = 63  # bytes of a name in PostgreSQL


@contextmanager
def alone() -> Iterator[None]:
    """One restore at a time, and no other command beside it; a killed process lets go by itself."""
    number = os.open(Path(settings.KLIENTEL_HOME) / "restore.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(number)
        raise Failure("A restore is running; wait until it has ended.") from None
    try:
        yield
    finally:
        os.close(number)


def settle() -> None:
    """Finish or give up a restore that was cut off; two looks at the home folder where there was none."""
    if journal().exists():
        with alone():
            if journal().exists():
                finish()
    elif unpacked():
        with suppress(Failure), alone():  # of one that runs they are in use
            _clear_unpacked()


@contextmanager
def beside() -> Iterator[None]:
    """Make an empty database and empty folders; inside the block everything works on them instead."""
    files, books = Path(settings.KLIENTEL_FILES), ledger.folder()
    for folder in (files, books):
        if os.path.ismount(folder):
            raise Failure(f"{folder} is a mount point and cannot be swapped; mount the folder above it.")
    name = places.owner().name
    if len(name.encode()) + len(NEW) >= LONGEST:
        raise Failure("The name of the database is too long for a restore.")
    write_private(journal(), f'{{"database": "{name}"}}\n')
    _make(name)
    fresh = _beside(files, NEW)
    fresh.mkdir(mode=0o700, parents=True)
    shutil.copytree(books, _beside(books, NEW)) if books.exists() else _beside(books, NEW).mkdir(mode=0o700)
    _point_at(f"{name}_{NEW}", fresh, _beside(books, NEW))
    try:
        yield
    finally:
        _point_at(name, files, None)


def take_place() -> None:
    """The one step: from now on the new database is the one that everybody finds."""
    name = places.owner().name
    os.sync()  # what the new database counts on lies on the disk before it is the one that counts
    rename = sql.SQL("alter database {} rename to {}")
    with _maintenance() as connection, connection.transaction():
        for now, then in ((name, f"{name}_{OLD}"), (f"{name}_{NEW}", name)):
            try:
                connection.execute(rename.format(sql.Identifier(now), sql.Identifier(then)))
            except errors.ObjectInUse:
                raise Failure("The database is in use; stop Klientel first.") from None


def finish() -> None:
    """After the step: folders take their places and the old database goes. Before it: what was made ready goes."""
    name = places.owner().name
    with _maintenance() as connection:
        committed = connection.execute("select 1 from pg_database where datname = %s", [f"{name}_{OLD}"]).fetchone()
        for folder in (Path(settings.KLIENTEL_FILES), ledger.folder()):
            fresh, old = _beside(folder, NEW), _beside(folder, OLD)
            if committed and fresh.exists():
                if folder.exists():
                    shutil.rmtree(old, ignore_errors=True)
                    folder.rename(old)
                fresh.rename(folder)
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
        for left in (NEW, OLD):
            drop = sql.SQL("drop database if exists {} with (force)")
            connection.execute(drop.format(sql.Identifier(f"{name}_{left}")))
    _clear_unpacked()
    journal().unlink(missing_ok=True)


def _clear_unpacked() -> None:
    for folder in unpacked():
        shutil.rmtree(folder, ignore_errors=True)


def _beside(folder: Path, word: str) -> Path:
    return folder.with_name(f"{folder.name}.{word}")


def _maintenance() -> psycopg.Connection[object]:
    """A connection that stands in no database of ours."""
    return places.connect(replace(places.owner(), name="postgres"))


def _make(name: str) -> None:
    """The empty database. On a server of one's own it begins as a copy, which keeps what a superuser has set up."""
    new, server = f"{name}_{NEW}", settings.SERVER
    source = "template0" if server is not None else name
    make = sql.SQL("create database {} template {} encoding 'UTF8'")
    try:
        with _maintenance() as connection:
            connection.execute(make.format(sql.Identifier(new), sql.Identifier(source)))
    except errors.InsufficientPrivilege:
        owner = places.owner().user
        raise Failure(f"A restore makes a database beside the old one; run `alter role {owner} createdb`.") from None
    except errors.ObjectInUse:
        raise Failure("The database is in use; stop Klientel first.") from None
    if server is not None:
        with server.connect(name=new) as connection:
            roles.prepare_database(connection)
            roles.mark_leakproof(connection)
        return
    with places.connect(replace(places.owner(), name=new)) as connection:
        connection.execute("drop owned by current_user cascade")
        roles.prepare_database(connection)


def _point_at(name: str, files: Path, books: Path | None) -> None:
    connections.close_all()
    for alias in connections:
        if (close := getattr(connections[alias], "close_pool", None)) is not None:
            close()
        connections[alias].settings_dict["NAME"] = name
    settings.KLIENTEL_FILES, settings.KLIENTEL_LEDGER = files, books
