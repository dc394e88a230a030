"""Where the parts of an installation lie: databases by role, folders, the programs of PostgreSQL."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings

from klientel.site.cli.database import place as owner
from klientel.site.cli.failure import Failure
from klientel.site.machine import account
from klientel.site.programs import find_binaries
from klientel.site.setup import Database

_REASON = re.compile(r"\b(?:ERROR|FATAL|PANIC):\s+(\S.*)$")  # of the server, as its programs pass it on


def reader() -> Database:
    """The database as role klientel_backup, which reads everything and writes nothing."""
    if settings.SERVER is not None:
        return _same_name(settings.SERVER.database("klientel_backup"))
    if settings.SETUP.backup is None:
        raise Failure("KLIENTEL_DATABASE_BACKUP_URL must say how role klientel_backup reaches the database.")
    return _same_name(settings.SETUP.backup)


def _same_name(place: Database) -> Database:
    name = owner().name
    return Database(place.host, place.port, name, place.user, place.password, place.options)


def connect(place: Database, *, autocommit: bool = True) -> psycopg.Connection[Any]:
    """A connection of one's own, outside Django."""
    return psycopg.connect(**place.conninfo(), autocommit=autocommit)


def program(name: str) -> Path:
    """``pg_dump``, ``pg_restore`` or ``psql``."""
    server = settings.SERVER
    root = server.root if server is not None else settings.SETUP.home / "pg"
    who = account() if server is not None else None
    found = find_binaries(settings.SETUP.bindir, who, root) / name
    if not found.exists():
        raise Failure(f"{name} was not found beside the other programs of PostgreSQL ({found.parent}).")
    return found


def environment(place: Database) -> dict[str, str]:
    """What a program of PostgreSQL is started with: no password on a command line."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PG")} | place.environ()


def complaint(error: bytes) -> str:
    """What a program complained of: the reason it gives, else its last line; not the statement that it quotes."""
    lines = [line.strip() for line in error.decode(errors="replace").splitlines() if line.strip()]
    reasons = [found.group(1) for line in lines if (found := _REASON.search(line))]
    return (reasons or lines or ["no reason given"])[-1]


def run(command: list[str | Path], place: Database, what: str, **more: Any) -> bytes:
    """Run a program of PostgreSQL against a database; :class:`Failure` with its own reason where it fails."""
    done = subprocess.run(command, env=environment(place), capture_output=True, check=False, **more)
    if done.returncode:
        raise Failure(f"{what} failed: {complaint(done.stderr)}")
    told: bytes = done.stdout
    return told


def tables(connection: psycopg.Connection[Any]) -> list[str]:
    """Every table of ours; the parts of a partitioned one count as the whole."""
    found = connection.execute(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'"
        " and c.relkind in ('r', 'p') and not c.relispartition and not exists"
        " (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1"
    )
    return [str(name) for (name,) in found.fetchall()]


def count_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Rows of every table, as this connection's snapshot shows them."""
    counts: dict[str, int] = {}
    for table in tables(connection):
        found = connection.execute(psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier(table)))
        row = found.fetchone()
        counts[table] = int(row[0]) if row else 0
    return counts


__all__ = ["complaint", "connect", "count_rows", "environment", "owner", "program", "reader", "run", "tables"]
