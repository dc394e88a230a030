"""With connections pooled, as in production: no tenant sees what the last user of a connection saw."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside, reading, writing
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)
FIRM = "contacts.organisation"


@pytest.fixture
def pooled() -> Iterator[None]:
    """Threads of the test take their connections from a pool of two."""
    options: dict[str, Any] = connections.settings["default"]["OPTIONS"]
    before = dict(options)
    options["pool"] = {"min_size": 0, "max_size": 2, "timeout": 10}
    checks = connections.settings["default"]["CONN_HEALTH_CHECKS"]
    connections.settings["default"]["CONN_HEALTH_CHECKS"] = True
    try:
        yield
    finally:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(connection.close_pool).result()
        connections.settings["default"]["CONN_HEALTH_CHECKS"] = checks
        options.clear()
        options.update(before)


def people() -> list[Actor]:
    """Two tenants with a member and a firm of their own each."""
    made = []
    for slug in ("hansewerk", "elbtal"):
        with inside(make_tenant(slug).pk), writing():
            made.append(make_member(slug.title(), ALL))
            run(made[-1], f"{FIRM}.create", name=f"Firma {slug}")
    return made


def look(actor: Actor) -> tuple[list[str], int, int]:
    """What the actor finds, what the bare table shows inside the tenant, and what outside any."""
    try:
        with inside(actor.tenant), reading():
            rows = select(ActorScope(actor), type_of(FIRM)).rows
            within = bare()
        with inside(None), reading():
            return [r.title for r in rows], within, bare()
    finally:
        connection.close()


def bare() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM contacts_organisation")
        return int(cursor.fetchone()[0])


def test_a_connection_handed_on_forgets_its_tenant(pooled: None) -> None:
    both = people()
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(look, both * 20))
    assert connection.pool is not None
    assert found == [(["Firma hansewerk"], 1, 0), (["Firma elbtal"], 1, 0)] * 20


def test_a_connection_that_died_in_the_pool_is_replaced(pooled: None) -> None:
    [anna, _cleo] = people()

    def died() -> int:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                return int(cursor.fetchone()[0])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pid = pool.submit(died).result()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
            assert cursor.fetchone() == (True,)
        assert pool.submit(look, anna).result() == (["Firma hansewerk"], 1, 0)
        assert pool.submit(died).result() != pid
