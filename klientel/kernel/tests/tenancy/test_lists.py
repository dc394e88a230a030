"""Lists reach the database as they are, whatever stands in them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from psycopg.types.array import ListDumper

from klientel.lib.ids import uuid7

PLAIN = ["x", "a.b@c.example", "e:a+b/c", "0", "-1", "a_b-c"]
ODD = ["a,b", "", "NULL", "null", "{", "}", '"', "\\", "'", "ä", "a b", "\u2003", "\n", "%s", "$1"]


def back(value: list[Any], kind: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [value])
        return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize("words", [PLAIN, ODD, [*PLAIN, *ODD], ["a,b", "c"], [], *([one] for one in [*PLAIN, *ODD])])
def test_words_come_back_as_they_were_sent(words: list[str]) -> None:
    assert back(words, "text") == words


@pytest.mark.django_db
def test_ids_numbers_and_gaps_come_back_as_they_were_sent() -> None:
    ids = [uuid7() for _n in range(300)]
    assert back(ids, "uuid") == ids
    assert back([UUID(int=0), UUID(int=2**128 - 1)], "uuid") == [UUID(int=0), UUID(int=2**128 - 1)]
    assert back([ids[0], None], "uuid") == [ids[0], None]
    assert back([1, -(2**40)], "bigint") == [1, -(2**40)]
    assert back([["a,b", "c"], ["d", "null"]], "text") == [["a,b", "c"], ["d", "null"]]


@pytest.mark.django_db
def test_the_driver_is_asked_only_where_an_element_needs_a_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    known = ListDumper.dump
    monkeypatch.setattr(ListDumper, "dump", lambda self, given: asked.append(given) or known(self, given))
    back(PLAIN, "text")
    back([uuid7(), uuid7()], "uuid")
    assert asked == []
    back(ODD, "text")
    assert asked == [ODD]
