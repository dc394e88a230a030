"""Rows are read ahead in handfuls by a thread that is gone when nobody wants them any more."""

import threading

import pytest
from django.db import connection

from klientel.kernel.transfer.ahead import ahead, idling


def test_handfuls_come_in_order_and_the_last_one_may_be_small():
    assert list(ahead(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(ahead([], 3)) == []


def test_what_goes_wrong_is_raised_where_the_rows_are_wanted():
    def rows():
        yield from range(4)
        raise ValueError("no table")

    pieces = ahead(rows(), 2)
    assert [next(pieces), next(pieces)] == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="no table"):
        next(pieces)


def test_whoever_stops_early_leaves_nobody_reading():
    pieces = ahead(iter(int, 1), 10)
    assert next(pieces) == [0] * 10
    pieces.close()
    assert not [t for t in threading.enumerate() if t.name == "import-reader"]


@pytest.mark.django_db
def test_a_thread_is_idle_while_it_waits_for_the_database_and_only_then():
    idle, seen = threading.Event(), []

    def look(execute, *asked):
        seen.append(idle.is_set())
        return execute(*asked)

    with idling(idle), connection.execute_wrapper(look), connection.cursor() as cursor:
        assert not idle.is_set()
        cursor.execute("SELECT 1")
        assert not idle.is_set()
    assert idle.is_set()
    assert seen == [True]
