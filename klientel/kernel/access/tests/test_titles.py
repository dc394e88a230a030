"""A title must not tell a field that is hidden from whoever reads it."""

from __future__ import annotations

import pytest

from klientel.kernel.access import trees
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get, linked, names, select
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.search.finding import find
from klientel.kernel.testing.making import make_member
from klientel.kernel.twins.checking import similar

pytestmark = pytest.mark.django_db
FIRM, PERSON = "contacts.organisation", "contacts.person"


def blind(key: str, *hidden: str) -> ActorScope:
    return ActorScope(make_member("Berta Blind", [{"record": key, "verb": "view", "hidden": list(hidden)}]))


def test_a_hidden_name_is_not_told_by_list_page_link_search_or_twin(anna: Actor) -> None:
    firms = [run(anna, f"{FIRM}.create", name=n, vat_id="DE136695976").record for n in ("Zeta Werk", "Alpha Werk")]
    scope, rtype = blind(FIRM, "name"), type_of(FIRM)
    rows = select(scope, rtype).rows
    assert [r.id for r in rows] == [f.pk for f in firms]  # as they were made, not by name
    told = [r.title for r in rows]
    told += [
        get(scope, rtype, firms[0].pk).title,
        *(n.title for n in names(scope, [f.pk for f in firms], FIRM).values()),
    ]
    told += [h.title for h in find(scope, "DE136695976")]
    told += [s.title for s in similar(scope, rtype, {"name": "Alpha Werk", "vat_id": "DE136695976"})]
    assert len(told) >= 8
    assert not any("Werk" in title for title in told), told
    assert find(scope, "Alpha") == []
    assert [h.title for h in find(ActorScope(anna), "Alpha")] == ["Alpha Werk"]


def test_a_tree_tells_no_hidden_name(anna: Actor) -> None:
    top = run(anna, f"{FIRM}.create", name="Zeta Werk").record
    below = run(anna, f"{FIRM}.create", name="Alpha Werk", parent=top.pk).record
    worker = run(anna, f"{PERSON}.create", last_name="Zuse", organisation=below.pk).record
    grants = [{"record": FIRM, "verb": "view", "hidden": ["name"]}, {"record": PERSON, "verb": "view"}]
    scope, rtype, people = ActorScope(make_member("Berta Blind", grants)), type_of(FIRM), type_of(PERSON)
    (found,) = trees.above(scope, rtype, below.pk)
    ((one, at),) = trees.across(scope, rtype, top.pk, people, "organisation")
    assert [found.id, one.id, at.id] == [top.pk, worker.pk, below.pk]
    assert one.title == "Zuse"
    assert "Werk" not in found.title + at.title
    ((_one, at),) = trees.across(ActorScope(anna), rtype, top.pk, people, "organisation")
    assert at.title == "Alpha Werk"


@pytest.mark.parametrize(
    ("grant", "told"),
    [
        ({"record": FIRM}, {"Mein Werk", "Fremdes Werk"}),
        ({"record": FIRM, "where": {"field": "owner", "op": "is", "value": {"me": True}}}, {"Mein Werk"}),
        ({"record": FIRM, "hidden": ["name"]}, {""}),
        ({"record": "contacts.affiliation"}, set()),
    ],
)
def test_the_names_read_with_a_list_are_those_the_actor_may_know(
    anna: Actor, grant: dict[str, object], told: set[str]
) -> None:
    member = make_member("Nora", [{"record": PERSON, "verb": "view"}, {"verb": "view", **grant}])
    for name, owner in (("Mein Werk", member.member), ("Fremdes Werk", anna.member)):
        firm = run(anna, f"{FIRM}.create", name=name, owner=owner).record
        run(anna, f"{PERSON}.create", last_name=name, organisation=firm.pk)
    scope, rtype = ActorScope(member), type_of(PERSON)
    page = select(scope, rtype, columns=("organisation", "owner"), named=True)
    firms = {n.title if "Werk" in n.title else "" for n in page.names.values() if n.type == FIRM}
    assert firms == told
    assert page.names == linked(scope, rtype, page.rows, ("organisation", "owner"))


def test_a_list_without_names_pages_both_ways(anna: Actor) -> None:
    for n in range(5):
        run(anna, f"{FIRM}.create", name=f"Firma {9 - n}")
    scope, rtype = blind(FIRM, "name"), type_of(FIRM)
    first = select(scope, rtype, limit=2)
    second = select(scope, rtype, limit=2, after=first.after)
    again = select(scope, rtype, limit=2, before=second.before)
    assert {r.id for r in first.rows}.isdisjoint(r.id for r in second.rows)
    assert [r.id for r in again.rows] == [r.id for r in first.rows]
    with pytest.raises(Refused) as no:
        select(scope, rtype, sort="name")
    assert no.value.code == "not_sortable"


def test_a_person_known_by_a_mail_address_only_stays_unknown_to_who_may_not_see_addresses(anna: Actor) -> None:
    nameless = run(anna, f"{PERSON}.create", emails=[{"value": "kim.secret@example.org"}]).record
    run(anna, f"{PERSON}.create", first_name="Ada", last_name="Zuse", emails=[{"value": "ada@example.org"}])
    scope, rtype = blind(PERSON, "emails"), type_of(PERSON)
    rows = select(scope, rtype).rows
    assert rows[0].title == "Ada Zuse"  # the nameless stand last
    assert "secret" not in rows[1].title
    assert "secret" not in nameless.sort_key
    assert find(scope, "kim.secret") == []
    assert [h.title for h in find(ActorScope(anna), "kim.secret")] == ["kim.secret@example.org"]
