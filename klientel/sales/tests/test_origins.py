"""Where customers come from: leads, deals and revenue by source, campaign and first touch, with the lists behind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from klientel.insights.dashboards import asked, dashboard
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.sales.models import CloseReason, Deal

pytestmark = pytest.mark.django_db


def table(actor: Actor, key: str) -> Any:
    scope = ActorScope(actor)
    board = dashboard(scope, "origins")
    return next(one for one in board.figures if one.key == key).draw(asked(scope, board, {}))


def told(found: Any) -> dict[str, list[Any]]:
    return {label.text: [cell.value for cell in cells] for label, cells in found.rows}


@pytest.fixture
def sold(anna: Actor) -> Any:
    """Two leads of a fair, one of a search; one of the fair's became a deal that was won."""
    run(anna, "sales.pipeline.begin")
    eva = run(anna, "contacts.person.create", last_name="Sommer", source="newsletter").record
    came = {"name": "L", "person": eva.id}
    first = run(anna, "sales.lead.create", **came, source="Fair", campaign="Spring").record
    run(anna, "sales.lead.create", **came, source="fair", status="sql")
    run(anna, "sales.lead.create", **came, source="search")
    run(anna, "sales.lead.convert", first.id, value={"amount": "1000", "currency": "EUR"})
    deal = Deal.objects.get()
    reason = CloseReason.objects.filter(outcome="won").order_by("id")[0]
    run(anna, "sales.deal.win", deal.pk, reason=str(reason.pk))
    return deal


def test_leads_deals_and_revenue_by_source_are_those_of_the_lists_behind_them(
    anna: Actor, sold: Any, behind: Any
) -> None:
    found = table(anna, "sources")
    assert told(found) == {"Fair": [2, 2, 1, 1, Decimal("1000.00")], "Search": [1, 0, 0, 0, None]}
    for _label, cells in found.rows:
        assert [behind(anna, cell.url) for cell in cells[:4] if cell.url] == [c.value for c in cells[:4] if c.url]


def test_a_deal_keeps_the_campaign_of_its_lead(anna: Actor, sold: Any) -> None:
    assert (sold.source, sold.campaign) == ("Fair", "Spring")
    found = told(table(anna, "campaigns"))
    assert [one[0] for one in found.values()] == [1, 2]  # that of the campaign, and those of none
    assert found["Spring"] == [1, 1, 1, 1, Decimal("1000.00")]


def test_the_first_touch_is_what_brought_the_person(anna: Actor, sold: Any) -> None:
    assert told(table(anna, "first")) == {"Newsletter": [3, 2, 1, 1, Decimal("1000.00")]}
