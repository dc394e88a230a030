"""What changed since, for a list: who entered, who left, who changed, by whom; never more than one may see."""

from __future__ import annotations

import datetime as dt

import pytest

from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.history.differing import How, differences
from klientel.kernel.records import type_of

PERSON = "contacts.person"
LEADS = {"field": "stage", "op": "is", "value": "lead"}


def since(actor, at, **given):
    given = {"where": LEADS, "columns": ("position", "stage")} | given
    return differences(ActorScope(actor), type_of(PERSON), at, **given)


@pytest.fixture
def world(anna):
    people = {
        n: run(anna, f"{PERSON}.create", last_name=n, stage="lead").record.id
        for n in ("Stays", "Goes", "Changes", "Trashed", "Back")
    }
    people["Comes"] = run(anna, f"{PERSON}.create", last_name="Comes", stage="customer").record.id
    at = dt.datetime.now(dt.UTC)
    run(anna, f"{PERSON}.change", people["Goes"], stage="customer")
    run(anna, f"{PERSON}.change", people["Comes"], stage="lead")
    run(anna, f"{PERSON}.change", people["Changes"], position="Leitung")
    run(anna, f"{PERSON}.archive", people["Trashed"])
    run(anna, f"{PERSON}.change", people["Back"], position="x")
    run(anna, f"{PERSON}.change", people["Back"], position="")
    people["New"] = run(anna, f"{PERSON}.create", last_name="New", stage="lead").record.id
    return people, at


def test_entered_left_and_changed_are_told_apart(anna, world):
    _people, at = world
    found = since(anna, at)
    assert found.counts == {How.ENTERED: 2, How.LEFT: 2, How.CHANGED: 1}
    assert {(d.now.last_name, d.how.value) for d in found.rows} == {
        ("New", "entered"), ("Comes", "entered"), ("Goes", "left"), ("Trashed", "left"), ("Changes", "changed"),
    }  # fmt: skip
    [changed] = since(anna, at, how=How.CHANGED).rows
    assert [(k.name, old, new) for k, old, new in changed.changed] == [("position", "", "Leitung")]
    assert changed.who == "Anna Alster"


def test_nothing_is_told_of_what_one_may_not_see(boris, world):
    _people, at = world
    assert since(boris, at).rows == []
    with pytest.raises(Refused):
        since(boris, at, where={"field": "birthday", "op": "not_empty"})


def test_what_hangs_on_other_records_is_refused_in_a_sentence(anna, world):
    _people, at = world
    for where in ({"field": "organisation.name", "op": "empty"}, {"has": "work.task.concerns"}):
        with pytest.raises(Refused) as no:
            since(anna, at, where={"all": [LEADS, where]})
        assert no.value.code == "not_since"
