"""Undo of change sets: conflicts with both values, choices, rights, undo of undo, runs that survive."""

from __future__ import annotations

import pytest

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import get
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.history import Choice, Choices, runs, undo
from klientel.kernel.history.previewing import preview
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.making import make_member
from klientel.lib.ids import uuid7

PERSON = "contacts.person"


def now(actor, person):
    return get(ActorScope(actor), type_of(PERSON), person.id)


def bulk(actor, people, **params):
    change_set = uuid7()
    outcomes = list(run_many(actor, f"{PERSON}.change", [Item(p.id, params) for p in people], change_set=change_set))
    assert all(o.refused is None for o in outcomes)
    return change_set


@pytest.fixture
def people(anna):
    return [run(anna, f"{PERSON}.create", last_name=f"Muster{n}").record for n in range(3)]


def test_a_value_changed_since_is_told_with_both_values_and_stays(anna, people):
    change_set = bulk(anna, people, position="Leitung", stage="lead")
    run(anna, f"{PERSON}.change", people[1].id, position="Vorstand")
    result = undo(anna, change_set)
    assert result.records == 2
    [(event, no)] = result.refused
    assert event.record_id == people[1].id
    assert no.details["conflicts"] == [{"field": "position", "now": "Vorstand", "then": "Leitung", "before": ""}]
    assert (now(anna, people[1]).position, now(anna, people[1]).stage) == ("Vorstand", "lead")


def test_keeping_now_puts_the_rest_back_and_tells_what_stayed(anna, people):
    change_set = bulk(anna, people, position="Leitung", stage="lead")
    run(anna, f"{PERSON}.change", people[1].id, position="Vorstand")
    result = undo(anna, change_set, Choices(Choice.KEEP))
    assert (result.records, result.refused) == (3, [])
    assert [(e.record_id, names) for e, names in result.partly] == [(people[1].id, ["position"])]
    assert (now(anna, people[1]).position, now(anna, people[1]).stage) == ("Vorstand", people[1].stage)


def test_putting_back_is_decided_per_record(anna, people):
    change_set = bulk(anna, people, position="Leitung")
    for person in people[:2]:
        run(anna, f"{PERSON}.change", person.id, position="Vorstand")
    result = undo(anna, change_set, Choices(Choice.LEAVE, {people[0].id: Choice.RESTORE}))
    assert [now(anna, p).position for p in people] == ["", "Vorstand", ""]
    assert result.records == 2 and len(result.refused) == 1


def test_an_undo_is_undone_and_then_the_first_can_be_undone_again(anna, people):
    change_set = bulk(anna, people, position="Leitung")
    back = undo(anna, change_set)
    with pytest.raises(Conflict):
        undo(anna, change_set)
    again = undo(anna, back.change_set)
    assert again.records == 3 and now(anna, people[0]).position == "Leitung"
    with pytest.raises(Conflict):
        undo(anna, back.change_set)
    assert undo(anna, change_set).records == 3
    assert now(anna, people[0]).position == ""


def test_a_made_record_that_was_changed_and_changed_back_goes_to_the_trash(anna):
    done = run(anna, f"{PERSON}.create", last_name="Muster")
    edit = run(anna, f"{PERSON}.change", done.record.id, position="Leitung")
    assert undo(anna, done.change_set).refused[0][1].details["conflicts"][0]["now"] == "Leitung"
    undo(anna, edit.change_set)
    assert undo(anna, done.change_set).records == 1
    assert now(anna, done.record).archived_at is not None


def test_a_hidden_value_is_in_no_conflict_and_a_closed_field_is_not_put_back(anna, boris):
    person = run(anna, f"{PERSON}.create", last_name="Muster", owner=boris.member).record
    done = run(anna, f"{PERSON}.change", person.id, birthday="1980-01-02", position="Leitung")
    run(anna, f"{PERSON}.change", person.id, birthday="1990-03-04")
    result = undo(boris, done.change_set)
    assert result.refused[0][1].details == {"conflicts": []} and result.refused[0][1].field is None
    boris_may = make_member(
        "Berta",
        [
            {"record": PERSON, "verb": "*", "hidden": ["birthday"]},
        ],
    )
    result = undo(boris_may, done.change_set, Choices(Choice.RESTORE))
    assert result.partly[0][1] == ["birthday"]
    assert (str(now(anna, person).birthday), now(anna, person).position) == ("1990-03-04", "")


def test_who_may_not_change_the_record_as_it_is_now_undoes_nothing(anna, boris):
    person = run(anna, f"{PERSON}.create", last_name="Muster", owner=boris.member).record
    other = make_member(
        "Carl",
        [
            {"record": PERSON, "verb": "view"},
            {"record": PERSON, "verb": "change", "where": {"field": "owner", "op": "is", "value": {"me": True}}},
        ],
    )
    done = run(anna, f"{PERSON}.change", person.id, owner=anna.member)
    result = undo(other, done.change_set)
    assert isinstance(result.refused[0][1], Forbidden) and result.records == 0
    assert now(anna, person).owner == anna.member


def test_what_is_taken_meanwhile_fails_alone(anna):
    tags = [run(anna, "kernel.tag.create", name=n).record for n in ("rot", "blau")]
    change_set = uuid7()
    for tag, name in zip(tags, ("rosa", "hellblau"), strict=True):
        run(anna, "kernel.tag.change", tag.id, change_set=change_set, name=name)
    run(anna, "kernel.tag.create", name="rot")
    result = undo(anna, change_set)
    assert (result.records, [no.code for _e, no in result.refused]) == (1, ["exists_already"])


def test_another_tenants_change_set_is_missing(anna, cleo, people):
    change_set = bulk(anna, people, position="x")
    with inside(cleo.tenant), pytest.raises(Missing):
        undo(cleo, change_set)


def test_the_preview_counts_and_shows_conflicts_and_writes_nothing(anna, people):
    change_set = bulk(anna, people, position="Leitung")
    run(anna, f"{PERSON}.change", people[1].id, position="Vorstand")
    run(anna, f"{PERSON}.change", people[2].id, first_name="Kim")
    seen = preview(ActorScope(anna), change_set)
    assert [(s.rtype.key, s.made, s.changed) for s in seen.shares] == [(PERSON, 0, 3)]
    assert [(f.event.record_id, [c.now for c in f.verdict.conflicts]) for f in seen.conflicts] == [
        (people[1].id, ["Vorstand"])
    ]
    assert len(seen.rows) == 3 and not seen.over
    undo(anna, change_set, Choices(Choice.RESTORE))
    assert preview(ActorScope(anna), change_set).over


def test_a_run_goes_on_where_it_was_left_and_does_nothing_twice(anna, people):
    change_set = bulk(anna, people, position="Leitung")
    begun = runs.start_undo(anna, change_set)

    class Killed(Exception):
        pass

    def kill():
        raise Killed

    with pytest.raises(Killed):
        runs.carry_out(begun.pk, tell=kill, chunk=2)
    assert sum(now(anna, p).position == "" for p in people) == 2
    done = runs.carry_out(begun.pk, chunk=2)
    assert (done.state, done.done, done.changed, done.refused) == ("done", 3, 3, 0)
    assert [now(anna, p).version for p in people] == [3, 3, 3]
    assert runs.carry_out(begun.pk).changed == 3


def test_a_bulk_run_changes_what_the_condition_selects_and_can_be_undone(anna, people):
    where = {"field": "last_name", "op": "is_not", "value": "Muster1"}
    begun = runs.start_bulk(anna, f"{PERSON}.change", {"position": "Leitung"}, where=where)
    done = runs.carry_out(begun.pk, chunk=1)
    assert (done.changed, done.refused) == (2, 0)
    assert [now(anna, p).position for p in people] == ["Leitung", "", "Leitung"]
    assert undo(anna, done.change_set).records == 2


def test_a_bulk_run_tells_what_it_could_not_change(anna, people):
    begun = runs.start_bulk(anna, f"{PERSON}.change", {"position": "x" * 1000}, ids=[p.id for p in people])
    done = runs.carry_out(begun.pk)
    assert (done.changed, done.refused) == (0, 3)
    assert {r.record for r in runs.rows(done)} == {p.id for p in people}


def test_two_undos_of_the_same_at_once_are_refused(anna, people):
    change_set = bulk(anna, people, position="Leitung")
    runs.start_undo(anna, change_set)
    with pytest.raises(Refused):
        runs.start_undo(anna, change_set)


def test_whoever_did_not_begin_a_run_does_not_see_it(anna, boris, people):
    begun = runs.start_undo(anna, bulk(anna, people, position="Leitung"))
    with pytest.raises(Missing):
        runs.get(boris, begun.pk)
