"""Reading through the API."""

from __future__ import annotations

import orjson
import pytest

from klientel.kernel.actions import run
from klientel.kernel.testing import make


def persons(anna, *names):
    return [run(anna, "contacts.person.create", last_name=n).record for n in names]


def test_a_list_is_paged_both_ways(anna, anna_api):
    persons(anna, "Adler", "Busch", "Clasen", "Dietz", "Ebert")
    first = anna_api.get("/persons?limit=2&fields=last_name&count=true").json()
    assert [r["last_name"] for r in first["items"]] == ["Adler", "Busch"]
    assert set(first["items"][0]) == {"id", "version", "title", "last_name"}
    assert (first["count"], first["count_is_capped"], first["before"]) == (5, False, None)
    second = anna_api.get(f"/persons?limit=2&fields=last_name&after={first['after']}").json()
    assert [r["last_name"] for r in second["items"]] == ["Clasen", "Dietz"]
    back = anna_api.get(f"/persons?limit=2&fields=last_name&before={second['before']}").json()
    assert [r["last_name"] for r in back["items"]] == ["Adler", "Busch"]


def test_a_condition_and_an_order(anna, anna_api):
    persons(anna, "Adler", "Busch", "Clasen")
    where = orjson.dumps({"field": "last_name", "op": "one_of", "value": ["Adler", "Busch"]}).decode()
    found = anna_api.send("GET", f"/persons?where={where.replace(' ', '')}&sort=-last_name").json()
    assert [r["last_name"] for r in found["items"]] == ["Busch", "Adler"]


def test_the_trash_is_a_list_of_its_own(anna, anna_api):
    [person] = persons(anna, "Adler")
    assert anna_api.delete(f"/persons/{person.id}").status_code == 200
    assert anna_api.get("/persons").json()["items"] == []
    assert [r["title"] for r in anna_api.get("/persons?trash=true").json()["items"]] == ["Adler"]
    assert anna_api.get(f"/persons/{person.id}").status_code == 404
    assert anna_api.get(f"/persons/trash/{person.id}").json()["archived_at"]
    assert anna_api.get(f"/persons/{person.id}/events").status_code == 404
    assert len(anna_api.get(f"/persons/trash/{person.id}/events").json()["items"]) == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("fields=nothing", "fields"),
        ("fields=stage,stage", "fields"),
        ("sort=nothing", "nothing"),
        ("sort=phones%00", "sort"),
        ("trash=yes", "trash"),
        ("after=xx&before=yy", "before"),
        ("after=xx", "after"),
        ("unknown=1", "unknown"),
        ("where={}", "where"),
        ("where=null", "where"),
        ("where=[]", "where"),
        ('where={"field":"x","op":"is","value":1}', "x"),
        ("after=WzFd", "after"),
        ("sort=changed_at&after=WyJ4IiwiMDE5OGYwYzItN2E1MS03YzNlLTliMWUtNGY2ZDJhOGMwZTExIl0", None),
    ],
)
def test_a_wrong_parameter_is_refused(anna_api, query, field):
    answer = anna_api.get(f"/persons?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer["Content-Type"] == "application/problem+json"


def test_damaged_json_in_an_address(anna_api):
    assert anna_api.get("/persons?where={").json()["code"] == "not_json"
    deep = "[" * 5000
    assert anna_api.get(f"/persons?where={deep}").json()["code"] == "too_deep"


def test_a_version_one_has_is_not_sent_again(anna, anna_api):
    [person] = persons(anna, "Adler")
    answer = anna_api.get(f"/persons/{person.id}")
    assert answer["ETag"] == '"1"'
    again = anna_api.get(f"/persons/{person.id}", **{"If-None-Match": '"1"'})
    assert (again.status_code, again.content) == (304, b"")


def test_hidden_fields_are_nowhere(anna, boris, boris_api, anna_api):
    given = {"last_name": "Mein", "birthday": "1980-01-01", "phones": ["+49 30 5000001"], "owner": boris.member}
    mine = run(anna, "contacts.person.create", **given).record
    assert "birthday" in anna_api.get(f"/persons/{mine.id}").json()
    shown = boris_api.get(f"/persons/{mine.id}").json()
    assert not {"birthday", "phones"} & shown.keys() and shown["last_name"] == "Mein"
    [event] = boris_api.get(f"/persons/{mine.id}/events").json()["items"]
    assert "last_name" in event["changes"] and not {"birthday", "phones"} & event["changes"].keys()
    assert boris_api.get("/persons?sort=birthday").status_code == 422
    assert boris_api.get("/persons?fields=birthday").status_code == 422
    where = '{"field":"birthday","op":"not_empty"}'
    assert boris_api.get(f"/persons?where={where}").status_code == 422
    [fields] = [t["fields"] for t in boris_api.get("/types").json()["items"] if t["key"] == "contacts.person"]
    assert not {"birthday", "phones"} & {f["name"] for f in fields}


def test_events_are_paged_and_only_of_what_one_may_see(anna, boris, anna_api, boris_api):
    person = run(anna, "contacts.person.create", last_name="Mein", owner=boris.member).record
    for n in range(4):
        run(anna, "contacts.person.change", person.id, first_name=f"Kim{n}")
    run(anna, "work.call.create", subject="Rückruf", concerns=[person.id])
    seen, after = [], ""
    while True:
        page = anna_api.get(f"/persons/{person.id}/events?limit=2{after}").json()
        seen += [e["kind"] for e in page["items"]]
        if page["after"] is None:
            break
        after = f"&after={page['after']}"
    assert seen == ["work.call.create", *["contacts.person.change"] * 4, "contacts.person.create"]
    kinds = [e["kind"] for e in boris_api.get(f"/persons/{person.id}/events").json()["items"]]
    assert "work.call.create" not in kinds and len(kinds) == 5


def test_an_own_field_is_a_field_like_any_other(anna, anna_api):
    run(
        anna,
        "kernel.customfield.create",
        record_type="contacts.person",
        name="x_hobby",
        label_de="Hobby",
        kind="text",
        privacy="personal",
    )
    made = anna_api.post("/persons", {"last_name": "Adler", "x_hobby": "Segeln"}).json()
    assert made["record"]["x_hobby"] == "Segeln"
    where = '{"field":"x_hobby","op":"is","value":"Segeln"}'
    assert len(anna_api.get(f"/persons?where={where}").json()["items"]) == 1
    document = anna_api.get("/openapi.json").json()
    assert "x_hobby" in document["components"]["schemas"]["contacts.person"]["properties"]


def test_me_types_and_actions(anna, anna_api, tenant):
    me = anna_api.get("/me").json()
    assert (me["tenant"]["slug"], me["token"]["scopes"], me["member"]["id"]) == (
        tenant.slug,
        ["write"],
        str(anna.member),
    )
    assert {"contacts.person", "work.task", "kernel.role"} <= {t["key"] for t in anna_api.get("/types").json()["items"]}
    actions = {a["verb"]: a for a in anna_api.get("/tasks/actions").json()["items"]}
    assert actions["postpone"]["parameters"]["required"] == ["due"] and actions["complete"]["allowed"]


def test_language_follows_the_request(anna, anna_api):
    make(anna, "contacts.person")
    german = anna_api.get("/persons?limit=0", **{"Accept-Language": "de"})
    assert german["Content-Language"] == "de"
    assert anna_api.get("/persons?limit=0")["Content-Language"] == "en"
