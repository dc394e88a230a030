"""Words of a person in any table: found, and replaced by a mark."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel.tenancy import current
from klientel.kernel.trash.beside import Table
from klientel.privacy.subject import MARK, Pattern


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
