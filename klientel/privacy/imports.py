"""What imports keep of a person: stored source files, and rows that were refused or repeated somebody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.files import keeping
from klientel.kernel.sql import loaded
from klientel.kernel.tenancy import current
from klientel.privacy.subject import Pattern

_OF_THE_PERSON = """
FROM {table} x WHERE x.tenant_id = %s AND (x.record = ANY(%s)
    OR (x.cells::text ILIKE ANY(%s) AND x.cells::text ~* %s))
"""
_KEPT = _OF_THE_PERSON.format(table="kernel_importrow")
_STAGED = _OF_THE_PERSON.format(table="kernel_stagedrow")


@dataclass(frozen=True)
class Kept:
    """A row of an import file that was kept, with the name of the file."""

    file: str
    line: int
    cells: list[Any]


def rows_of(ids: list[UUID], pattern: Pattern) -> list[Kept]:
    """Rows about these records, or that hold an address of the person; those that wait for their import too."""
    found: list[Kept] = []
    for rows_of_person in (_KEPT, _STAGED):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT r.name FROM kernel_importrun r WHERE r.id = x.run), x.line, x.cells"
                + rows_of_person
                + " ORDER BY x.id",
                _given(ids, pattern),
            )
            found += [Kept(name or "", line, loaded(cells)) for name, line, cells in cursor.fetchall()]
    return found


def forget_rows(ids: list[UUID], pattern: Pattern) -> int:
    """Empty those rows whole: what stands beside the address is about the same person. Waiting ones are removed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_importrow SET cells = '[]', details = '{}', record = NULL"
            f" WHERE id IN (SELECT x.id{_KEPT})",
            _given(ids, pattern),
        )
        count = int(cursor.rowcount)
        cursor.execute(f"DELETE FROM kernel_stagedrow WHERE id IN (SELECT x.id{_STAGED})", _given(ids, pattern))
        return count + int(cursor.rowcount)


def _given(ids: list[UUID], pattern: Pattern) -> list[Any]:
    """Without an address only the ids tell; an empty list of patterns matches nothing."""
    return [current(), ids, pattern.coarse, pattern.text if pattern else "$^"]


_OF_ITS_MAKING = (
    "SELECT 1 FROM kernel_event e WHERE e.tenant_id = %s AND e.record_id = ANY(%s) AND e.change_set = %s LIMIT 1"
)


def drop_files(gone: list[UUID], pattern: Pattern) -> int:
    """Delete the stored source files of imports that made what goes, or that hold the person's addresses."""
    dropped = 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.id, r.file, r.change_set FROM kernel_importrun r WHERE r.tenant_id = %s AND r.file <> ''"
            " AND r.state <> 'running'",
            [current()],
        )
        for run, key, change_set in cursor.fetchall():
            cursor.execute(_OF_ITS_MAKING, [current(), gone, change_set])
            path = _path(key)
            if cursor.fetchone() is None and not _in_file(path, pattern):
                continue
            path.unlink(missing_ok=True)
            cursor.execute("UPDATE kernel_importrun SET file = '' WHERE id = %s", [run])
            dropped += 1
    return dropped


def _path(key: str) -> Path:
    if not key.isalnum():
        raise ValueError(key)
    return keeping.folder(current()) / "imports" / key


def _in_file(path: Path, pattern: Pattern) -> bool:
    """Whether one of the person's addresses stands in a file of text; of packed files only the change set tells."""
    if not path.is_file() or not pattern:
        return False
    words = [v.encode() for v in pattern.values]
    tail = b""
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            lower = (tail + piece).lower()
            if any(w.lower() in lower for w in words):
                return True
            tail = piece[-500:]
    return False
