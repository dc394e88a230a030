"""What stands beside records by their ids: read from the database's own catalogue, not from a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.apps import apps
from django.db import connection, models

from klientel.kernel import writing
from klientel.kernel.events import sealing
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import tenant_models

#: of what is no tenant's own table: queues and caches, where copies could hide
BESIDE = ("procrastinate_jobs", "procrastinate_events", "kernel_cache")
#: uuid columns that lead to no record
_NO_RECORD = ("event_id", "member_id", "change_set", "cursor", "undoes")

_COLUMNS = """
SELECT c.relname, a.attname, t.typname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname, a.attnum
"""
_WORDS = ("text", "varchar", "jsonb", "json", "_text", "_varchar")


def spoken(alias: str, columns: Iterable[str]) -> str:
    """All words of some columns, as an SQL expression; a line each."""
    listed = ", ".join(f'{alias}."{column}"::text' for column in columns)
    return f"concat_ws(chr(10), {listed})" if listed else "''"


@dataclass(frozen=True)
class Table:
    """A table and those of its columns that hold words or ids."""

    name: str
    words: dict[str, str]  # column to type
    ids: tuple[str, ...]  # uuid columns beside id and tenant
    of_tenant: bool

    def text(self, alias: str) -> str:
        """All words of a row, as an SQL expression."""
        return spoken(alias, self.words)


def tables() -> list[Table]:
    """All tables whose rows belong to a tenant, and those beside them where copies could hide.

    A model says ``on_erase = "own"`` that holds what an erasure itself needs.
    """
    left_out = {"kernel_wake", "kernel_membership"} | _saying("own")
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in cursor.fetchall():
            found.setdefault(table, {})[column] = kind
    return [
        Table(
            name,
            {c: k for c, k in columns.items() if k in _WORDS},
            tuple(c for c, k in columns.items() if k == "uuid" and c not in ("id", "tenant_id")),
            "tenant_id" in columns,
        )
        for name, columns in found.items()
        if ("tenant_id" in columns and name not in left_out) or name in BESIDE
    ]


def record_tables() -> set[str]:
    """Tables whose rows are records: written by kinds, never by patterns."""
    return {m._meta.db_table for m in apps.get_models() if issubclass(m, Record)}


def forget_rows(ids: list[UUID]) -> dict[str, int]:
    """Delete what stands beside records by their ids: search rows, notices, results of imports; counts by table.

    A model that must keep its rows says ``on_erase = "blank"``: then only their words are emptied, all but those in
    ``stays``, from which nobody can tell what was there; ``"keep"``: then they speak of no record.
    """
    counts: dict[str, int] = {}
    blanked, records = _saying("blank"), record_tables() | _saying("keep")
    staying = {m._meta.db_table: getattr(m, "stays", ()) for m in tenant_models()}
    for table in tables():
        if table.name in records or table.name == "kernel_event" or not table.of_tenant:
            continue
        columns = [c for c in table.ids if c not in _NO_RECORD]
        if not columns:
            continue
        where = " OR ".join(f'"{c}" = ANY(%s)' for c in columns)
        if table.name in blanked:
            words = {c: k for c, k in table.words.items() if c not in staying[table.name]}
            empty = ", ".join(f'"{c}" = {_nothing(k)}' for c, k in words.items())
            text = f"UPDATE {table.name} SET {empty} WHERE tenant_id = %s AND ({where})"
        else:
            text = f"DELETE FROM {table.name} WHERE tenant_id = %s AND ({where})"
        with connection.cursor() as cursor:
            cursor.execute(text, [current(), *([ids] * len(columns))])
            if cursor.rowcount:
                counts[table.name] = cursor.rowcount
    return counts


def forget_mentions(ids: list[UUID]) -> int:
    """Delete rows that speak of records by their ids inside a text, such as kept answers of the API."""
    records, count = record_tables() | _saying("keep"), 0
    for table in tables():
        if (
            table.name in records
            or table.name.startswith("kernel_event")
            or not table.of_tenant
            or _has_record_column(table)
        ):
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table.name} x WHERE tenant_id = %s AND {table.text('x')} ILIKE ANY(%s)",
                [current(), [f"%{i}%" for i in ids]],
            )
            count += cursor.rowcount
    return count


def _saying(what: str) -> set[str]:
    """The tables whose models say this of an erasure."""
    found: list[type[models.Model]] = tenant_models()
    return {m._meta.db_table for m in found if getattr(m, "on_erase", "delete") == what}


def _has_record_column(table: Table) -> bool:
    return any(c.startswith("record") for c in table.ids)


def _nothing(kind: str) -> str:
    return "'{}'" if kind in ("jsonb", "json", "_text", "_varchar") else "''"


def forget_values(ids: list[UUID], because: UUID) -> None:
    """Take the values out of the events of records that go; what stays is who did what kind of thing when.

    The salts of their seals go first, so that nothing can be guessed; ``because`` accounts for that in the ledger.
    """
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM kernel_event WHERE tenant_id = %s AND record_id = ANY(%s)"
            " AND (changes <> '{}' OR parameters <> '{}' OR fields <> '{}') AND kind NOT LIKE 'privacy.%%'",
            [current(), ids],
        )
        sealing.unseal([row[0] for row in cursor.fetchall()], because)
        cursor.execute(
            "UPDATE kernel_event SET changes = '{}', parameters = '{}' WHERE tenant_id = %s AND record_id = ANY(%s)"
            " AND kind NOT LIKE 'privacy.%%'",
            [current(), ids],
        )
        cursor.execute(
            "DELETE FROM kernel_event_private WHERE tenant_id = %s AND record_id = ANY(%s)", [current(), ids]
        )
