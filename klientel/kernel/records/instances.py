"""Records as model instances, by statements written by hand: what the ORM asks of each model is asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models.base import ModelState

from klientel.kernel import tenancy, writing
from klientel.kernel.plans import Lasting
from klientel.kernel.sql import Sql, comma, loaded
from klientel.kernel.statements import ask

Converter = Callable[[Any, Any, Any], Any]


def one(model: type[models.Model], record_id: UUID, where: Sql) -> Any:
    """The record of the current tenant under this id, if ``where`` (over the table's name) holds; else ``None``.

    As the model's own query set would give it; outside a transaction :class:`NoTransaction`.
    """
    if not connection.in_atomic_block:
        raise tenancy.NoTransaction("Open one with tenancy.reading() or tenancy.writing()")
    table = model._meta.db_table
    text = f"FROM {table} WHERE {table}.tenant_id = %s AND {table}.id = %s AND {where.text}"
    found = some(model, table, Lasting(text, (tenancy.current(), record_id, *where.params)))
    return found[0] if found else None


def some(model: type[models.Model], alias: str, rest: Sql, **beside: Sql) -> list[Any]:
    """The records under an alias of the statement that goes on as ``rest`` says; each has what is read ``beside`` it
    as an attribute."""
    writing.settle(model._meta.db_table)
    names, converters = _known(model)
    picked = comma([Sql(", ".join(_columns(model, alias))), *(Sql(f"({x.text})", x.params) for x in beside.values())])
    [found] = ask(type(rest)(f"SELECT {picked.text} {rest.text}", (*picked.params, *rest.params)))
    made = []
    for values in found:
        row = list(values[: len(names)])
        for n, column, steps in converters:
            for convert in steps:
                row[n] = convert(row[n], column, connection)
        made.append(_filled(model, zip((*names, *beside), (*row, *values[len(names) :]), strict=True)))
    return made


def _filled(model: type[models.Model], facts: Iterable[tuple[str, Any]]) -> Any:
    """As ``model.from_db``, at a tenth of its cost: records have no descriptors that would have to be told."""
    record: Any = model.__new__(model)
    state = record._state = ModelState()
    state.adding, state.db = False, connection.alias
    record.__dict__.update(facts)
    return record


@cache
def _columns(model: type[models.Model], alias: str) -> list[str]:
    return [f'{alias}."{f.column}"' for f in model._meta.concrete_fields]


@cache
def _known(model: type[models.Model]) -> tuple[list[str], list[tuple[int, Any, list[Converter]]]]:
    """The attributes that its columns fill, and what turns them into Python."""
    fields, converters = model._meta.concrete_fields, []
    for n, field in enumerate(fields):
        column = field.cached_col
        made = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
        if isinstance(field, models.JSONField):
            made = [_from_json]
        if made:
            converters.append((n, column, made))
    return [f.attname for f in fields], converters


def _from_json(value: Any, _column: Any, _connection: Any) -> Any:
    return loaded(value)
