"""Lists of ids and plain words on their way to the database: many statements carry hundreds, and the driver takes each
element by itself, which costs more than most of those statements do."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from psycopg.abc import Buffer
from psycopg.types.array import ListDumper

#: elements that are written as they are, one after another; any other sign is for the driver to look at
_PLAIN = re.compile(r"[-\w.:@+/]+(?:,[-\w.:@+/]+)*", re.ASCII)


class Lists(ListDumper):
    """As the driver's, which it asks wherever an element needs a second look."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        """The list as PostgreSQL reads it (PostgreSQL 17, 8.15.2)."""
        kinds = set(map(type, obj))
        if kinds == {UUID}:
            return f"{{{','.join([f'{one.int:032x}' for one in obj])}}}".encode()
        if kinds == {str}:
            text = ",".join(obj)
            if text.count(",") == len(obj) - 1 and _PLAIN.fullmatch(text) and "null" not in text.lower():
                return f"{{{text}}}".encode()
        return super().dump(obj)
