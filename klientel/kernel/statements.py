"""Statements that go to the database as one message: the way there and back costs as much as most of them do.

Of many records they are written *behind*: while the database takes in one set of rows, the next is being made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar

from django.db import connection
from psycopg import Cursor

from klientel.kernel.sql import Sql, comma

Rows = list[tuple[Any, ...]]
P = ParamSpec("P")
T = TypeVar("T", covariant=True)
_line: ContextVar[_Line | None] = ContextVar("line", default=None)
_idle: ContextVar[threading.Event | None] = ContextVar("idle", default=None)


def ask(*asked: Sql) -> list[Rows]:
    """The rows that each of these statements answers with; none may hang on what another one answers."""
    every = comma(asked, ";\n")
    with connection.cursor() as cursor:
        cursor.execute(every.text, every.params)
        found = [cursor.fetchall()]
        while cursor.nextset():
            found.append(cursor.fetchall())
    return found


@dataclass(frozen=True)
class Question(Generic[T]):
    """A statement, and what is made of the rows that it answers with."""

    sql: Sql
    made: Callable[[Rows], T]

    def asked(self) -> T:
        """Ask it alone."""
        return self.made(ask(self.sql)[0])


def together(*questions: Question[Any]) -> list[Any]:
    """What each of these questions comes to, all of them asked as one message."""
    if not questions:
        return []
    found = ask(*(q.sql for q in questions))
    return [question.made(rows) for question, rows in zip(questions, found, strict=True)]


def at_once(asking: Callable[P, Question[T]]) -> Callable[P, T]:
    """The function that asks its question alone and at once."""

    @wraps(asking)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        return asking(*args, **kwargs).asked()

    return asked


class Writes:
    """Statements that write and answer nothing, kept until somebody has to read what they wrote.

    Inside :func:`behind` a second thread carries them out in their turn.
    """

    def __init__(self, some: Iterable[Sql] = ()) -> None:
        self._kept: list[Sql] = []
        self.add(some)

    def add(self, some: Iterable[Sql]) -> None:
        """Keep these too, to be sent in this order."""
        line = _line.get()
        if line is None:
            self._kept += some
        else:
            for one in some:
                line.put(one)

    def send(self) -> None:
        """Send what is kept."""
        every, self._kept = comma(self._kept, ";\n"), []
        if every.text:
            with connection.cursor() as cursor:
                cursor.execute(every.text, every.params)


@contextmanager
def behind() -> Iterator[None]:
    """Inside this block, which lies in a transaction, nobody waits for :class:`Writes`.

    Any other statement, and the end of the block, waits until all that was put before is carried out; what the
    database says no to is raised there. Whoever counts statements sees each at its place.
    """
    if _line.get() is not None or connection.force_debug_cursor:
        yield
        return
    line = _Line()
    token = _line.set(line)
    try:
        with connection.execute_wrapper(line.turn):
            yield
            line.wait()
    finally:
        line.close()
        _line.reset(token)


class _Line:
    """Statements waiting for the one connection, in order; after a failure the rest are not begun."""

    def __init__(self) -> None:
        self._raw = connection.connection
        self._hand = ThreadPoolExecutor(1, "writing-behind")
        self._waiting: list[Future[None]] = []
        self._failed = False

    def put(self, one: Sql) -> None:
        """One more, the last so far."""
        self._waiting.append(self._hand.submit(self._carry_out, one))

    def _carry_out(self, one: Sql) -> None:
        if self._failed:
            return
        try:
            with Cursor(self._raw) as cursor:  # its values apart from its text: rows of a chunk are a long text
                cursor.execute(one.text, one.params)
        except BaseException:
            self._failed = True
            raise

    def wait(self) -> None:
        """Until nothing is left; raises what failed, as Django would have."""
        with _waiting():
            while self._waiting:
                with connection.wrap_database_errors:
                    self._waiting.pop(0).result()

    def turn(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Another statement comes after all that waits."""
        self.wait()
        return execute(sql, params, many, context)

    def close(self) -> None:
        """Leave nothing running, whatever became of it."""
        self._failed = True
        self._hand.shutdown(wait=True)


@contextmanager
def idling(idle: threading.Event) -> Iterator[None]:
    """Inside this block ``idle`` is set while this thread waits for the database, and only then.

    A second thread that works at these times alone takes nothing away from this one: only one of them runs at once.
    """
    token = _idle.set(idle)
    idle.clear()
    try:
        with connection.execute_wrapper(_idle_while):
            yield
    finally:
        idle.set()
        _idle.reset(token)


@contextmanager
def _waiting() -> Iterator[None]:
    idle = _idle.get()
    if idle is None or idle.is_set():
        yield
        return
    idle.set()
    try:
        yield
    finally:
        idle.clear()


def _idle_while(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    with _waiting():
        return execute(sql, params, many, context)
