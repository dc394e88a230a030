"""Statements whose answer is taken later."""

import os
import select
import socket

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection

from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.tenancy.underway import Underway
from klientel.kernel.testing import make
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member, make_tenant

SEEN = Sql("SELECT last_name, %s FROM contacts_person", ("100 %;",))


@pytest.fixture
def two(transactional_db):
    """Two tenants with a person each."""
    made = [make_tenant("hier"), make_tenant("dort")]
    for one in made:
        with inside(one.pk), writing():
            make(make_member("Anna", ALL), "contacts.person", last_name=one.slug)
    return made


def test_the_answer_is_there_later_and_shows_the_own_tenant_only(two):
    for one in two:
        with inside(one.pk):
            asked = Underway(SEEN)
            assert select.select([asked], [], [], 10)[0] == [asked]
            assert asked.is_answered()
            assert asked.rows() == [(one.slug, "100 %;")]


def test_it_is_committed_as_a_whole_or_not_at_all(two):
    change = Sql("UPDATE contacts_person SET last_name = 'neu'")
    with inside(two[0].pk):
        with pytest.raises(DatabaseError):
            Underway(change, Sql("SELECT 1/0")).rows()
        assert Underway(SEEN).rows() == [("hier", "100 %;")]
        Underway(change).rows()
        connection.close()
        assert Underway(SEEN).rows() == [("neu", "100 %;")]


def test_a_connection_that_is_lost_is_said_and_never_taken_for_an_answer(two):
    with inside(two[0].pk):
        asked = Underway(Sql("SELECT pg_sleep(20)"))
        number = connection.connection.info.backend_pid
        facts = connection.settings_dict
        with psycopg.connect(
            host=facts["HOST"], port=facts["PORT"] or None, dbname=facts["NAME"], user=facts["USER"],
            password=facts["PASSWORD"], autocommit=True,
        ) as other:  # fmt: skip
            other.execute("SELECT pg_terminate_backend(%s)", [number])
        with pytest.raises(OperationalError):
            asked.rows()
        connection.close()
        assert Underway(SEEN).rows() == [("hier", "100 %;")]


def test_a_server_that_is_gone_without_a_word_is_a_lost_connection_too(two):
    with inside(two[0].pk):
        asked = Underway(Sql("SELECT pg_sleep(1)"))
        with socket.socket(fileno=os.dup(asked.fileno())) as link:
            link.shutdown(socket.SHUT_RDWR)
        with pytest.raises(OperationalError):
            asked.rows()
        connection.close()
