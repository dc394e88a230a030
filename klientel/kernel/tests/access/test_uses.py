"""A saved condition says where it is used and stays while it is; one that breaks selects nothing and is told."""

from __future__ import annotations

from typing import Any

import pytest

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.access.uses import uses
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.events.consumers import get
from klientel.kernel.events.digesting import digest
from klientel.kernel.events.event import read
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.making import make_member

PERSON = "contacts.person"


def view(actor: Actor, name: str, condition: Any) -> Any:
    return run(actor, "kernel.view.create", name=name, record_type=PERSON, owner=actor.member, shared="all",
               condition=condition).record  # fmt: skip


def test_a_view_that_is_used_stays_and_says_where(anna: Actor) -> None:
    base = view(anna, "Base", {"field": "first_name", "op": "is", "value": "Anna"})
    asks = {"all": [{"in": f"view:{base.id}"}]}
    above = view(anna, "Above", asks)
    run(anna, "kernel.role.create", name="Few", grants=[{"record": PERSON, "verb": "view", "where": asks}])
    assert sorted(u.title for u in uses(ActorScope(anna), base.id)) == ["Above", "Few"]
    with pytest.raises(Refused) as no:
        run(anna, "kernel.view.archive", base.id)
    assert no.value.code == "in_use"
    assert "“Above”" in str(no.value.message)
    base.refresh_from_db()
    assert base.archived_at is None
    assert uses(ActorScope(anna), above.id) == []
    run(anna, "kernel.view.archive", above.id)


def test_who_may_not_see_where_a_view_is_used_is_told_that_it_is_and_no_name(anna: Actor) -> None:
    base = view(anna, "Base", {"field": "first_name", "op": "is", "value": "Anna"})
    asks = {"all": [{"in": f"view:{base.id}"}]}
    view(anna, "Everybody's", asks)
    secret = run(anna, "kernel.view.create", name="Secret", record_type=PERSON, owner=anna.member, shared="own",
                 condition=asks).record  # fmt: skip
    seen = {"field": "shared", "op": "is", "value": "all"}
    verbs = ("view", "change", "archive")
    dora = make_member("Dora", [{"record": "kernel.view", "verb": verb, "where": seen} for verb in verbs])
    assert {u.title for u in uses(ActorScope(dora), base.id)} == {"Everybody's", ""}
    with pytest.raises(Refused) as no:
        run(dora, "kernel.view.archive", base.id)
    assert no.value.code == "in_use"
    assert "“Everybody's”" in str(no.value.message)
    assert "Secret" not in str(no.value.message)
    assert str(secret.id) not in str(no.value.details)
    base.refresh_from_db()
    assert base.archived_at is None


def test_a_view_in_a_grant_limits_its_holder(anna: Actor) -> None:
    base = view(anna, "Base", {"field": "last_name", "op": "is", "value": "Alster"})
    dora = make_member("Dora", [{"record": PERSON, "verb": "view", "where": {"in": f"view:{base.id}"}}])
    for name in ("Alster", "Bille"):
        run(anna, f"{PERSON}.create", last_name=name)
    assert [r.title for r in select(ActorScope(dora), type_of(PERSON)).rows] == ["Alster"]


def test_the_owner_of_a_condition_that_broke_is_told_and_it_selects_nothing(anna: Actor, tenant: Tenant) -> None:
    own = run(anna, "kernel.customfield.create", record_type=PERSON, name="x_level", label_de="Stufe", kind="whole",
              privacy="public").record  # fmt: skip
    run(anna, f"{PERSON}.create", last_name="Alster", x_level=3)
    high = {"field": "x_level", "op": "over", "value": 1}
    kept, broken = view(anna, "Kept", {"field": "last_name", "op": "not_empty"}), view(anna, "High", high)
    dora = make_member("Dora", [{"record": PERSON, "verb": "view", "where": high}])
    assert len(select(ActorScope(dora), type_of(PERSON)).rows) == 1
    run(anna, "kernel.customfield.archive", own.id)
    assert select(ActorScope(dora), type_of(PERSON)).rows == []
    with pytest.raises(Refused):
        select(ActorScope(anna), type_of(PERSON), where=high)
    with working_in(tenant.pk):
        digest(get("broken_conditions"), read(Sql("TRUE")))
    told = read(Sql("e.kind = 'condition_broken' AND e.record_type = 'kernel.view'"))
    assert [e.record_id for e in told] == [broken.id]
    assert told[0].parameters["notify"] == [str(anna.member)]
    assert kept.id not in {e.record_id for e in told}
