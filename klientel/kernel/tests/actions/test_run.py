"""Running actions: what is promised whoever acts."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klientel.kernel import events
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get, select
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.history import undo
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import inside
from klientel.kernel.testing import make
from klientel.lib.ids import uuid7

PERSON = "contacts.person"


def everybody(actor):
    return select(ActorScope(actor), type_of(PERSON), columns=["first_name"]).rows


def test_creates_with_one_event_and_its_personal_values_apart(anna):
    done = run(anna, "contacts.person.create", first_name="Kim", last_name="Muster", stage="lead")
    assert done.record.title == "Kim Muster"
    [event] = events.read(Sql("e.record_id = %s", (done.record.id,)))
    assert event.changes == {"first_name": [None, "Kim"], "last_name": [None, "Muster"], "stage": [None, "lead"]}
    assert event.private == {"first_name", "last_name"}
    assert [r.title for r in everybody(anna)] == ["Kim Muster"]


def test_change_raises_the_version_and_notes_old_and_new(anna):
    person = run(anna, "contacts.person.create", last_name="Muster").record
    done = run(anna, "contacts.person.change", person.id, version=1, last_name="Meister")
    assert done.record.version == 2
    assert done.events[0].changes == {"last_name": ["Muster", "Meister"]}
    with pytest.raises(Conflict):
        run(anna, "contacts.person.change", person.id, version=1, last_name="Other")
    assert get(ActorScope(anna), type_of(PERSON), person.id).last_name == "Meister"


def test_refuses_every_wrong_field_at_once(anna):
    with pytest.raises(Refused) as no:
        run(anna, "contacts.person.create", last_name="x" * 101, emails=["nobody"], birthday="32.1.2020")
    assert {r.field for r in no.value.all()} == {"last_name", "emails", "birthday"}
    assert everybody(anna) == []


def test_another_tenants_record_is_missing(anna, cleo):
    with inside(cleo.tenant):
        theirs = run(cleo, "contacts.person.create", last_name="Fremd").record
    with pytest.raises(Missing):
        run(anna, "contacts.person.change", theirs.id, last_name="Mein")
    with pytest.raises(Refused) as no:
        run(anna, "work.task.create", subject="x", concerns=[theirs.id])
    assert no.value.field == "concerns"


def test_narrow_grants_hold_before_and_after(anna, boris):
    with pytest.raises(Forbidden):
        run(boris, "contacts.person.create", last_name="Ohne Besitzer")
    mine = run(boris, "contacts.person.create", last_name="Mein", owner=boris.member).record
    with pytest.raises(Forbidden):
        run(boris, "contacts.person.change", mine.id, owner=anna.member)
    with pytest.raises(Forbidden) as no:
        run(boris, "contacts.person.change", mine.id, stage="lead")
    assert no.value.field == "stage"
    with pytest.raises(Refused) as no:
        run(boris, "contacts.person.change", mine.id, birthday="1980-01-01")
    assert no.value.code == "unknown_field"
    run(boris, "contacts.person.change", mine.id, first_name="Ganz")
    assert [r.title for r in everybody(boris)] == ["Ganz Mein"]


def test_one_bad_item_fails_alone(anna):
    items = [Item(params={"last_name": n}) for n in ("A", "B" * 300, "C")]
    outcomes = list(run_many(anna, "contacts.person.create", items))
    assert [o.refused is None for o in outcomes] == [True, False, True]
    assert [r.title for r in everybody(anna)] == ["A", "C"]


def test_a_bad_link_fails_alone(anna):
    items = [Item(params={"last_name": "A"}), Item(params={"last_name": "B", "organisation": str(uuid4())})]
    outcomes = list(run_many(anna, "contacts.person.create", items))
    assert [o.refused.field if o.refused else None for o in outcomes] == [None, "organisation"]


def test_undo_puts_back_and_refuses_what_changed_since(anna):
    person = run(anna, "contacts.person.create", last_name="Muster").record
    done = run(anna, "contacts.person.change", person.id, last_name="Meister")
    assert undo(anna, done.change_set).records == 1
    assert get(ActorScope(anna), type_of(PERSON), person.id).last_name == "Muster"
    with pytest.raises(Conflict):
        undo(anna, done.change_set)
    done = run(anna, "contacts.person.change", person.id, last_name="Meister")
    run(anna, "contacts.person.change", person.id, last_name="Minister")
    result = undo(anna, done.change_set)
    assert result.records == 0 and result.refused[0][1].code == "changed_since"
    assert get(ActorScope(anna), type_of(PERSON), person.id).last_name == "Minister"


def test_archive_restore_and_undo(anna):
    person = make(anna, PERSON)
    done = run(anna, "contacts.person.archive", person.id)
    assert everybody(anna) == []
    with pytest.raises(Missing):
        run(anna, "contacts.person.change", person.id, last_name="x")
    undo(anna, done.change_set)
    assert len(everybody(anna)) == 1
    run(anna, "contacts.person.archive", person.id)
    run(anna, "contacts.person.restore", person.id)
    assert len(everybody(anna)) == 1


def test_an_event_stands_on_all_it_concerns(anna):
    firm = run(anna, "contacts.organisation.create", name="Bergmann GmbH").record
    person = run(anna, "contacts.person.create", last_name="Hofmann", organisation=firm.id).record
    call = run(anna, "work.call.create", subject="Rückruf", concerns=[person.id]).record
    assert call.id in [e.record_id for e in events.timeline(person.id)]
    assert call.id in [e.record_id for e in events.timeline(firm.id)]
    assert person.id in [e.record_id for e in events.timeline(firm.id)]


def test_comment_tag_assign(anna):
    person = make(anna, PERSON)
    tag = make(anna, "kernel.tag")
    run(anna, "contacts.person.comment", person.id, text="Hallo")
    run(anna, "contacts.person.tag", person.id, tags=[tag.id])
    run(anna, "contacts.person.assign", person.id, owner=anna.member)
    found = get(ActorScope(anna), type_of(PERSON), person.id)
    assert found.tags == [tag.id] and found.owner == anna.member


def test_task_done_and_undone(anna):
    task = run(anna, "work.task.create", subject="Anrufen").record
    done = run(anna, "work.task.complete", task.id)
    found = get(ActorScope(anna), type_of("work.task"), task.id)
    assert found.state == "done" and found.done_at is not None
    undo(anna, done.change_set)
    found = get(ActorScope(anna), type_of("work.task"), task.id)
    assert found.state == "open" and found.done_at is None


def test_the_same_record_twice_in_one_chunk_keeps_both_changes(anna):
    person = run(anna, "contacts.person.create", last_name="Muster").record
    items = [Item(person.id, {"first_name": "Kim"}), Item(person.id, {"position": "Leitung"})]
    assert [o.refused for o in run_many(anna, "contacts.person.change", items)] == [None, None]
    found = get(ActorScope(anna), type_of(PERSON), person.id)
    assert (found.first_name, found.position, found.version) == ("Kim", "Leitung", 3)


def test_the_second_of_two_equal_versions_in_one_chunk_is_a_conflict(anna):
    person = run(anna, "contacts.person.create", last_name="Muster").record
    items = [Item(person.id, {"first_name": "Kim"}, 1), Item(person.id, {"first_name": "Kai"}, 1)]
    outcomes = list(run_many(anna, "contacts.person.change", items))
    assert [o.refused.code if o.refused else None for o in outcomes] == [None, "changed_since"]


def test_undo_of_many_costs_the_same_statements_for_3_and_for_30(anna):
    costs = []
    for n in (3, 30):
        people = [run(anna, "contacts.person.create", last_name=f"M{i}").record.id for i in range(n)]
        change_set = uuid7()
        assert all(
            o.refused is None
            for o in run_many(
                anna, "contacts.person.change", [Item(p, {"stage": "lead"}) for p in people], change_set=change_set
            )
        )
        with CaptureQueriesContext(connection) as spent:
            assert undo(anna, change_set).records == n
        costs.append(len(spent))
    assert costs[0] == costs[1]
