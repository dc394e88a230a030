"""Writing through the API: always by an action."""

from __future__ import annotations

from uuid import uuid4

from klientel.kernel import events
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get
from klientel.kernel.actions import run
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import inside

PERSON = "contacts.person"


def stored(actor, record_id, name="last_name", rtype=PERSON):
    return getattr(get(ActorScope(actor), type_of(rtype), record_id), name)


def all_events():
    return len(events.read(Sql("TRUE")))


def test_create_tells_record_place_and_change_set(anna, anna_api):
    answer = anna_api.post("/persons", {"last_name": "Muster", "emails": ["kim@example.org"], "stage": "lead"})
    assert answer.status_code == 201
    told = answer.json()
    assert answer["Location"] == f"/api/v1/persons/{told['record']['id']}" and answer["ETag"] == '"1"'
    assert told["type"] == PERSON and told["possible_duplicates"] == []
    assert told["record"] == anna_api.get(answer["Location"].removeprefix("/api/v1")).json()
    [event] = anna_api.get(f"/persons/{told['record']['id']}/events").json()["items"]
    assert event["actor"].startswith("token:") and event["actor_name"] == "Shop (Anna Alster)"
    assert event["change_set"] == told["change_set"]


def test_likely_duplicates_are_told_or_refused(anna, anna_api):
    given = {"first_name": "Kim", "last_name": "Muster", "emails": [{"value": "kim@example.org"}]}
    first = anna_api.post("/persons", given).json()["record"]
    before = all_events()
    for path in ("/persons", "/persons?on_duplicate=refuse", "/persons/actions/create"):
        refused = anna_api.post(path, given)
        assert (refused.status_code, refused.json()["code"]) == (409, "duplicate")
        assert [c["id"] for c in refused.json()["candidates"]] == [first["id"]]
    assert all_events() == before
    told = anna_api.post("/persons?on_duplicate=report", given)
    assert (told.status_code, [t["id"] for t in told.json()["possible_duplicates"]]) == (201, [first["id"]])


def test_a_bulk_request_makes_no_likely_duplicate_unless_told_to(anna, anna_api):
    given = {"first_name": "Kim", "last_name": "Muster", "emails": [{"value": "kim@example.org"}]}
    first = anna_api.post("/persons", given).json()["record"]
    sent = {"verb": "create", "items": [{"params": given}, {"params": {"last_name": "Beispiel"}}]}
    told = anna_api.post("/persons/bulk", sent).json()
    assert [o["status"] for o in told["outcomes"]] == [409, 201]
    assert [c["id"] for c in told["outcomes"][0]["problem"]["candidates"]] == [first["id"]]
    assert anna_api.post("/persons/bulk", sent | {"on_duplicate": "create"}).json()["succeeded"] == 2
    assert anna_api.post("/persons/bulk", sent | {"on_duplicate": "report"}).status_code == 422


def test_what_is_certainly_there_is_filled_in_or_answered_with(anna, anna_api):
    given = {"first_name": "Kim", "last_name": "Muster", "emails": [{"value": "kim@example.org"}]}
    first = anna_api.post("/persons", given).json()["record"]
    found = anna_api.post("/persons?on_duplicate=existing", given)
    told = found.json()
    assert (found.status_code, told["record"]["id"], told["change_set"]) == (200, first["id"], None)
    filled = anna_api.post("/persons?on_duplicate=update", given | {"position": "Chief"})
    assert (filled.status_code, filled.json()["record"]["id"]) == (200, first["id"])
    assert filled.json()["record"]["position"] == "Chief" and filled["ETag"] == '"2"'
    assert anna_api.post("/persons?on_duplicate=create", given).status_code == 201
    assert anna_api.post("/persons?on_duplicate=perhaps", given).status_code == 422


def test_a_change_that_would_repeat_another_record_is_refused_where_one_asks_so(anna, anna_api):
    given = {"first_name": "Kim", "last_name": "Muster", "emails": [{"value": "kim@example.org"}]}
    first = anna_api.post("/persons", given).json()["record"]
    other = anna_api.post("/persons", {"last_name": "Beispiel"}).json()["record"]
    before = all_events()
    refused = anna_api.patch(f"/persons/{other['id']}?on_duplicate=refuse", given)
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate")
    assert [c["id"] for c in refused.json()["candidates"]] == [first["id"]]
    assert all_events() == before
    assert anna_api.patch(f"/persons/{other['id']}", given).status_code == 200


def test_duplicates_that_one_may_not_see_are_not_told(anna, boris, boris_api):
    given = {"first_name": "Kim", "last_name": "Muster", "emails": [{"value": "kim@example.org"}]}
    run(anna, "contacts.person.create", **given)
    answer = boris_api.post("/persons?on_duplicate=refuse", given | {"owner": str(boris.member)})
    assert (answer.status_code, answer.json()["possible_duplicates"]) == (201, [])


def test_change_holds_to_the_version_it_was_meant_for(anna, anna_api):
    person = run(anna, "contacts.person.create", last_name="Muster").record
    done = anna_api.patch(f"/persons/{person.id}", {"last_name": "Meister"}, **{"If-Match": '"1"'})
    assert (done.status_code, done["ETag"], done.json()["record"]["last_name"]) == (200, '"2"', "Meister")
    stale = anna_api.patch(f"/persons/{person.id}", {"last_name": "Falsch"}, **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "changed_since", 2)
    assert anna_api.delete(f"/persons/{person.id}", **{"If-Match": '"1"'}).status_code == 412
    assert anna_api.patch(f"/persons/{person.id}", {}, **{"If-Match": "2"}).status_code == 422
    assert stored(anna, person.id) == "Meister"
    same = anna_api.patch(f"/persons/{person.id}", {"last_name": "Meister"}, **{"If-Match": 'W/"2"'})
    assert (same.status_code, same.json()["change_set"]) == (200, None)


def test_archive_restore_and_undo(anna, anna_api):
    person = run(anna, "contacts.person.create", last_name="Muster").record
    gone = anna_api.delete(f"/persons/{person.id}").json()
    assert anna_api.delete(f"/persons/{person.id}").status_code == 404
    assert anna_api.post(f"/undo/{gone['change_set']}").json()["records"] == 1
    assert anna_api.get(f"/persons/{person.id}").status_code == 200
    again = anna_api.post(f"/undo/{gone['change_set']}")
    assert (again.status_code, again.json()["code"]) == (409, "undone_already")
    anna_api.delete(f"/persons/{person.id}")
    assert anna_api.post(f"/persons/{person.id}/actions/restore").status_code == 200
    assert anna_api.post(f"/undo/{uuid4()}").status_code == 404
    assert anna_api.post("/undo/nonsense").status_code == 404


def test_undo_of_what_one_may_not_see_is_missing(anna, boris_api, cleo_api):
    done = run(anna, "contacts.person.create", last_name="Fremd")
    assert boris_api.post(f"/undo/{done.change_set}").status_code == 404
    assert cleo_api.post(f"/undo/{done.change_set}").status_code == 404
    assert stored(anna, done.record.id, "archived_at") is None


def test_actions_with_and_without_parameters(anna, anna_api):
    task = run(anna, "work.task.create", subject="Anrufen").record
    assert anna_api.post(f"/tasks/{task.id}/actions/complete").json()["record"]["state"] == "done"
    refused = anna_api.post(f"/tasks/{task.id}/actions/complete", {})
    assert (refused.status_code, refused.json()["code"]) == (422, "done_already")
    missing = anna_api.post(f"/tasks/{task.id}/actions/postpone", {"reason": "Urlaub"})
    assert (missing.status_code, missing.json()["field"]) == (422, "due")
    assert anna_api.post(f"/tasks/{task.id}/actions/comment", {"text": "Hallo"}).status_code == 200
    assert anna_api.post(f"/tasks/{task.id}/actions/create", {"subject": "x"}).status_code == 404
    assert anna_api.post(f"/tasks/{task.id}/actions/nothing", {}).status_code == 404
    assert anna_api.post(f"/tasks/{task.id}/actions/complete", {"cause": str(uuid4())}).status_code == 422


def test_bulk_tells_an_outcome_for_each(anna, anna_api, cleo):
    one, two = (run(anna, "contacts.person.create", last_name=n).record for n in ("A", "B"))
    with inside(cleo.tenant):
        theirs = run(cleo, "contacts.person.create", last_name="Fremd").record
    items = [
        {"id": str(one.id), "version": 1, "params": {"stage": "lead"}},
        {"id": str(two.id), "version": 7, "params": {"stage": "lead"}},
        {"id": str(theirs.id), "params": {"stage": "lead"}},
        {"id": str(two.id), "params": {"stage": "nonsense", "nothing": 1}},
        {"id": str(two.id), "params": {"source": "Messe"}},
        {"params": {}},
    ]
    answer = anna_api.post("/persons/bulk", {"verb": "change", "items": items})
    assert answer.status_code == 200
    told = answer.json()
    assert [o["status"] for o in told["outcomes"]] == [200, 409, 404, 422, 200, 404]
    assert {e["field"] for e in told["outcomes"][3]["problem"]["errors"]} == {"stage", "nothing"}
    assert (told["succeeded"], told["refused"]) == (2, 4)
    assert (stored(anna, one.id, "stage"), stored(anna, two.id, "source")) == ("lead", "Messe")
    assert anna_api.post(f"/undo/{told['change_set']}").json()["records"] == 2


def test_bulk_makes_records(anna, anna_api):
    items = [{"params": {"last_name": "A"}}, {"params": {"last_name": "B" * 300}}, {"params": {"last_name": "C"}}]
    told = anna_api.post("/persons/bulk", {"verb": "create", "items": items}).json()
    assert [o["status"] for o in told["outcomes"]] == [201, 422, 201]
    assert len(anna_api.get("/persons").json()["items"]) == 2


def test_bulk_keeps_both_changes_of_one_record(anna, anna_api):
    one = run(anna, "contacts.person.create", last_name="A").record
    items = [{"id": str(one.id), "params": {"stage": "lead"}}, {"id": str(one.id), "params": {"source": "Messe"}}]
    told = anna_api.post("/persons/bulk", {"verb": "change", "items": items}).json()
    assert told["succeeded"] == 2
    assert (stored(anna, one.id, "stage"), stored(anna, one.id, "source")) == ("lead", "Messe")


def test_bulk_of_the_wrong_shape_is_refused(anna_api):
    for body in (
        {},
        {"verb": "change"},
        {"verb": "change", "items": []},
        {"verb": 1, "items": [{}]},
        {"verb": "change", "items": [1]},
        {"verb": "change", "items": [{}] * 1001},
        {"verb": "change", "items": [{}], "more": 1},
        {"verb": "change", "items": [{"more": 1}]},
        {"verb": "change", "items": [{"id": 1}]},
        {"verb": "change", "items": [{"params": []}]},
        {"verb": "change", "items": [{"version": "1"}]},
    ):
        assert anna_api.post("/persons/bulk", body).status_code == 422
    assert anna_api.post("/persons/bulk", {"verb": "nothing", "items": [{}]}).status_code == 404


def test_a_link_to_another_tenants_record_is_refused_at_its_field(anna_api, cleo):
    with inside(cleo.tenant):
        theirs = run(cleo, "contacts.organisation.create", name="Fremd").record
    before = all_events()
    answer = anna_api.post("/persons", {"last_name": "A", "organisation": str(theirs.id)})
    assert (answer.status_code, answer.json()["field"]) == (422, "organisation")
    assert all_events() == before


def test_narrow_grants_hold(anna, boris, boris_api):
    theirs = run(anna, "contacts.person.create", last_name="Fremd").record
    assert boris_api.patch(f"/persons/{theirs.id}", {"last_name": "Mein"}).status_code == 404
    assert boris_api.post("/persons", {"last_name": "Ohne"}).status_code == 403
    mine = boris_api.post("/persons", {"last_name": "Mein", "owner": str(boris.member)}).json()["record"]
    closed = boris_api.patch(f"/persons/{mine['id']}", {"stage": "lead"})
    assert (closed.status_code, closed.json()["code"], closed.json()["field"]) == (403, "read_only", "stage")
    assert boris_api.patch(f"/persons/{mine['id']}", {"birthday": "1980-01-01"}).json()["code"] == "unknown_field"
    assert boris_api.patch(f"/persons/{mine['id']}", {"owner": str(anna.member)}).status_code == 403
    assert boris_api.delete(f"/persons/{mine['id']}").status_code == 403
    assert boris_api.post("/tasks", {"subject": "x"}).status_code == 403
    assert boris_api.get("/tasks").status_code == 403
    assert stored(anna, theirs.id) == "Fremd"
