"""Stored conditions against records: the same answers as each alone, in one statement, whatever is broken."""

from __future__ import annotations

import random
from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klientel.kernel import conditions
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.records import type_of
from klientel.kernel.testing.making import make_member

PERSON, ORGANISATION, TASKS = "contacts.person", "contacts.organisation", "work.task.concerns"
MINE = {"field": "owner", "op": "is", "value": {"me": True}}
TEAMS = {"field": "owner.team", "op": "one_of", "value": [{"my_teams": True}]}


@pytest.fixture
def north(anna):
    return run(anna, "kernel.team.create", name="Nord").record


@pytest.fixture
def dana(anna, north):
    """Sees her team's persons, organisations and tasks, and no positions."""
    own = {"any": [MINE, TEAMS]}
    grants = [{"record": r, "verb": "view", "where": own} for r in (PERSON, ORGANISATION, "work.task")]
    grants[0]["hidden"] = ["position"]
    found = make_member("Dana", grants)
    run(anna, "kernel.member.change", found.member, team=north.id)
    return replace(found, teams=(north.id,))


@pytest.fixture
def people(anna, dana):
    dice = random.Random(5)
    owners = [anna.member, dana.member, None]
    firms = [
        run(anna, "contacts.organisation.create", name=f"Firma {n}", employees=dice.choice([3, 50, None]),
            owner=dice.choice(owners), industry=dice.choice(["", "manufacturing"])).record
        for n in range(6)
    ]  # fmt: skip
    found = [
        run(anna, "contacts.person.create", last_name=f"P{n}", stage=dice.choice(["lead", "customer", ""]),
            position=dice.choice(["", "Leitung"]), owner=dice.choice(owners),
            organisation=dice.choice([*(f.id for f in firms), None])).record
        for n in range(24)
    ]  # fmt: skip
    for n, person in enumerate(found):
        for m in range(n % 3):
            run(anna, "work.task.create", subject=f"T{m}", concerns=[person.id], owner=dice.choice(owners))
    run(anna, "contacts.person.change", found[3].id, first_name="C.")
    run(anna, "contacts.person.archive", found[4].id)
    return found


LEAVES = [
    {"field": "stage", "op": "is", "value": "lead"},
    {"field": "stage", "op": "is_not", "value": "lead"},
    {"field": "position", "op": "empty"},
    {"field": "organisation.employees", "op": "over", "value": 10},
    {"field": "organisation.employees", "op": "empty"},
    {"field": "organisation.employees", "op": "not_empty"},
    {"field": "organisation.employees", "op": "is_not", "value": 3},
    {"field": "organisation.industry", "op": "is", "value": "manufacturing"},
    {"field": "organisation.name", "op": "contains", "value": "2"},
    {"field": "organisation.owner.name", "op": "contains", "value": "a"},
    {"field": "organisation", "op": "empty"},
    {"field": "owner.team", "op": "empty"},
    MINE,
    TEAMS,
    {"has": TASKS},
    {"has": TASKS, "times": {"over": 1}},
    {"has": TASKS, "where": {"field": "subject", "op": "is", "value": "T1"}},
    {"happened": "contacts.person.change", "within": {"days": 3}},
    {"happened": "work.task.create", "times": {"is": 2}},
    {"field": "created_at", "op": "within", "value": 2},
    {"field": "nope", "op": "is", "value": 1},
]


def down(json, depth):
    return {"all": [down(json, depth - 1)]} if depth else json


def any_condition(dice, depth=3):
    if depth == 0 or dice.random() < 0.3:
        return dice.choice(LEAVES)
    match dice.choice(("all", "any", "not")):
        case "not":
            return {"not": any_condition(dice, depth - 1)}
        case word:
            return {word: [any_condition(dice, depth - 1) for _ in range(dice.randint(0, 3))]}


def alone(scope, json):
    try:
        return {r.id for r in select(scope, type_of(PERSON), where=json, limit=1000).rows}
    except Refused:
        return None


@pytest.mark.parametrize("who", ["anna", "boris", "dana"])
@pytest.mark.parametrize("seed", range(3))
def test_together_they_answer_as_each_alone(request, people, who, seed):
    scope, dice = ActorScope(request.getfixturevalue(who)), random.Random(seed)
    stored = dict(enumerate([*LEAVES, *(any_condition(dice) for _ in range(60))]))
    found = conditions.matching(scope, type_of(PERSON), stored, [p.id for p in people])
    for key, json in stored.items():
        expected = alone(scope, json)
        assert (key in found.broken) == (expected is None), json
        assert {i for i, keys in found.fulfilled.items() if key in keys} == (expected or set()), json
    assert found.fulfilled[people[4].id] == set(), "what is in the trash fulfils nothing"


def test_a_grant_over_the_organisation_is_asked_of_the_organisation(anna, dana):
    """Its own path (owner's team) once took the name of the table around it."""
    ours = run(anna, "contacts.organisation.create", name="Unsere AG", owner=dana.member).record
    theirs = run(anna, "contacts.organisation.create", name="Andere AG", owner=anna.member).record
    one, two = (
        run(anna, "contacts.person.create", last_name=n, organisation=f.id, owner=dana.member).record
        for n, f in (("Eins", ours), ("Zwei", theirs))
    )
    json = {"field": "organisation.name", "op": "contains", "value": "AG"}
    scope = ActorScope(dana)
    assert alone(scope, json) == {one.id}
    colleague = make_member("Carl", [{"record": "*", "verb": "*"}])
    run(anna, "kernel.member.change", colleague.member, team=dana.teams[0])
    run(anna, "contacts.organisation.assign", theirs.id, owner=colleague.member)
    assert alone(scope, json) == {one.id, two.id}, "the owner's team counts as the own"


def test_one_statement_whatever_is_asked_and_links_are_joined_once(anna, people):
    stored = {n: {"all": [LEAVES[n % 20], LEAVES[(n + 7) % 20], {"has": TASKS}]} for n in range(100)}
    scope, rtype, ids = ActorScope(anna), type_of(PERSON), [p.id for p in people]
    conditions.matching(scope, rtype, stored, ids)
    with CaptureQueriesContext(connection) as spent:
        conditions.matching(scope, rtype, stored, ids)
    asked = [s["sql"] for s in spent if "SAVEPOINT" not in s["sql"]]
    assert len(asked) == 1
    assert asked[0].count("JOIN contacts_organisation") == 1
    assert asked[0].count("FROM work_task") < 10, "what a hundred conditions share is asked once"


def test_what_is_broken_is_told_and_stands_in_nobodys_way(anna, people):
    stored = {
        "good": {"all": []},
        "near": {"not": {"all": [{"not": {"has": TASKS, "where": {"all": [{"all": []}]}}}, {"not": {"any": []}}]}},
        "field": {"field": "nope", "op": "is", "value": 1},
        "shape": {"what": "ever"},
        "empty": None,
        "large": {"any": [LEAVES[0]] * 201},
        "larger": {"any": [{"has": TASKS, "where": LEAVES[0] | {"field": "state", "value": "open"}}] * 101},
        "far down": down({"has": TASKS, "where": {"all": [{"all": []}]}}, 11),
        "calendar": {"field": "created_at", "op": "before", "value": {"days_ago": 10**12}},
        "tomorrow": {"field": "created_at", "op": "is", "value": "9999-12-31"},
        "deep": {"all": [{"field": "organisation.owner.team.parent.parent.parent.name", "op": "empty"}]},
    }
    found = conditions.matching(ActorScope(anna), type_of(PERSON), stored, [people[0].id])
    assert set(found.broken) == set(stored) - {"good", "near"}
    assert all(alone(ActorScope(anna), stored[key]) is None for key in set(found.broken) - {"empty"})
    assert found.fulfilled[people[0].id] - {"near"} == {"good"}


def test_a_day_beyond_the_calendar_is_refused_alone_too(anna):
    for json in (
        {"field": "created_at", "op": "before", "value": {"days_ago": 10**12}},
        {"field": "created_at", "op": "is", "value": "9999-12-31"},
    ):
        with pytest.raises(Refused) as no:
            conditions.compile(type_of(PERSON), json, ActorScope(anna), "t")
        assert no.value.code == "bad_value"


def test_a_damaged_value_breaks_only_the_condition_that_reads_it(anna, people):
    run(
        anna,
        "kernel.customfield.create",
        record_type=PERSON,
        name="x_rank",
        kind="whole",
        label_de="Rang",
        label_en="Rank",
        privacy="public",
    )
    with connection.cursor() as cursor:
        cursor.execute("""UPDATE contacts_person SET extra = '{"x_rank": "much"}' WHERE id = %s""", [people[0].id])
    stored = {n: {"all": []} for n in range(9)} | {"rank": {"field": "x_rank", "op": "over", "value": 2}}
    found = conditions.matching(ActorScope(anna), type_of(PERSON), stored, [people[0].id, people[1].id])
    assert found.fulfilled == {people[0].id: set(range(9)), people[1].id: set(range(9))}
    assert list(found.broken) == ["rank"]


def test_strangers_and_other_tenants_fulfil_nothing(anna, boris, people):
    stored = {"all": {"all": []}, "not": {"not": {"any": []}}}
    nobody = uuid4()
    assert conditions.matching(ActorScope(anna), type_of(PERSON), stored, [nobody]).fulfilled == {nobody: set()}
    hidden = [p.id for p in people]
    assert not any(conditions.matching(ActorScope(boris), type_of(PERSON), stored, hidden).fulfilled.values())
    assert conditions.matching(ActorScope(anna), type_of(PERSON), stored, []).fulfilled == {}
