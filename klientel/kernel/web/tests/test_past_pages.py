"""Pages that look back: a list and a record as they were, what changed since, all changes of a record."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from klientel.kernel.actions import run
from klientel.kernel.history import past, undo
from klientel.kernel.identity.actor import Actor

pytestmark = pytest.mark.django_db
PERSON = "contacts.person"


def stamp() -> str:
    return dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")


def person(actor: Actor, **given: object):
    return run(actor, f"{PERSON}.create", **({"last_name": "Janssen"} | given)).record


def test_a_list_as_it_was_with_filter_sort_and_columns(client: Client, actor: Actor) -> None:
    one = person(actor, position="Leitung")
    at = stamp()
    run(actor, f"{PERSON}.change", one.id, position="Einkauf", last_name="Petersen")
    where = '{"field":"position","op":"is","value":"Leitung"}'
    asked = {"as_of": at, "where": where, "columns": "position,stage", "sort": "-position"}
    text = client.get("/persons/", asked).content.decode()
    assert "Janssen" in text and "Leitung" in text and "Petersen" not in text and "Einkauf" not in text
    assert "data-grid" not in text and "data-edit" not in text
    assert "Petersen" in client.get("/persons/").content.decode()


def test_a_record_as_it_was_is_read_only(client: Client, actor: Actor) -> None:
    one = person(actor, position="Leitung")
    at = stamp()
    run(actor, f"{PERSON}.change", one.id, position="Einkauf")
    answer = client.get(f"/persons/{one.id}/", {"as_of": at})
    text = answer.content.decode()
    assert "Leitung" in text and "Einkauf" not in text and "data-field" not in text
    assert client.get(f"/persons/{one.id}/", {"as_of": "2020-01-01"}).status_code == 200
    assert client.get(f"/persons/{one.id}/", {"as_of": "gestern"}).status_code == 422


def test_hidden_fields_are_hidden_in_the_past_too(narrow: tuple[Client, Actor], actor: Actor) -> None:
    browser, boris = narrow
    one = person(actor, owner=boris.member, birthday="1971-02-03")
    at = stamp()
    run(actor, f"{PERSON}.change", one.id, birthday="1972-03-04", position="Leitung")
    for path in (f"/persons/{one.id}/?as_of={at}", f"/persons/?as_of={at}", f"/persons/{one.id}/history",
                 f"/persons/since?as_of={at}&columns=position"):  # fmt: skip
        answer = browser.get(path)
        text = answer.content.decode()
        assert answer.status_code == 200 and "1971" not in text and "1972" not in text, path
    assert browser.get(f"/persons/{one.id}/history?field=birthday").status_code == 422


def test_what_changed_since_names_who_and_both_values(client: Client, actor: Actor) -> None:
    one = person(actor, position="Leitung")
    at = stamp()
    run(actor, f"{PERSON}.change", one.id, position="Einkauf")
    person(actor, last_name="Neumann")
    text = client.get("/persons/since", {"as_of": at, "columns": "position"}).content.decode()
    assert "<del>Leitung</del>" in text and "<ins>Einkauf</ins>" in text and "Neumann" in text and "Anna" in text
    only = client.get("/persons/since", {"as_of": at, "columns": "position", "show": "entered"}).content.decode()
    assert "Neumann" in only and "Leitung" not in only
    refused = client.get("/persons/since", {"as_of": at, "where": '{"has":"work.task.concerns"}'})
    assert refused.status_code == 200 and "look at the records themselves" in refused.content.decode()


def test_what_changed_since_is_asked_of_the_last_monday_where_nobody_says_a_day(client: Client, actor: Actor) -> None:
    person(actor, position="Leitung")
    answer = client.get("/persons/since")
    assert answer.status_code == 200
    assert f'value="{past.monday().isoformat()}T00:00"' in answer.content.decode()
    assert client.get("/persons/since?as_of=x").status_code == 422


def test_all_changes_say_through_what_and_why(client: Client, actor: Actor) -> None:
    one = person(actor, position="Leitung")
    done = run(actor, f"{PERSON}.change", one.id, position="Einkauf")
    undo(actor, done.change_set)
    text = client.get(f"/persons/{one.id}/history").content.decode()
    assert "Because of:" in text and f"#e-{done.events[0].id}" in text and "by hand" in text
    assert text.count("<article") == 3
    assert client.get(f"/persons/{one.id}/history?kind=create").content.decode().count("<article") == 1
    assert client.get(f"/persons/{one.id}/history?field=position").content.decode().count("<article") == 3
    assert client.get(f"/persons/{one.id}/history?actor=token:x").content.decode().count("<article") == 0


def test_one_field_goes_back_and_that_is_a_change_like_any_other(client: Client, actor: Actor) -> None:
    one = person(actor, position="Leitung")
    run(actor, f"{PERSON}.change", one.id, position="Einkauf")
    text = client.get(f"/persons/{one.id}/history").content.decode()
    [path] = re.findall(r'action="(/persons/[^"]+/position)"', text)
    client.post(path, {})
    one.refresh_from_db()
    assert (one.position, one.version) == ("Leitung", 3)
    newest = client.get(f"/persons/{one.id}/history").content.decode()
    assert newest.count("Because of:") == 1


def test_a_field_one_may_not_set_does_not_go_back(narrow: tuple[Client, Actor], actor: Actor) -> None:
    browser, boris = narrow
    one = person(actor, owner=boris.member, stage="lead")
    done = run(actor, f"{PERSON}.change", one.id, stage="customer")
    answer = browser.post(f"/persons/{one.id}/history/{done.events[0].id}/stage")
    one.refresh_from_db()
    assert (answer.status_code, one.stage) == (404, "customer")


def test_pages_of_the_past_cost_the_same_for_3_and_for_12(client: Client, actor: Actor) -> None:
    costs: list[list[int]] = []
    client.get("/persons/")  # the first request of a session learns what the others know
    for n in (3, 12):
        at = stamp()
        one = None
        for i in range(n):
            one = person(actor, last_name=f"J{i}")
            run(actor, f"{PERSON}.change", one.id, position="x")
        assert one is not None
        spent = []
        for path in (f"/persons/?as_of={stamp()}", f"/persons/since?as_of={at}", f"/persons/{one.id}/history"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(path).status_code == 200
            spent.append(len(queries))
        costs.append(spent)
    assert costs[0] == costs[1]
