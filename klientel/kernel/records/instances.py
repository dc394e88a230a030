"""One record as a model instance, by a statement whose text is made once for each model."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, models

from klientel.kernel import tenancy, writing
from klientel.kernel.sql import Sql

Converter = Callable[[Any, Any, Any], Any]


def one(model: type[models.Model], record_id: UUID, where: Sql) -> Any:
    """The record of the current tenant under this id, if ``where`` (over the table's name) holds; else ``None``.

    As the model's own query set would give it; outside a transaction :class:`NoTransaction`.
    """
    if not connection.in_atomic_block:
        raise tenancy.NoTransaction("Open one with tenancy.reading() or tenancy.writing()")
    table = model._meta.db_table
    writing.settle(table)
    head, names, converters = _known(model)
    with connection.cursor() as cursor:
        cursor.execute(f"{head} AND {where.text}", [tenancy.current(), record_id, *where.params])
        found = cursor.fetchone()
    if found is None:
        return None
    row = list(found)
    for n, column, made in converters:
        for convert in made:
            row[n] = convert(row[n], column, connection)
    return model.from_db(connection.alias, names, row)


@cache
def _known(model: type[models.Model]) -> tuple[str, list[str], list[tuple[int, Any, list[Converter]]]]:
    """The beginning of the statement, the attributes that its columns fill, and what turns them into Python."""
    fields, table = model._meta.concrete_fields, f'"{model._meta.db_table}"'
    columns = ", ".join(f'{table}."{f.column}"' for f in fields)
    converters = []
    for n, field in enumerate(fields):
        column = field.cached_col
        made = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
        if made:
            converters.append((n, column, made))
    head = f"SELECT {columns} FROM {table} WHERE {table}.tenant_id = %s AND {table}.id = %s"
    return head, [f.attname for f in fields], converters
