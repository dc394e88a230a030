"""The tree of a company: up, down, across, added up under the viewer's rights, and fast however wide it is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from klientel.kernel.access import ActorScope, trees
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.testing.making import make_member

ORG = "contacts.organisation"
FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}


@pytest.fixture
def group(actor: Actor) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, above in (("Top", None), ("North", "Top"), ("South", "Top"), ("Harbour", "North")):
        parent = made[above].id if above else None
        money = {"amount": "10", "currency": "EUR"}
        made[name] = run(actor, f"{ORG}.create", name=name, parent=parent, employees=5, turnover=money).record
        run(actor, "contacts.person.create", last_name=f"Of {name}", organisation=made[name].id)
    return made


def at(record: Any) -> str:
    return reverse("tree", args=["organisations", record.id])


def test_the_page_shows_the_tree_and_the_people_across_it(client: Client, group: dict[str, Any]) -> None:
    page = client.get(at(group["Top"])).content.decode()
    for text in ("North", "South", "Of Harbour", "Subsidiaries: 1", "People: 2"):
        assert text in page
    assert f'data-branch="{at(group["North"])}"' in page
    below = client.get(at(group["Harbour"])).content.decode()
    assert below.index("Top") < below.index("North")


def test_a_branch_is_fetched_when_it_is_opened(client: Client, group: dict[str, Any]) -> None:
    part = client.get(at(group["North"]), **FETCH).content.decode()
    assert part.lstrip().startswith('<ul class="branch">')
    assert "Harbour" in part
    assert "South" not in part


def test_numbers_add_up_what_the_viewer_may_see(group: dict[str, Any], actor: Actor) -> None:
    rtype = type_of(ORG)

    def told(who: Actor, name: str) -> dict[str, Any]:
        scope = ActorScope(who)
        numbers = trees.numbers_of(scope, rtype)
        found = trees.figures(scope, rtype, [group[name].id], numbers)[group[name].id]
        return {(n.recipe.source, n.recipe.field): v for n, v in found}

    assert told(actor, "Top") == {
        (ORG, ""): 3, (ORG, "employees"): 15, (ORG, "turnover"): {"amount": "30.00", "currency": "EUR"},
        ("contacts.person", ""): 4, ("sales.deal", ""): 0, ("sales.deal", "value"): None, ("sales.invoice", ""): 0,
        ("sales.invoice", "net"): None,
    }  # fmt: skip
    where = {"field": "name", "op": "is_not", "value": "North"}
    dora = make_member("Dora", [{"record": ORG, "verb": "view", "where": where, "hidden": ["turnover"]}])
    assert told(dora, "Top") == {(ORG, ""): 1, (ORG, "employees"): 5}


def test_nobody_sees_the_tree_of_what_they_may_not_see(
    narrow: tuple[Client, Actor], client: Client, actor: Actor
) -> None:
    task = run(actor, "work.task.create", subject="x").record
    assert client.get(reverse("tree", args=["tasks", task.id])).status_code == 404
    person = run(actor, "contacts.person.create", last_name="x").record
    assert narrow[0].get(reverse("tree", args=["persons", person.id])).status_code == 404


def test_a_tree_never_leads_back(group: dict[str, Any], actor: Actor) -> None:
    with pytest.raises(Refused):
        run(actor, f"{ORG}.change", group["Top"].id, parent=group["Harbour"].id)


def test_a_wide_tree_costs_the_same_statements(client: Client, group: dict[str, Any], actor: Actor) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(at(group["Top"])).status_code == 200
        return len(asked)

    statements()
    few = statements()
    items = [Item(params={"name": f"N{n:03}", "parent": group["Top"].id}) for n in range(120)]
    assert all(o.refused is None for o in run_many(actor, f"{ORG}.create", items))
    assert statements() == few
    page = client.get(at(group["Top"])).content.decode()
    assert "data-branch-more" in page
    scope, rtype, top = ActorScope(actor), type_of(ORG), group["Top"].id
    assert trees.figures(scope, rtype, [top], trees.numbers_of(scope, rtype))[top][0][1] == Decimal(123)
