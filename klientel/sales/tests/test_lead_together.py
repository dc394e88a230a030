"""Two at the same moment: one lead makes one deal, and no turn is taken twice."""

from __future__ import annotations

import threading
from collections import Counter
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
from klientel.sales.models import Deal, Lead

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


def test_turns_and_capacity_hold_for_leads_that_come_at_the_same_moment(here: Tenant, dora: Actor) -> None:
    with writing():
        reps = [make_member(name, []).member for name in ("One", "Two", "Three")]
        rule = run(dora, "sales.leadrule.create", name="All").record
        for member, most in zip(reps, (3, None, None), strict=True):
            run(dora, "sales.leadshare.create", rule=rule.pk, member=member, most_open=most)
        made = [run(dora, "sales.lead.create", name=f"L{n}").record.pk for n in range(12)]
    for start in range(0, 12, 4):
        some = [lambda one=one: run(dora, "sales.lead.route", one) for one in made[start : start + 4]]
        assert at_once(here, *some) == ["done"] * 4
    with writing():
        got = Counter(Lead.objects.values_list("owner", flat=True))
        assert got[reps[0]] == 3 and abs(got[reps[1]] - got[reps[2]]) <= 1 and sum(got.values()) == 12


def test_two_who_capture_one_person_at_once_make_one_person(here: Tenant, dora: Actor) -> None:
    who = {"first_name": "Ute", "last_name": "Meyerhofer", "email": "ute@elbe.example", "interest": "A press"}
    assert at_once(here, *[lambda: run(dora, "sales.lead.capture", **who)] * 3) == ["done"] * 3
    with writing():
        assert Lead.objects.count() == 3 and len(set(Lead.objects.values_list("person", flat=True))) == 1
