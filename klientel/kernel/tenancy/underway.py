"""Statements on their way: the thread that sent them goes on, and takes their answer when it is there."""

from __future__ import annotations

import select
from typing import Any

from django.db import connection
from psycopg import ClientCursor, errors
from psycopg.pq import ConnStatus, ExecStatus

from klientel.kernel.sql import Sql, comma
from klientel.kernel.tenancy import current, peek
from klientel.kernel.tenancy.backend.base import SAY

_DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)


class Underway:
    """Some statements as one message, a transaction of their own (PostgreSQL, 54.2.2.1), inside the current tenant.

    Until they are answered nothing else may use the thread's connection; inside a transaction they are a part of it.
    What goes wrong raises as any statement of Django's does; then nobody knows whether they took place.
    """

    def __init__(self, *asked: Sql) -> None:
        said = Sql(SAY, (str(current()), peek()[1]))
        every = comma([said, *asked], ";\n")
        self._statements = len(asked) + 1
        connection.ensure_connection()
        self._wrapped = connection.wrap_database_errors
        with self._wrapped:
            raw: Any = connection.connection
            self._link, self._encoding = raw.pgconn, raw.info.encoding
            self._link.send_query(ClientCursor(raw).mogrify(every.text, every.params).encode(self._encoding))
            while self._link.flush():
                select.select([self._link.socket], [self._link.socket], [])
                self._link.consume_input()

    def fileno(self) -> int:
        """Of the socket, on which the answer comes."""
        return int(self._link.socket)

    def is_answered(self) -> bool:
        """Whether the answer is there; never waits."""
        with self._wrapped:
            self._link.consume_input()
            return not self._link.is_busy()

    def rows(self) -> list[tuple[str | None, ...]]:
        """What the last statement answered with, as text; waits where that is not there yet."""
        found: list[tuple[str | None, ...]] = []
        failure: Exception | None = None
        answers = 0
        with self._wrapped:
            while (result := self._link.get_result()) is not None:
                if result.status not in _DONE:
                    failure = failure or errors.error_from_result(result, self._encoding)
                    continue
                answers += 1
                found = [
                    tuple(self._text(result, row, n) for n in range(result.nfields)) for row in range(result.ntuples)
                ]
            if self._link.status == ConnStatus.BAD or (failure is None and answers < self._statements):
                failure = errors.AdminShutdown(str(failure or "the connection ended"))  # whatever libpq calls it
            if failure is not None:
                raise failure
        return found

    def _text(self, result: Any, row: int, column: int) -> str | None:
        value = result.get_value(row, column)
        return None if value is None else value.decode(self._encoding)
