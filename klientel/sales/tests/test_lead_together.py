"""Two at the same moment: one lead makes one deal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.sales.models import Deal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here() -> Iterator[Tenant]:
    made = make_tenant("zusammen")
    with inside(made.id):
        yield made


@pytest.fixture
def dora(here: Tenant) -> Actor:
    with writing():
        return make_member("Dora", ALL)


def at_once(tenant: Tenant, *acts: Callable[[], Any]) -> list[str]:
    """What became of each, done in threads that begin together: ``done`` or the code of the refusal."""
    found, ready = [""] * len(acts), threading.Barrier(len(acts))

    def one(n: int) -> None:
        try:
            with inside(tenant.id):
                ready.wait()
                acts[n]()
                found[n] = "done"
        except Refused as no:
            found[n] = no.code
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_two_who_convert_at_once_make_one_deal(here: Tenant, dora: Actor) -> None:
    made = run(dora, "sales.lead.create", name="A new machine").record
    found = at_once(here, *[lambda: run(dora, "sales.lead.convert", made.pk)] * 2)
    with writing():
        assert sorted(found) == ["converted_already", "done"] and Deal.objects.count() == 1
