"""Kinds whose value is worked out: formulas and roll-ups. What each yields is an ordinary kind, only never set.

They have no column and no place in ``extra``: their SQL is made for one scope by the storey of conditions, so that a
list, a filter, a sort, an export and the API read them like any other field, and nobody reads more by them than by
the fields they are made of.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from klientel.kernel.kinds.base import Kind
from klientel.kernel.kinds.choice import YesNo
from klientel.kernel.kinds.number import Decimal, Money, Whole
from klientel.kernel.kinds.text import Text
from klientel.kernel.kinds.time import Date, DateTime
from klientel.kernel.sql import Sql

Maker = Callable[[str], Sql]

#: what a formula of a type becomes
RESULTS: dict[str, type[Kind]] = {"number": Decimal, "text": Text, "date": Date, "moment": DateTime, "truth": YesNo}


class Computed(Kind):
    """Mixed in before the kind of the result. ``make(alias)`` gives the SQL; unbound it is empty."""

    computed = True
    make: Maker | None = None
    cost_note: Any = ""

    def sql(self, alias: str) -> Sql:
        """The value as an SQL expression; nothing is known until a scope has bound it."""
        kind = "jsonb" if self.db_type_name == "jsonb" else self.db_type_name
        return self.make(alias) if self.make else Sql(f"(NULL::{kind})")

    def bound(self, make: Maker) -> Any:
        """The same field, readable: by this SQL."""
        made = copy.copy(self)
        made.make = make
        return made


_made: dict[type[Kind], type[Kind]] = {}


def computed(result: type[Kind], **facts: Any) -> Any:
    """A computed field whose result is of this kind."""
    made = _made.get(result)
    if made is None:
        made = _made[result] = type(f"Computed{result.__name__}", (Computed, result), {})
    return made(custom=True, readonly=True, null=True, **facts)


def type_of_kind(kind: Kind) -> str:
    """What a formula takes the values of this kind for."""
    if isinstance(kind, Money):
        return "money"
    if isinstance(kind, Whole | Decimal):
        return "number"
    if isinstance(kind, DateTime):
        return "moment"
    if isinstance(kind, Date):
        return "date"
    if isinstance(kind, YesNo):
        return "truth"
    return "text" if isinstance(kind, Text) else "other"
