"""The roles a tenant begins with."""

from __future__ import annotations

import pytest

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.presets import presets
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
