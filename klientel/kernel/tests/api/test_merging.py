"""Old ids through the API: they answer with the record that they became part of."""

from __future__ import annotations

from klientel.kernel.actions import run
from klientel.kernel.testing import make

PERSON = "contacts.person"


def test_merges_and_answers_old_ids_with_the_survivor(anna_api, anna):
    kept, lost = make(anna, PERSON, 1), make(anna, PERSON, 2)
    answer = anna_api.post(f"/persons/{kept.id}/actions/merge", {"records": [str(lost.id)]})
    assert answer.status_code == 200, answer.content
    for at in (f"/persons/{lost.id}", f"/persons/{kept.id}"):
        found = anna_api.get(at)
        assert found.status_code == 200 and found.json()["id"] == str(kept.id)
    assert anna_api.get(f"/persons/{lost.id}")["Content-Location"] == f"/api/v1/persons/{kept.id}"
    assert "Content-Location" not in anna_api.get(f"/persons/{kept.id}")
    told = anna_api.get(f"/persons/{lost.id}/events").json()["items"]
    assert {e["kind"] for e in told} == {f"{PERSON}.create", f"{PERSON}.merge"}
    assert {e["record_id"] for e in told} == {str(kept.id), str(lost.id)}


def test_nothing_is_changed_under_an_old_id_and_the_new_one_is_named(anna_api, anna):
    kept, lost = make(anna, PERSON, 1), make(anna, PERSON, 2)
    run(anna, f"{PERSON}.merge", kept.id, records=[lost.id])
    answer = anna_api.patch(f"/persons/{lost.id}", {"last_name": "Neu"})
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["into"]) == ("merged", str(kept.id))
    assert anna_api.get(f"/persons/{kept.id}").json()["last_name"] != "Neu"


def test_a_list_asked_for_an_old_id_gives_the_survivor_and_the_trash_holds_neither(anna_api, anna):
    kept, lost = make(anna, PERSON, 1), make(anna, PERSON, 2)
    run(anna, f"{PERSON}.merge", kept.id, records=[lost.id])
    found = anna_api.get(f'/persons?where={{"id":["{lost.id}"]}}').json()["items"]
    assert [one["id"] for one in found] == [str(kept.id)]
    assert anna_api.get("/persons?trash=true").json()["items"] == []


def test_groups_are_merged_at_once_and_one_bad_group_fails_alone(anna_api, anna):
    a, b, c, d = (make(anna, PERSON, n) for n in (1, 2, 3, 4))
    items = [
        {"id": str(a.id), "params": {"records": [str(b.id)]}},
        {"id": str(c.id), "params": {"records": [str(b.id)]}},
        {"id": str(c.id), "params": {"records": [str(d.id)]}},
    ]
    told = anna_api.post("/persons/bulk", {"verb": "merge", "items": items}).json()
    assert (told["succeeded"], told["refused"]) == (2, 1)
    assert told["outcomes"][1]["problem"]["code"] == "merged"
    assert anna_api.get(f"/persons/{d.id}").json()["id"] == str(c.id)


def test_whom_the_survivor_is_hidden_from_learns_nothing_of_it(boris_api, anna, boris):
    kept = make(anna, PERSON, 1, owner=anna.member)
    lost = make(anna, PERSON, 2, owner=boris.member)
    run(anna, f"{PERSON}.merge", kept.id, records=[lost.id], fields={"owner": str(kept.id)})
    assert boris_api.get(f"/persons/{lost.id}").status_code == 404
