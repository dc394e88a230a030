"""Statements that go to the database as one message: the way there and back costs as much as most of them do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection

from klientel.kernel.sql import Sql, comma

Rows = list[tuple[Any, ...]]


def ask(*asked: Sql) -> list[Rows]:
    """The rows that each of these statements answers with; none may hang on what another one answers."""
    every = comma(asked, ";\n")
    with connection.cursor() as cursor:
        cursor.execute(every.text, every.params)
        found = [cursor.fetchall()]
        while cursor.nextset():
            found.append(cursor.fetchall())
    return found


class Writes:
    """Statements that write and answer nothing, kept until somebody has to read what they wrote."""

    def __init__(self, some: Iterable[Sql] = ()) -> None:
        self._kept = list(some)

    def add(self, some: Iterable[Sql]) -> None:
        """Keep these too, to be sent in this order."""
        self._kept += some

    def send(self) -> None:
        """Send what is kept."""
        every, self._kept = comma(self._kept, ";\n"), []
        if every.text:
            with connection.cursor() as cursor:
                cursor.execute(every.text, every.params)
