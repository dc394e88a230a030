"""Where a person can be found beyond the links: texts, tables, files of imports."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from klientel.kernel.records import all_types
from klientel.kernel.sql import TRUE
from klientel.kernel.tenancy import current
from klientel.kernel.trash import beside
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
    known = {table.name: table for table in beside.tables()}
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
    for table in beside.tables():
        if tables.rows_with(table, identity.alone, columns="1", limit=1) or _has_rows(table, gone):
            left.append(table.name)
    for rtype in all_types():
        if rtype.model.objects.filter(pk__in=gone).exists():
            left.append(rtype.table)
    return sorted(set(left))


def _has_rows(table: beside.Table, gone: set[UUID]) -> bool:
    columns = [c for c in table.ids if c.startswith("record")]
    if not columns or table.name in ("kernel_about", "kernel_event"):  # the erasure's own event stands there
        return False
    where = " OR ".join(f'"{c}" = ANY(%s)' for c in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table.name} WHERE {where} LIMIT 1", [list(gone)] * len(columns))
        return cursor.fetchone() is not None
