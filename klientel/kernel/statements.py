"""Statements that go to the database as one message: the way there and back costs as much as most of them do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar

from django.db import NotSupportedError, connection, transaction

from klientel.kernel import plans
from klientel.kernel.sql import Sql, comma

Rows = list[tuple[Any, ...]]
P = ParamSpec("P")
T = TypeVar("T", covariant=True)


def ask(*asked: Sql) -> list[Rows]:
    """The rows that each of these statements answers with; none may hang on what another one answers."""
    with connection.cursor() as cursor:
        every = comma(plans.called(asked), ";\n")
        try:
            cursor.execute(every.text, every.params)
        except NotSupportedError:
            plans.begin_anew()
            raise
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
    """Statements that write and answer nothing, kept until somebody has to read what they wrote."""

    def __init__(self, some: Iterable[Sql] = ()) -> None:
        self._kept: list[Sql] = []
        self.add(some)

    def add(self, some: Iterable[Sql]) -> None:
        """Keep these too, to be sent in this order."""
        self._kept += some

    def send(self) -> None:
        """Send what is kept."""
        every, self._kept = comma(self._kept, ";\n"), []
        if every.text:
            with connection.cursor() as cursor:
                cursor.execute(every.text, every.params)


def tell_planner(tables: Iterable[str]) -> None:
    """Let the planner know how full tables have become that were just filled; nobody is waited for.

    A new tenant's rows are invisible to it until autovacuum comes round; until then it would read all of them for every
    look-up.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        for table in dict.fromkeys(tables):
            cursor.execute("SELECT kernel_analyze(%s)", [table])
