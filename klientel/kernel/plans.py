"""Statements whose plan the database keeps. Where a page looks up one record in twenty small ways, planning these
statements costs several times what they do.

A plan is kept, never a result: text and values go to the database at every request, and row-level security asks for the
tenant when the plan is carried out. See decision 0048.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection

from klientel.kernel.sql import Sql

MOST = 300  # plans of one connection; then it begins anew
#: what stands in a statement for a value (or for the sign itself)
_HOLE = re.compile("%[s%]")
#: the types of values as the driver writes them; of others the database finds out by what they are compared with
_TYPES = {UUID: "uuid", bool: "boolean", dt.datetime: "timestamptz", dt.date: "date"}
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Lasting(Sql):
    """A statement that is asked again and again with other values, and best answered in the same way whatever they are:
    by the index of an id. One whose way hangs on its values (a list under a filter) is none."""


@dataclass(slots=True)
class _Kept:
    """The names of the plans that a connection keeps, and whether it has to begin anew."""

    names: set[str] = field(default_factory=set)
    stale: bool = False


_kept: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()


def called(asked: Sequence[Sql]) -> list[Sql]:
    """These statements, those that last as calls of their plans, which are made where the connection has none yet.

    Where PgBouncer stands between, connections are others' too and keep nothing: there they stay as they are.
    """
    if not settings.KLIENTEL_KEEP_PLANS:
        return list(asked)
    return [_call(one) if isinstance(one, Lasting) else one for one in asked]


def begin_anew() -> None:
    """Trust no plan of this connection any more: what it answers has another type since a migration."""
    _here().stale = True


def _here() -> _Kept:
    return _kept.setdefault(connection.connection, _Kept())


def _call(one: Lasting) -> Sql:
    kept = _here()
    types = tuple([_type(value) for value in one.params])
    name, text = _plan(one.text, types)
    if kept.stale or name not in kept.names:
        _make(name, text, kept)
    holes = ", ".join(["%s"] * len(types))
    return Sql(f"EXECUTE {name}({holes})" if holes else f"EXECUTE {name}", one.params)


def _make(name: str, text: str, kept: _Kept) -> None:
    raw: Any = connection.connection
    with connection.wrap_database_errors:
        if kept.stale or len(kept.names) >= MOST:
            raw.execute("DEALLOCATE ALL")
            kept.names.clear()
            kept.stale = False
        raw.execute(text)
    kept.names.add(name)


@lru_cache(maxsize=2 * MOST)
def _plan(text: str, types: tuple[str, ...]) -> tuple[str, str]:
    """The name of a plan, unlike that of any other one, and what makes it."""
    name, at = f"klientel_{next(_numbers)}", count(1)
    plain = _HOLE.sub(lambda hole: f"${next(at)}" if hole[0] == "%s" else "%", text)
    said = f"({', '.join(types)})" if types else ""
    return name, f"PREPARE {name}{said} AS {plain}"


def _type(value: Any) -> str:
    """The type that a value has where it stands in a statement as text."""
    if isinstance(value, list):
        return f"{_TYPES[UUID]}[]" if value and isinstance(value[0], UUID) else "unknown"
    if isinstance(value, int) and not isinstance(value, bool):
        return "integer" if abs(value) < 2**31 else "bigint"
    return _TYPES.get(type(value), "unknown")
