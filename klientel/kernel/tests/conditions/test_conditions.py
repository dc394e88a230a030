"""Conditions: refused where not understood, closed where hidden, the same for one record and for all."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import translation

from klientel.kernel import conditions
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.records import type_of
from klientel.kernel.testing.making import make_member

PERSON = "contacts.person"


def nested(depth):
    return {"all": [nested(depth - 1)]} if depth else {"all": []}


@pytest.mark.parametrize(
    ("json", "code"),
    [
        ({}, "bad_condition"),
        ([], "bad_condition"),
        ("x", "bad_condition"),
        (None, "bad_condition"),
        ({"field": "nope", "op": "is", "value": 1}, "no_such_field"),
        ({"field": "tenant_id", "op": "is", "value": "x"}, "no_such_field"),
        ({"field": "last_name", "op": "over", "value": 1}, "bad_operator"),
        ({"field": "last_name", "op": "nope", "value": 1}, "bad_operator"),
        ({"field": "last_name.x", "op": "is", "value": "x"}, "no_such_field"),
        ({"field": "organisation.nope", "op": "is", "value": "x"}, "no_such_field"),
        ({"field": "stage", "op": "one_of", "value": "lead"}, "bad_value"),
        ({"field": "stage", "op": "is", "value": "no-such"}, "not_a_choice"),
        ({"field": "birthday", "op": "within", "value": "7"}, "bad_value"),
        ({"field": "birthday", "op": "between", "value": ["2020-01-01"]}, "bad_value"),
        ({"field": "last_name", "op": "contains", "value": "\x00"}, "bad_value"),
        ({"field": "last_name", "op": "is", "value": "x", "more": 1}, "bad_condition"),
        ({"all": [], "any": []}, "bad_condition"),
        ({"all": {}}, "bad_condition"),
        ({"not": []}, "bad_condition"),
        ({"has": "no.such.field"}, "no_such_relation"),
        ({"has": "work.task.concerns", "times": {"over": -1}}, "bad_value"),
        ({"happened": "x", "within": {"days": 0}}, "bad_value"),
        ({"id": ["x"]}, "not_a_record"),
        ({"seen": "last_name"}, "bad_operator"),
        (nested(20), "too_complex"),
        ({"any": [{"all": []}] * 300}, "too_complex"),
    ],
)
def test_refuses_what_it_does_not_understand(anna, json, code):
    with pytest.raises(Refused) as no:
        conditions.compile(type_of(PERSON), json, ActorScope(anna), "t")
    assert no.value.code == code


@pytest.fixture
def world(anna):
    big = run(anna, "contacts.organisation.create", name="Groß AG", employees=500).record
    small = run(anna, "contacts.organisation.create", name="Klein GbR", employees=3).record
    ada = run(anna, "contacts.person.create", last_name="Ada", organisation=big.id, stage="lead").record
    ben = run(anna, "contacts.person.create", last_name="Ben", organisation=small.id, stage="customer").record
    cem = run(anna, "contacts.person.create", last_name="Cem", owner=anna.member).record
    for subject, state in (("a", "open"), ("b", "done")):
        run(anna, "work.task.create", subject=subject, state=state, concerns=[ada.id])
    run(anna, "work.task.create", subject="c", concerns=[ben.id])
    run(anna, "contacts.person.change", cem.id, first_name="C.")
    return {"Ada": ada, "Ben": ben, "Cem": cem}


TASKS = "work.task.concerns"


@pytest.mark.parametrize(
    ("json", "expected"),
    [
        ({"all": []}, "Ada Ben Cem"),
        ({"any": []}, ""),
        ({"not": {"any": []}}, "Ada Ben Cem"),
        ({"field": "organisation.employees", "op": "over", "value": 100}, "Ada"),
        ({"field": "organisation.employees", "op": "is_not", "value": 3}, "Ada Cem"),
        ({"field": "organisation.employees", "op": "empty"}, "Cem"),
        ({"field": "organisation.employees", "op": "not_empty"}, "Ada Ben"),
        ({"field": "organisation", "op": "empty"}, "Cem"),
        ({"field": "stage", "op": "one_of", "value": ["lead", "customer"]}, "Ada Ben"),
        ({"field": "stage", "op": "none_of", "value": ["lead"]}, "Ben Cem"),
        ({"field": "owner", "op": "is", "value": {"me": True}}, "Cem"),
        ({"field": "owner", "op": "is_not", "value": {"me": True}}, "Ada Ben"),
        ({"field": "created_at", "op": "within", "value": 1}, "Ada Ben Cem"),
        ({"field": "created_at", "op": "is", "value": {"today": True}}, "Ada Ben Cem"),
        ({"field": "created_at", "op": "after", "value": {"days_ago": 1}}, "Ada Ben Cem"),
        ({"field": "created_at", "op": "older", "value": 1}, ""),
        ({"has": TASKS}, "Ada Ben"),
        ({"not": {"has": TASKS}}, "Cem"),
        ({"has": TASKS, "where": {"field": "state", "op": "is", "value": "done"}}, "Ada"),
        ({"has": TASKS, "times": {"over": 1}}, "Ada"),
        ({"has": TASKS, "times": {"is": 0}}, "Cem"),
        ({"happened": "contacts.person.change"}, "Cem"),
        ({"happened": "work.task.create", "within": {"days": 1}, "times": {"over": 1}}, "Ada"),
        (
            {
                "all": [
                    {"field": "stage", "op": "is", "value": "lead"},
                    {"field": "organisation.name", "op": "contains", "value": "groß"},
                ]
            },
            "Ada",
        ),
    ],
)
def test_selects(anna, world, json, expected):
    rows = select(ActorScope(anna), type_of(PERSON), where=json).rows
    assert " ".join(r.title.split()[-1] for r in rows) == expected
    for name, record in world.items():
        alone = select(ActorScope(anna), type_of(PERSON), where={"all": [json, {"id": [str(record.id)]}]}).rows
        assert bool(alone) == (name in expected.split()), "one record is asked as all are"


@pytest.mark.parametrize("language", ["de", "en"])
def test_says_itself_in_words(anna, world, language):
    scope = ActorScope(anna)
    json = {
        "all": [
            {"field": "organisation.employees", "op": "over", "value": 100},
            {"any": [{"has": TASKS, "times": {"over": 1}}, {"happened": "contacts.person.change"}]},
            {"not": {"field": "owner", "op": "is", "value": {"me": True}}},
        ]
    }
    with translation.override(language):
        told = conditions.say(type_of(PERSON), json, scope)
    assert "100" in told
    assert "%" not in told


def test_a_hidden_field_cannot_be_asked_about(boris):
    for json in ({"field": "birthday", "op": "not_empty"}, {"field": "phones", "op": "contains", "value": "1"}):
        with pytest.raises(Refused) as no:
            select(ActorScope(boris), type_of(PERSON), where=json)
        assert no.value.code == "no_such_field"


def test_related_records_count_only_as_far_as_they_are_visible(anna, boris, world):
    """boris sees no tasks at all, and of persons only his own: neither tells him anything."""
    scope = ActorScope(boris)
    with pytest.raises(Refused):
        select(scope, type_of(PERSON), where={"has": "no.such"})
    run(anna, "contacts.person.assign", world["Ada"].id, owner=boris.member)
    assert [r.title for r in select(scope, type_of(PERSON), where={"has": TASKS}).rows] == []
    assert [
        r.title
        for r in select(scope, type_of("contacts.organisation"), where={"has": "contacts.person.organisation"}).rows
    ] == ["Groß AG"]


def test_notes_follow_the_person_they_are_about(anna, world):
    mine = {"field": "owner", "op": "is", "value": {"me": True}}
    dana = make_member(
        "Dana",
        [
            {"record": PERSON, "verb": "view", "where": mine},
            {"record": "work.task", "verb": "view", "where": {"seen": "concerns"}},
        ],
    )
    tasks = type_of("work.task")
    assert select(ActorScope(dana), tasks).rows == []
    run(anna, "contacts.person.assign", world["Ada"].id, owner=dana.member)
    assert [r.title for r in select(ActorScope(dana), tasks).rows] == ["a", "b"]


def test_a_role_with_a_condition_that_is_not_understood_is_refused(anna):
    with pytest.raises(Refused) as no:
        run(
            anna,
            "kernel.role.create",
            name="x",
            grants=[{"record": PERSON, "verb": "view", "where": {"field": "nope", "op": "is", "value": 1}}],
        )
    assert no.value.field == "grants"


def test_a_grant_that_breaks_later_selects_nothing(anna):
    run(anna, "kernel.customfield.create", record_type=PERSON, name="x_a", kind="text", label_de="A", privacy="public")
    dana = make_member("Dana", [{"record": PERSON, "verb": "view", "where": {"field": "x_a", "op": "empty"}}])
    run(anna, "contacts.person.create", last_name="Ada")
    assert len(select(ActorScope(dana), type_of(PERSON)).rows) == 1
    field = select(ActorScope(anna), type_of("kernel.customfield")).rows[0]
    run(anna, "kernel.customfield.archive", field.id)
    assert select(ActorScope(dana), type_of(PERSON)).rows == []


@pytest.mark.parametrize("value", ["' OR 1=1 --", "%", "_", "\\", "{}", "%s", "%(x)s", "🙂", "a" * 500])
def test_text_is_a_value_never_sql(anna, world, value):
    for op in ("contains", "starts", "is"):
        where = {"field": "last_name", "op": op, "value": value[:100]}
        assert select(ActorScope(anna), type_of(PERSON), where=where).rows == []


def test_an_id_that_is_nobodys_selects_nothing(anna, world):
    assert select(ActorScope(anna), type_of(PERSON), where={"id": [str(uuid4())]}).rows == []


def test_a_narrow_grant_never_opens_a_field_that_a_wider_one_closes(anna):
    """Own persons with everything, all persons without phones: phones stay closed, for lists show both at once."""
    mine = {"field": "owner", "op": "is", "value": {"me": True}}
    lead = {"field": "stage", "op": "is", "value": "lead"}
    own = {"record": PERSON, "verb": "view", "where": mine}
    some = {"record": PERSON, "verb": "view", "where": lead, "hidden": ["phones"]}
    every = {"record": PERSON, "verb": "view", "hidden": ["phones", "birthday"]}
    free = {"record": PERSON, "verb": "view"}
    for number, (grants, closed) in enumerate(
        (([own], set()), ([own, some], {"phones"}), ([own, every], {"phones", "birthday"}), ([some, free], set()),
         ([some, every], {"phones", "birthday"}))
    ):  # fmt: skip
        visible = ActorScope(make_member(f"Dana {number}", grants)).visible(type_of(PERSON))
        assert {"phones", "birthday"} - visible.keys() == closed
