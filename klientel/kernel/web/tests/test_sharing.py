"""Viewers with the same rights share an answer for as long as the database would show both the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.utils import translation

from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy import inside, reading, writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.kernel.web.sharing import Answer, seen, shared, told, viewer

pytestmark = pytest.mark.django_db(transaction=True)
OWN = {"field": "owner", "op": "is", "value": {"me": True}}


@pytest.fixture
def here() -> Iterator[Tenant]:
    made = make_tenant("gemeinsam")
    with inside(made.id):
        yield made


def request(tenant: Tenant, actor: Actor) -> Any:
    return SimpleNamespace(tenant=tenant, scope=ActorScope(actor))


def members(*given: tuple[str, list[dict[str, Any]]]) -> list[Actor]:
    with writing():
        return [make_member(name, grants) for name, grants in given]


def test_the_same_rights_share_an_answer_and_a_write_ends_it(here: Tenant) -> None:
    dora, emil = members(("Dora", ALL), ("Emil", ALL))
    assert viewer(request(here, dora), b"cards") == viewer(request(here, emil), b"cards")
    made: list[int] = []
    for question in ("cards", "cards", "numbers"):
        assert told(("key", question), lambda: made.append(1)) is None
    assert len(made) == 2
    with reading():
        before = seen()
        assert before and shared(request(here, dora), "cards", lambda: "an answer") == "an answer"
    run(dora, "contacts.person.create", last_name="Neu")
    with reading():
        assert seen() != before


def test_other_rights_another_language_and_what_is_about_the_asker_are_never_shared(here: Tenant) -> None:
    own = [{"record": "contacts.person", "verb": "view", "where": OWN}]
    dora, emil, narrow, alike = members(("Dora", ALL), ("Emil", ALL), ("Nora", own), ("Otto", own))
    keys = [viewer(request(here, who), b"cards") for who in (dora, narrow, alike)]
    with translation.override("en"):
        keys.append(viewer(request(here, dora), b"cards"))
    about = orjson.dumps(OWN)
    keys += [viewer(request(here, who), about) for who in (dora, emil)]
    assert len(set(keys)) == len(keys)


def test_what_a_transaction_wrote_itself_is_in_its_own_answer(here: Tenant) -> None:
    [dora] = members(("Dora", ALL))
    made: list[str] = []
    with writing():
        for n in range(2):
            run(dora, "contacts.person.create", last_name=f"N{n}")
            shared(request(here, dora), "cards", lambda: made.append("again"))
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
