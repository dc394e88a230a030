"""A server of one's own that does not fit is told in one sentence, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from klientel.site import fitness, roles
from klientel.site.cli.failure import Failure
from klientel.site.postgres import PostgresError
from klientel.site.setup import Database
from klientel.site.testing import _server as server

NAME = f"run_{os.getpid()}_unfit"


def make(how: str = "owner klientel_owner encoding 'UTF8'") -> None:
    with server.connect(name="postgres") as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(NAME)))
        connection.execute(sql.SQL(f"create database {{}} {how} template template0").format(sql.Identifier(NAME)))


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    make()
    yield
    with server.connect(name="postgres") as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(NAME)))


def at(role: str) -> Database:
    facts = server.database(role)
    return Database(facts.host, facts.port, NAME, facts.user, facts.password, facts.options)


def told(role: str = "klientel_app") -> str:
    with pytest.raises(Failure) as no:
        fitness.check_app(at(role))
    return str(no.value)


def test_a_database_that_fits_is_passed() -> None:
    fitness.check_app(at("klientel_app"))
    with psycopg.connect(**at("klientel_owner").conninfo(), autocommit=True) as owner:
        roles.prepare_database(owner)
        fitness.check_owner(owner)


def test_marks_that_are_missing_are_told_in_one_sentence() -> None:
    said = fitness.slow(at("klientel_app"))  # made from template0: nobody has marked anything
    assert said.startswith(f'WARNING: searches and lists will be slow: in the database "{NAME}" ')
    assert "more functions are not marked leakproof, so row-level security leaves indexes unused." in said
    with psycopg.connect(**at("klientel_super").conninfo(), autocommit=True) as superuser:
        roles.mark_leakproof(superuser)
    assert fitness.slow(at("klientel_app")) == ""


@pytest.mark.parametrize("role", ["klientel_super", "klientel_backup"])
def test_a_role_that_row_level_security_does_not_bind_is_refused(role: str) -> None:
    assert f'signs in as "{role}", which row-level security does not bind' in told(role)


def test_the_owner_does_not_serve_pages() -> None:
    assert 'signs in as "klientel_owner"; it must be klientel_app' in told("klientel_owner")


def test_another_encoding_is_refused() -> None:
    make("owner klientel_owner encoding 'LATIN1' locale_provider libc lc_collate 'C' lc_ctype 'C'")
    assert "is encoded as LATIN1; it must be made with encoding UTF8" in told()


def test_an_older_server_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitness, "OLDEST", 99)
    assert "Klientel needs 99 or newer" in told()


@pytest.mark.parametrize("role", ["klientel_app", "klientel_owner"])
def test_who_may_not_make_tables_does_not_migrate(role: str) -> None:
    make("owner klientel_super")
    with psycopg.connect(**at(role).conninfo(), autocommit=True) as connection, pytest.raises(Failure) as no:
        fitness.check_owner(connection)
    assert f'"{role}" may not make the tables' in str(no.value)


def test_an_extension_that_the_server_does_not_have_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "EXTENSIONS", ("pg_trgm", "not_there"))
    owner = at("klientel_owner").conninfo()
    with (
        psycopg.connect(**owner, autocommit=True) as connection,
        pytest.raises(PostgresError, match=r"lacks .* not_there:"),
    ):
        roles.prepare_database(connection)


def test_ids_are_made_by_older_servers_as_by_newer_ones() -> None:
    with psycopg.connect(**at("klientel_owner").conninfo(), autocommit=True) as owner:
        owner.execute(roles.UUIDV7.encode())
        found = owner.execute(
            "select u::text, abs(extract(epoch from now()) * 1000"
            " - ('x' || left(replace(u::text, '-', ''), 12))::bit(48)::bigint)"
            " from (select public.uuidv7() u from generate_series(1, 20)) x"
        ).fetchall()
    assert len({text for text, _off in found}) == 20
    for text, off in found:
        assert (text[14], text[19] in "89ab", off < 60_000) == ("7", True, True)
