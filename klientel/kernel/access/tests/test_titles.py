"""A title must not tell a field that is hidden from whoever reads it."""

from __future__ import annotations

import pytest

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get, names, select
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
