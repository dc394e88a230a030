"""The pages of undo: looked at first, decided per record, done in the background where it is much."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from klientel.kernel import history
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.history import runs
from klientel.kernel.history.models import ChangeRun
from klientel.kernel.identity.actor import Actor
from klientel.kernel.web.views import bulk
from klientel.lib.ids import uuid7

pytestmark = pytest.mark.django_db
FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}
PERSON = "contacts.person"


def led(actor: Actor, n: int = 3):
    people = [run(actor, f"{PERSON}.create", last_name=f"Janssen {i}").record for i in range(n)]
    change_set = uuid7()
    list(run_many(actor, f"{PERSON}.change", [Item(p.id, {"position": "Leitung"}) for p in people],
                  change_set=change_set))  # fmt: skip
    return people, change_set


def position(person):
    person.refresh_from_db()
    return person.position


def test_the_preview_shows_both_values_and_each_record_is_decided(client: Client, actor: Actor) -> None:
    people, change_set = led(actor)
    for person in people[:2]:
        run(actor, f"{PERSON}.change", person.id, position="Vorstand")
    answer = client.get(f"/undo/{change_set}")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Leitung" in text and "Vorstand" in text and text.count("<select") == 2
    client.post(f"/undo/{change_set}", {"choice": "leave", f"choice-{people[0].id}": "restore"})
    assert [position(p) for p in people] == ["", "Vorstand", ""]


def test_a_quick_undo_leads_to_the_decision_where_something_changed_since(client: Client, actor: Actor) -> None:
    people, change_set = led(actor)
    run(actor, f"{PERSON}.change", people[0].id, position="Vorstand")
    told = client.post(f"/undo/{change_set}", **FETCH).json()
    assert (told["records"], told["see"]) == (2, f"/undo/{change_set}")
    assert client.post(told["undo"], **FETCH).json()["records"] == 2
    assert [position(p) for p in people] == ["Vorstand", "Leitung", "Leitung"]


def test_a_hidden_value_is_on_no_preview(narrow: tuple[Client, Actor], actor: Actor) -> None:
    browser, boris = narrow
    person = run(actor, f"{PERSON}.create", last_name="Janssen", owner=boris.member).record
    done = run(actor, f"{PERSON}.change", person.id, birthday="1971-02-03", position="Leitung")
    run(actor, f"{PERSON}.change", person.id, birthday="1972-03-04")
    text = browser.get(f"/undo/{done.change_set}").content.decode()
    assert "Leitung" in text and "1971" not in text and "1972" not in text


def test_of_another_tenant_there_is_nothing(client: Client, actor: Actor) -> None:
    assert client.get(f"/undo/{uuid7()}").status_code == 404
    assert client.get(f"/runs/{uuid7()}").status_code == 404


def test_many_go_back_in_the_background(client: Client, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    people, change_set = led(actor)
    monkeypatch.setattr(runs, "AT_ONCE", 2)
    at = client.post(f"/undo/{change_set}", {"choice": "leave"})["Location"]
    assert "data-poll" in client.get(at).content.decode()
    assert client.get(f"{at}/progress").json()["ready"] is False
    found = ChangeRun.objects.get()
    runs.carry_out(found.pk)
    assert client.get(f"{at}/progress").json() == {"done": 3, "total": 3, "text": "3 of 3 records", "ready": True}
    assert f"/undo/{found.change_set}" in client.get(at).content.decode()
    assert position(people[0]) == ""


def test_a_bulk_edit_of_all_goes_to_the_background(
    client: Client, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, _set = led(actor)
    monkeypatch.setattr(bulk, "MOST", 2)
    where = '{"field":"position","op":"is","value":"Leitung"}'
    asked = client.post("/persons/bulk/assign", {"all": "1", "where": where, "ask": "1"}).content.decode()
    assert 'name="all" value="1"' in asked and "3 records" in asked and 'name="id"' not in asked
    sent = {"all": "1", "where": where, "_field": "owner", "owner": str(actor.member)}
    at = client.post("/persons/bulk/assign", sent)["Location"]
    runs.carry_out(ChangeRun.objects.get().pk)
    assert re.search(r'class="v">3<', client.get(at).content.decode())
    people[0].refresh_from_db()
    assert people[0].owner == actor.member
    assert history.undo(actor, ChangeRun.objects.get().change_set).records == 3
