"""Several statements as one message."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from klientel.kernel.sql import Sql
from klientel.kernel.statements import Writes, ask
from klientel.kernel.tenancy import writing

pytestmark = pytest.mark.django_db


def test_each_of_several_statements_answers_for_itself(anna):
    with writing(), CaptureQueriesContext(connection) as seen:
        found = ask(
            Sql("SELECT %s, '%%'", ("a;b",)), Sql("SELECT 1 WHERE false"), Sql("SELECT n FROM unnest(%s) n", ([1, 2],))
        )
    assert found == [[("a;b", "%")], [], [(1,), (2,)]]
    assert len([q for q in seen if "unnest" in q["sql"]]) == 1


def test_what_is_kept_is_sent_once_and_in_order(anna):
    with writing(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE told (n int, at serial) ON COMMIT DROP")
        writes = Writes([Sql("INSERT INTO told VALUES (%s)", (2,))])
        writes.add(Sql("INSERT INTO told VALUES (%s)", (n,)) for n in (1, 3))
        with CaptureQueriesContext(connection) as seen:
            writes.send()
            writes.send()
        assert len(seen) == 1
        cursor.execute("SELECT n FROM told ORDER BY at")
        assert cursor.fetchall() == [(2,), (1,), (3,)]


def test_where_one_fails_none_is_written(anna):
    with writing(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE told (n int) ON COMMIT DROP")
        with pytest.raises(DatabaseError), transaction.atomic():
            Writes([Sql("INSERT INTO told VALUES (1)"), Sql("SELECT 1/0")]).send()
        cursor.execute("SELECT count(*) FROM told")
        assert cursor.fetchone() == (0,)
