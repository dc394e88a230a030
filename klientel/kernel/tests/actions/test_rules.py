"""Rules of fields hold in the action itself, whoever writes; layouts and lists of choices are the tenant's."""

from __future__ import annotations

from typing import Any

import pytest

from klientel.kernel.access import ActorScope
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.testing.making import make_member
from klientel.kernel.web import shaping

ORG = "contacts.organisation"
LARGE = {"field": "employees", "op": "over", "value": 100}


def rule(actor: Actor, field: str, **facts: Any) -> Any:
    return run(actor, "kernel.fieldrule.create", record_type=ORG, field=field, **facts).record


def test_a_field_must_be_filled_in_when_the_rule_says_so(anna: Actor) -> None:
    rule(anna, "vat_id", required_when=LARGE)
    small = run(anna, f"{ORG}.create", name="Small", employees=3).record
    with pytest.raises(Refused) as no:
        run(anna, f"{ORG}.create", name="Large", employees=300)
    assert (no.value.code, no.value.field) == ("required", "vat_id")
    assert not type_of(ORG).model.objects.filter(name="Large").exists()
    run(anna, f"{ORG}.create", name="Large", employees=300, vat_id="DE136695976")
    with pytest.raises(Refused):
        run(anna, f"{ORG}.change", small.id, employees=101)
    small.refresh_from_db()
    assert small.employees == 3


def test_a02_what_nobody_has_to_tell_is_demanded_only_with_a_reason_that_is_kept(anna: Actor) -> None:
    always = {"field": "stage", "op": "is", "value": "customer"}
    facts = {"record_type": "contacts.person", "field": "birthday"}
    with pytest.raises(Refused) as no:
        run(anna, "kernel.fieldrule.create", required_when=always, **facts)
    assert (no.value.code, no.value.field) == ("needs_reason", "reason")
    made = run(anna, "kernel.fieldrule.create", required_when=always, reason="Insurance", **facts)
    assert made.events[0].changes["reason"] == [None, "Insurance"]
    run(anna, "kernel.fieldrule.create", visible_when=always, **facts | {"field": "salutation"})


def test_of_many_only_those_that_break_the_rule_fail(anna: Actor) -> None:
    rule(anna, "vat_id", required_when=LARGE)
    items = [Item(params={"name": f"N{n}", "employees": n * 100}) for n in range(4)]
    outcomes = list(run_many(anna, f"{ORG}.create", items))
    assert [o.refused is None for o in outcomes] == [True, True, False, False]


def test_an_old_record_is_refused_only_where_a_change_touches_the_rule(anna: Actor) -> None:
    old = run(anna, f"{ORG}.create", name="Old", employees=300).record
    rule(anna, "vat_id", required_when=LARGE)
    run(anna, f"{ORG}.change", old.id, name="Older")
    with pytest.raises(Refused):
        run(anna, f"{ORG}.change", old.id, employees=301)


def test_a_field_that_does_not_apply_takes_no_value_and_keeps_its_old_one(anna: Actor) -> None:
    firm = run(anna, f"{ORG}.create", name="Firm", employees=300, vat_id="DE136695976").record
    rule(anna, "vat_id", visible_when=LARGE)
    with pytest.raises(Refused) as no:
        run(anna, f"{ORG}.create", name="Small", employees=3, vat_id="DE136695976")
    assert (no.value.code, no.value.field) == ("does_not_apply", "vat_id")
    run(anna, f"{ORG}.change", firm.id, employees=3)
    firm.refresh_from_db()
    assert firm.vat_id == "DE136695976"
    hidden, _needed = shaping.states(ActorScope(anna), type_of(ORG), shaping.stored(type_of(ORG), firm.id))
    assert hidden == {"vat_id"}


def test_what_a_form_holds_is_asked_before_it_is_saved(anna: Actor) -> None:
    rule(anna, "vat_id", required_when=LARGE)
    rule(anna, "website", visible_when=LARGE)
    rtype, scope = type_of(ORG), ActorScope(anna)
    large = shaping.typed(rtype, {"employees": "300"}, rtype.fields)
    assert shaping.states(scope, rtype, large) == (set(), {"vat_id"})
    nonsense = shaping.typed(rtype, {"employees": "many"}, rtype.fields)
    assert shaping.states(scope, rtype, nonsense) == ({"website"}, set())


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"field": "nothing"}, "field"),
        ({"field": "created_at"}, "field"),
        ({"field": "vat_id", "required_when": {"field": "no", "op": "empty"}}, "required_when"),
        ({"field": "vat_id", "visible_when": {"field": "vat_id", "op": "empty"}}, "visible_when"),
        ({"field": "vat_id", "choices": [["a", "A"]]}, "choices"),
        ({"field": "stage", "choices": [["a", "A"]]}, "choices"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(anna: Actor, facts: Any, field: str) -> None:
    with pytest.raises(Refused) as no:
        rule(anna, **facts)
    assert no.value.field == field


def test_a_rule_whose_field_is_gone_stops_nobody(anna: Actor) -> None:
    own = run(anna, "kernel.customfield.create", record_type=ORG, name="x_level", label_de="Stufe", kind="whole",
              privacy="public").record  # fmt: skip
    rule(anna, "vat_id", required_when={"field": "x_level", "op": "over", "value": 1})
    run(anna, "kernel.customfield.archive", own.id)
    run(anna, f"{ORG}.create", name="Free")


def test_choices_are_renamed_reordered_and_retired(anna: Actor) -> None:
    keys = [k for k, _label in type_of(ORG).fields["stage"].options()]
    firm = run(anna, f"{ORG}.create", name="Firm", stage=keys[0]).record
    listed = [["vip", "Besonders wichtig", "VIP", "plum", ""], *([k, k.title(), "", "", ""] for k in keys[1:])]
    rule(anna, "stage", choices=[*listed, [keys[0], "Alt", "Old", "", "retired"]])
    stage = type_of(ORG).fields["stage"]
    assert stage.options()[0][0] == "vip"
    run(anna, f"{ORG}.create", name="New", stage="vip")
    run(anna, f"{ORG}.change", firm.id, name="Kept", stage=keys[0])
    with pytest.raises(Refused) as no:
        run(anna, f"{ORG}.create", name="Other", stage=keys[0])
    assert no.value.code == "retired"


def test_a_layout_is_for_the_holders_of_its_roles(anna: Actor) -> None:
    other = make_member("Dora", [{"record": ORG, "verb": "*"}])
    role = str(type_of("kernel.member").model.objects.get(pk=other.member).roles[0])
    sections = [{"de": "Kurz", "en": "Short", "fields": ["name", "stage"]}]
    run(anna, "kernel.layout.create", name="Short", record_type=ORG, roles=[role], sections=sections, active=True)
    assert shaping.sections_of(ActorScope(other), type_of(ORG))[1]
    assert not shaping.sections_of(ActorScope(anna), type_of(ORG))[1]
    for wrong in (
        [{"de": "K", "fields": ["stage"]}],
        [{"de": "K", "fields": ["name", "name"]}],
        [{"fields": ["name"]}],
    ):
        with pytest.raises(Refused):
            run(anna, "kernel.layout.create", name="W", record_type=ORG, sections=wrong, active=True)
