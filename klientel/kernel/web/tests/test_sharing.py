"""Viewers with the same rights share an answer for as long as the database would show both the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import translation

from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy import inside, reading, writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.kernel.web.sharing import Answer, shared

pytestmark = pytest.mark.django_db(transaction=True)
OWN = {"field": "owner", "op": "is", "value": {"me": True}}


@pytest.fixture
def here() -> Iterator[Tenant]:
    made = make_tenant("gemeinsam")
    with inside(made.id):
        yield made


def asker(tenant: Tenant, actor: Actor, made: list[str]) -> Any:
    """Asks as somebody; each time an answer is worked out, it is noted."""

    def ask(question: Any = "cards") -> str:
        with reading():
            request = SimpleNamespace(tenant=tenant, scope=ActorScope(actor))
            return shared(request, question, lambda: made.append(actor.name) or f"of {actor.name} {len(made)}")

    return ask


def members(*given: tuple[str, list[dict[str, Any]]]) -> list[Actor]:
    with writing():
        return [make_member(name, grants) for name, grants in given]


def test_the_same_rights_share_until_somebody_writes_anything(here: Tenant) -> None:
    dora, emil = members(("Dora", ALL), ("Emil", ALL))
    made: list[str] = []
    first, second = asker(here, dora, made), asker(here, emil, made)
    # whoever else writes into this server ends what is shared, so it may take some tries
    assert any(first(n) == second(n) for n in range(50))
    told = first()
    run(dora, "contacts.person.create", last_name="Neu")
    assert second() != told


def test_other_rights_another_language_and_what_is_about_the_asker_are_never_shared(here: Tenant) -> None:
    own = [{"record": "contacts.person", "verb": "view", "where": OWN}]
    dora, emil, narrow, alike = members(("Dora", ALL), ("Emil", ALL), ("Nora", own), ("Otto", own))
    made: list[str] = []
    assert [asker(here, who, made)() for who in (dora, narrow, alike)] == ["of Dora 1", "of Nora 2", "of Otto 3"]
    with translation.override("en"):
        assert asker(here, dora, made)() == "of Dora 4"
    mine = {"field": "owner", "op": "is", "value": {"me": True}}
    assert [asker(here, who, made)(mine) for who in (dora, emil)] == ["of Dora 5", "of Emil 6"]


def test_what_a_transaction_wrote_itself_is_in_its_own_answer(here: Tenant) -> None:
    [dora] = members(("Dora", ALL))
    made: list[str] = []
    request = SimpleNamespace(tenant=here, scope=ActorScope(dora))
    with writing():
        for n in range(2):
            run(dora, "contacts.person.create", last_name=f"N{n}")
            shared(request, "cards", lambda: made.append("again"))
    assert made == ["again", "again"]


def test_of_many_who_ask_at_once_one_works_it_out_and_a_failure_is_nobody_elses() -> None:
    answer, made, told, ready = Answer(), list[int](), list[str](), threading.Barrier(4)

    def make() -> str:
        made.append(len(made))
        if len(made) == 1:
            raise ValueError("the first one fails")
        return "told"

    def one() -> None:
        ready.wait()
        try:
            told.append(answer.get(make))
        except ValueError as error:
            told.append(str(error))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2 and sorted(told) == ["the first one fails", "told", "told", "told"]
