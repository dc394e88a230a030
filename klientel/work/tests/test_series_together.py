"""Tasks and meetings that come again, completed and planned by several at the same moment."""

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
from klientel.work.models import Meeting, Task

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


def test_two_clicks_at_once_make_one_next_task(here: Tenant, dora: Actor) -> None:
    made = run(dora, "work.task.create", subject="Report", due="2026-11-24", repeats="weekly").record
    found = at_once(here, *[lambda: run(dora, "work.task.complete", made.pk)] * 2)
    with writing():
        assert sorted(found) == ["done", "done_already"]
        assert Task.objects.filter(follows=made.pk).count() == 1


def test_two_workers_at_once_plan_one_next_meeting(here: Tenant, dora: Actor) -> None:
    made = run(dora, "work.meeting.create", subject="Jour fixe", begins="2026-11-24T10:00", repeats="weekly").record
    found = at_once(here, *[lambda: run(dora, "work.meeting.carry_on", made.pk)] * 2)
    with writing():
        assert sorted(found) == ["done", "planned_already"]
        assert Meeting.objects.filter(follows=made.pk).count() == 1
