"""A repeated request is done once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from klientel.kernel.actions import run
from klientel.kernel.api.models import Answer
from klientel.kernel.tenancy import inside, reading, writing
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.kernel.tests.api.conftest import Program, token_of

KEY = {"Idempotency-Key": "order-4711"}


def test_the_same_request_is_answered_the_same_and_done_once(anna_api):
    first = anna_api.post("/persons", {"last_name": "Muster"}, **KEY)
    again = anna_api.post("/persons", {"last_name": "Muster"}, **KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first
    assert (again["ETag"], again["Location"]) == (first["ETag"], first["Location"])
    assert len(anna_api.get("/persons").json()["items"]) == 1


def test_another_request_with_the_key_is_refused(anna_api):
    anna_api.post("/persons", {"last_name": "Muster"}, **KEY)
    for path, body in (("/persons", {"last_name": "Meister"}), ("/organisations", {"last_name": "Muster"})):
        answer = anna_api.post(path, body, **KEY)
        assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert len(anna_api.get("/persons").json()["items"]) == 1


def test_a_key_belongs_to_its_token(anna, boris, program):
    for actor in (anna, anna, boris):
        given = {"last_name": "Muster", "owner": str(actor.member)}
        assert program(actor).post("/persons", given, **KEY).status_code == 201


def test_a_refusal_is_not_kept(anna_api):
    assert anna_api.post("/persons", {"last_name": "x" * 300}, **KEY).status_code == 422
    assert anna_api.post("/persons", {"last_name": "Muster"}, **KEY).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "schlüssel", "a b"])
def test_a_key_of_the_wrong_shape_is_refused(anna_api, key):
    assert anna_api.post("/persons", {"last_name": "Muster"}, **{"Idempotency-Key": key}).status_code == 400
    assert anna_api.get("/persons").json()["items"] == []


def test_every_post_knows_the_key(anna, anna_api):
    person = run(anna, "contacts.person.create", last_name="Muster").record
    for n, (path, body) in enumerate(
        [
            (f"/persons/{person.id}/actions/comment", {"text": "Hallo"}),
            ("/persons/bulk", {"verb": "change", "items": [{"id": str(person.id), "params": {"stage": "lead"}}]}),
        ]
    ):
        first = anna_api.post(path, body, **{"Idempotency-Key": f"k{n}"})
        again = anna_api.post(path, body, **{"Idempotency-Key": f"k{n}"})
        assert first.status_code == 200 and again.content == first.content and again["Idempotency-Replayed"]
    undo = f"/undo/{first.json()['change_set']}"
    assert [anna_api.post(undo, **{"Idempotency-Key": "u"}).status_code for _n in range(2)] == [200, 200]


def test_what_is_kept_cannot_be_read(anna_api):
    anna_api.post("/persons", {"last_name": "Geheimer"}, **KEY)
    kept = Answer.objects.get()
    assert b"Geheimer" not in bytes(kept.sealed) and "order" not in kept.key


def test_after_a_day_the_key_is_free(anna, anna_api):
    anna_api.post("/persons", {"last_name": "Muster"}, **KEY)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_answer SET at = %s", [timezone.now() - timedelta(hours=25)])
    assert "Idempotency-Replayed" not in anna_api.post("/persons", {"last_name": "Meister"}, **KEY)
    assert anna_api.post("/persons", {"last_name": "Meister"}, **KEY)["Idempotency-Replayed"]


@pytest.mark.django_db(transaction=True)
def test_many_at_the_same_time_do_it_once():
    tenant = make_tenant("hansewerk")
    with inside(tenant.id), writing():
        anna = make_member("Anna Alster", ALL)
    text, start, told = token_of(anna), threading.Barrier(4), []

    def ask() -> None:
        try:
            start.wait()
            told.append(Program(text).post("/persons", {"last_name": "Muster"}, **KEY))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 4 and {a.status_code for a in told} <= {201, 409}
    made = [a for a in told if a.status_code == 201]
    assert made and len({a.content for a in made}) == 1
    assert sum("Idempotency-Replayed" not in a for a in made) == 1
    assert {a.json()["code"] for a in told if a.status_code == 409} <= {"under_way"}
    with inside(tenant.id), reading():
        assert Answer.objects.count() == 1
    assert len(Program(text).get("/persons").json()["items"]) == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_under_way_the_second_is_told_so():
    tenant = make_tenant("hansewerk")
    with inside(tenant.id), writing():
        anna = make_member("Anna Alster", ALL)
    text, told = token_of(anna), []
    with inside(tenant.id), writing():
        run(anna, "kernel.tag.create", name="A")
    first, held, answered = Program(text), threading.Event(), threading.Event()

    def slow() -> None:
        with inside(tenant.id), writing(), connection.cursor() as cursor:
            cursor.execute("SELECT id FROM kernel_tag FOR UPDATE")
            held.set()
            answered.wait(60)  # the second does not wait for the first
        connections.close_all()

    def ask(api: Program) -> None:
        tag = api.get("/tags").json()["items"][0]
        body = {"verb": "change", "items": [{"id": tag["id"], "params": {"name": "B"}}]}
        told.append(api.post("/tags/bulk", body, **KEY))
        answered.set()
        connections.close_all()

    threads = [threading.Thread(target=slow), *(threading.Thread(target=ask, args=[first]) for _n in range(2))]
    threads[0].start()
    assert held.wait(60)
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status_code for a in told) == [200, 409]
