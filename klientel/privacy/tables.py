"""Every table that may hold a word about a person: read from the database's own catalogue, not from a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection

from klientel.kernel.records.record import Record
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import tenant_models
from klientel.privacy.subject import MARK, Pattern

#: of what is no tenant's own table: queues and caches, where copies could hide
BESIDE = ("procrastinate_jobs", "procrastinate_events", "kernel_cache")
#: the engine's own tables: the running erasure holds what it looks for, sealed
OWN = ("privacy_erasure", "privacy_line")

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
    """All tables whose rows belong to a tenant, and those beside them where copies could hide."""
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
        if ("tenant_id" in columns and name not in (*OWN, "kernel_wake", "kernel_membership")) or name in BESIDE
    ]


def record_tables() -> set[str]:
    """Tables whose rows are records: written by kinds, never by patterns."""
    return {m._meta.db_table for m in apps.get_models() if issubclass(m, Record)}


def rows_with(table: Table, pattern: Pattern, *, columns: str = "id", limit: int = 10_000) -> list[tuple[Any, ...]]:
    """Rows that hold a word of the pattern in any column, of whatever type."""
    if not pattern or not table.words:
        return []
    mine = "x.tenant_id = %s AND " if table.of_tenant else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {table.name} x CROSS JOIN LATERAL (SELECT {table.text('x')} AS said OFFSET 0) w"
            f" WHERE {mine}w.said ILIKE ANY(%s) AND w.said ~* %s LIMIT {limit}",
            [*([current()] if mine else []), pattern.coarse, pattern.text],
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def blank(table: Table, pattern: Pattern, only: Iterable[UUID] | None = None, key: str = "id") -> int:
    """Replace the words of the pattern in a table that holds no records; says in how many rows."""
    if not pattern or not table.words:
        return 0
    sets: list[str] = []
    tests: list[str] = []
    params: list[Any] = []
    for column, kind in table.words.items():
        cast = {"varchar": "text", "_varchar": "text[]", "_text": "text[]"}.get(kind, kind)
        sets.append(f'"{column}" = regexp_replace("{column}"::text, %s, %s, \'gi\')::{cast}')
        params += [pattern.text, MARK]
    for column in table.words:
        tests.append(f'("{column}"::text ILIKE ANY(%s) AND "{column}"::text ~* %s)')
        params += [pattern.coarse, pattern.text]
    where = f"({' OR '.join(tests)})"
    if table.of_tenant:
        where, params = f"tenant_id = %s AND {where}", [*params[: 2 * len(sets)], current(), *params[2 * len(sets) :]]
    if only is not None:
        where, params = f"{where} AND {key} = ANY(%s)", [*params, list(only)]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table.name} SET {', '.join(sets)} WHERE {where}", params)
        return int(cursor.rowcount)


def forget_rows(ids: list[UUID]) -> dict[str, int]:
    """Delete what stands beside records by their ids: search rows, notices, results of imports; counts by table.

    A model that must keep its rows says ``on_erase = "blank"``: then only their words are emptied.
    """
    counts: dict[str, int] = {}
    kept = {m._meta.db_table for m in tenant_models() if getattr(m, "on_erase", "delete") == "blank"}
    records = record_tables()
    for table in tables():
        if table.name in records or table.name == "kernel_event" or not table.of_tenant:
            continue
        columns = [c for c in table.ids if c not in ("event_id", "member_id", "change_set")]
        if not columns:
            continue
        where = " OR ".join(f'"{c}" = ANY(%s)' for c in columns)
        if table.name in kept:
            empty = ", ".join(f'"{c}" = {_nothing(k)}' for c, k in table.words.items())
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
    records, count = record_tables(), 0
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


def _has_record_column(table: Table) -> bool:
    return any(c.startswith("record") for c in table.ids)


def _nothing(kind: str) -> str:
    return "'{}'" if kind in ("jsonb", "json", "_text", "_varchar") else "''"
