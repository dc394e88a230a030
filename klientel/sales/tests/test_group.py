"""What a group of companies adds up to: its open deals and its revenue, under the rights of whoever looks."""

from klientel.kernel.access import ActorScope, trees
from klientel.kernel.actions import run
from klientel.kernel.records import type_of
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member
from klientel.kernel.web.tests.conftest import at_browser
from klientel.sales.models import CloseReason, Deal

ORG = "contacts.organisation"


def euros(amount):
    return {"amount": amount, "currency": "EUR"}


def told(actor, record):
    """Figures of the types of sales."""
    scope, rtype = ActorScope(actor), type_of(ORG)
    found = trees.figures(scope, rtype, [record.id], trees.numbers_of(scope, rtype))[record.id]
    return {(n.recipe.source, n.recipe.field): v for n, v in found if n.recipe.source.startswith("sales.")}


def test_a_group_adds_up_open_deals_and_revenue_of_all_its_companies(anna, tenant):
    run(anna, "sales.pipeline.begin")
    top = run(anna, f"{ORG}.create", name="Holding").record
    below = run(anna, f"{ORG}.create", name="Werk Nord", parent=top.id).record
    run(anna, "sales.deal.create", name="Kran", organisation=below.id, value=euros("100.00"))
    run(anna, "sales.deal.create", name="Halle", organisation=top.id, value=euros("50.00"))
    won = run(anna, "sales.deal.create", name="Tor", organisation=below.id, value=euros("7.00")).record
    run(anna, "sales.deal.win", won.id, reason=str(CloseReason.objects.filter(outcome="won")[0].pk))
    bills = [
        run(anna, "sales.invoice.create", number=f"R{n}", date="2026-05-01", organisation=below.id, **facts).record
        for n, facts in enumerate((
            {"net": euros("200.00"), "gross": euros("238.00")},
            {"net": euros("30.00"), "gross": euros("35.70"), "sort": "credit_note"},
            {"net": euros("999.00"), "gross": euros("999.00"), "direction": "incoming"},
            {"net": euros("5.00"), "gross": euros("5.95")},
        ))
    ]  # fmt: skip
    run(anna, "sales.invoice.void", bills[3].id)
    deals = {("sales.deal", ""): 2, ("sales.deal", "value"): euros("150.00")}
    assert told(anna, top) == deals | {("sales.invoice", ""): 2, ("sales.invoice", "net"): euros("170.00")}
    assert told(anna, below)[("sales.deal", "value")] == euros("100.00")

    page, _who = at_browser(tenant, "Petra", ALL, "en")
    shown = page.get(f"/organisations/{top.id}/tree").content.decode()
    assert "Open deals across the group" in shown and "Kran" in shown and "Tor" not in shown.split("<main", 1)[1]


def test_who_may_not_see_by_what_deals_are_chosen_gets_no_figure_of_them(anna):
    top = run(anna, f"{ORG}.create", name="Holding").record
    run(anna, "sales.deal.create", name="Halle", organisation=top.id, value=euros("50.00"))
    views = [{"record": key, "verb": "view"} for key in (ORG, "sales.deal")]
    blind = make_member("Blind", [views[0], views[1] | {"hidden": ["state"]}])
    poor = make_member("Poor", [views[0], views[1] | {"hidden": ["value"]}])
    assert told(blind, top) == {}
    assert told(poor, top) == {("sales.deal", ""): 1}
    assert Deal.objects.count() == 1
