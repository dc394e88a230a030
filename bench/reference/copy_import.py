"""The denominator of the import: a raw COPY by superuser of the same rows into the same tables and indexes.

Takes what an import wrote (persons, search rows, events with their private values and places), writes it to files,
empties these tables and copies the files back in one transaction, with every index, trigger and foreign key in place.
Only what that import wrote: a home that is kept between runs holds the imports of earlier ones too.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

TABLES = (
    "contacts_organisation",
    "contacts_person",
    "kernel_search",
    "kernel_event",
    "kernel_event_private",
    "kernel_about",
)


def seconds(superuser: psycopg.Connection[Any], tenant: UUID, folder: Path | None = None) -> dict[str, Any]:
    """How long the COPY of a tenant's rows takes: seconds in all and by table, and how many rows each got.

    Empties the tables before.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        files = {table: Path(place) / table for table in TABLES}
        for table, path in files.items():
            _out(superuser, table, tenant, path)
        names = sql.SQL(", ").join(map(sql.Identifier, TABLES))
        superuser.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
        superuser.execute("CHECKPOINT")
        began = time.monotonic()
        parts: dict[str, Any] = {}
        with superuser.transaction():
            for table, path in files.items():
                start = time.monotonic()
                rows = _in(superuser, table, path)
                parts[table] = {"rows": rows, "seconds": round(time.monotonic() - start, 3)}
        return {"seconds": time.monotonic() - began, "tables": parts}


def _out(superuser: psycopg.Connection[Any], table: str, tenant: UUID, path: Path) -> None:
    query = sql.SQL("COPY (SELECT * FROM {} WHERE tenant_id = {}) TO STDOUT").format(
        sql.Identifier(table), sql.Literal(tenant)
    )
    with superuser.cursor() as cursor, path.open("wb") as target, cursor.copy(query) as stream:
        for piece in stream:
            target.write(piece)


def _in(superuser: psycopg.Connection[Any], table: str, path: Path) -> int:
    query = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
    with superuser.cursor() as cursor:
        with path.open("rb") as source, cursor.copy(query) as stream:
            while piece := source.read(1 << 17):
                stream.write(piece)
        return cursor.rowcount
