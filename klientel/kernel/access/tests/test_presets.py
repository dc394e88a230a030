"""The roles a tenant begins with."""

from __future__ import annotations

import pytest

from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.access.presets import presets, reaches
from klientel.kernel.access.reading import select
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden, Missing
from klientel.kernel.records import type_of
from klientel.kernel.testing.making import make_member

PERSON = "contacts.person"


def holder(key):
    return make_member(key, next(p.grants for p in presets() if p.key == key))


def names(actor, key):
    return {r.title for r in select(ActorScope(actor), type_of(key)).rows}


def test_sales_sees_own_and_team_and_what_is_about_them(anna):
    sales = holder("sales")
    mine = run(sales, f"{PERSON}.create", last_name="Mein", owner=sales.member).record
    other = run(anna, f"{PERSON}.create", last_name="Fremd", owner=anna.member).record
    run(anna, "work.note.create", text="zu meinem", concerns=[mine.id], owner=anna.member)
    run(anna, "work.note.create", text="zu fremdem", concerns=[other.id], owner=anna.member)
    assert names(sales, PERSON) == {"Mein"}
    assert names(sales, "work.note") == {"zu meinem"}
    with pytest.raises(Missing):
        run(sales, f"{PERSON}.change", other.id, last_name="X")
    run(sales, f"{PERSON}.change", mine.id, last_name="Meins")


def test_own_and_team_are_one_test_of_the_owner_and_hold_at_the_moment_of_asking(anna):
    own_or_team = {"any": [reaches("own"), reaches("team")]}
    team = run(anna, "kernel.team.create", name="Nord").record
    seller = make_member("seller", [{"record": PERSON, "verb": "view", "where": own_or_team}], team=team.id)
    mate = run(anna, "kernel.member.change", make_member("mate", []).member, team=team.id).record
    for name, owner in (("Mein", seller.member), ("Unser", mate.id), ("Fremd", anna.member), ("Niemands", None)):
        run(anna, f"{PERSON}.create", last_name=name, owner=owner)
    assert names(seller, PERSON) == {"Mein", "Unser"}
    assert "OR" not in allowed(ActorScope(seller), type_of(PERSON), "view", "t").text  # so that an index answers it
    run(anna, "kernel.member.change", mate.id, team=None)
    assert names(seller, PERSON) == {"Mein"}


def test_read_only_changes_nothing(anna):
    reader = holder("reading")
    person = run(anna, f"{PERSON}.create", last_name="Muster").record
    assert names(reader, PERSON) == {"Muster"}
    with pytest.raises(Forbidden):
        run(reader, f"{PERSON}.change", person.id, last_name="X")
    with pytest.raises(Forbidden):
        run(reader, f"{PERSON}.create", last_name="X")


def test_every_preset_is_a_role_that_can_be_saved(anna):
    for preset in presets():
        assert run(anna, "kernel.role.create", name=str(preset.name), grants=preset.grants).record.grants
