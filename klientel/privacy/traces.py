"""Where a person can be found beyond the links: texts, tables, files of imports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.db import connection

from klientel.kernel.files import keeping
from klientel.kernel.records import all_types
from klientel.kernel.sql import TRUE
from klientel.kernel.tenancy import current
from klientel.privacy import tables
from klientel.privacy.subject import Identity, Pattern

#: records of a type that a human is shown, at most; more than that is a name that says nothing
MOST = 500


@dataclass(frozen=True)
class Trace:
    """A record whose words name the person."""

    record_type: str
    record_id: UUID
    title: str


def holding(pattern: Pattern, most: int | None = None) -> list[Trace]:
    """Records of every type that hold a word of the pattern in any field, custom ones and forgotten ones too."""
    if not pattern:
        return []
    found: list[Trace] = []
    known = {table.name: table for table in tables.tables()}
    for rtype in all_types():
        base, said = rtype.base("x") or TRUE, known[rtype.table].text("x")
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT x.id, x.title FROM {rtype.table} x CROSS JOIN LATERAL (SELECT {said} AS said OFFSET 0) w"
                f" WHERE x.tenant_id = %s AND {base.text} AND w.said ILIKE ANY(%s) AND w.said ~* %s"
                f" ORDER BY x.id LIMIT {most or 'ALL'}",
                [current(), *base.params, pattern.coarse, pattern.text],
            )
            found += [Trace(rtype.key, row[0], row[1]) for row in cursor.fetchall()]
    return found


def naming(identity: Identity) -> list[Trace]:
    """Records that name the person, or somebody of the same name, or hold an address they share: for human eyes."""
    return holding(Pattern([*identity.strong, *identity.shared, *identity.names]), MOST)


def left_over(identity: Identity, gone: set[UUID]) -> list[str]:
    """Tables in which something of an erased person is still found; names and shared addresses may stand for others."""
    left: list[str] = []
    for table in tables.tables():
        if tables.rows_with(table, identity.alone, columns="1", limit=1) or _has_rows(table, gone):
            left.append(table.name)
    for rtype in all_types():
        if rtype.model.objects.filter(pk__in=gone).exists():
            left.append(rtype.table)
    return sorted(set(left))


def _has_rows(table: tables.Table, gone: set[UUID]) -> bool:
    columns = [c for c in table.ids if c.startswith("record")]
    if not columns or table.name in ("kernel_about", "kernel_event"):  # the erasure's own event stands there
        return False
    where = " OR ".join(f'"{c}" = ANY(%s)' for c in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table.name} WHERE {where} LIMIT 1", [list(gone)] * len(columns))
        return cursor.fetchone() is not None


_OF_ITS_MAKING = (
    "SELECT 1 FROM kernel_event e WHERE e.tenant_id = %s AND e.record_id = ANY(%s) AND e.change_set = %s LIMIT 1"
)


def drop_import_files(gone: list[UUID], pattern: Pattern) -> int:
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
            path = _import_file(key)
            if cursor.fetchone() is None and not _in_file(path, pattern):
                continue
            path.unlink(missing_ok=True)
            cursor.execute("UPDATE kernel_importrun SET file = '' WHERE id = %s", [run])
            dropped += 1
    return dropped


def _import_file(key: str) -> Path:
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
