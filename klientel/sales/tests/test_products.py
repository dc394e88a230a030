"""Figures about products: what sells, slow sellers, what is bought together, with what deals are won."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from klientel.insights.dashboards import asked, dashboard
from klientel.insights.figures import Table, as_csv
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.testing.making import make_member
from klientel.sales.models import CloseReason

pytestmark = pytest.mark.django_db
OWN = {"field": "owner", "op": "is", "value": {"me": True}}


@pytest.fixture
def goods(anna: Actor) -> dict[str, str]:
    run(anna, "sales.pipeline.begin")
    names = ("Press", "Manual", "Training", "Dust")
    return {name: str(run(anna, "sales.product.create", name=name).record.pk) for name in names}


def line(goods: dict[str, str], name: str, quantity: str, price: str, **more: Any) -> dict[str, Any]:
    found = {"name": name, "quantity": quantity, "price": price, "tax": "zero", **more}
    return found | ({"product": goods[name]} if name in goods else {})


def order(actor: Actor, *lines: Any, **values: Any) -> Any:
    return run(actor, "sales.order.create", positions=list(lines), **values).record


def deal(actor: Actor, outcome: str, *lines: Any) -> Any:
    made = run(actor, "sales.deal.create", name="Deal", positions=list(lines)).record
    close(actor, made, outcome)
    return made


def close(actor: Actor, made: Any, outcome: str) -> None:
    reason = CloseReason.objects.filter(outcome="won" if outcome == "win" else "lost").order_by("id")[0]
    run(actor, f"sales.deal.{outcome}", made.pk, reason=str(reason.pk))


def table(actor: Actor, key: str, board: str = "products", **query: str) -> Table:
    scope = ActorScope(actor)
    chosen = dashboard(scope, board)
    return next(f for f in chosen.figures if f.key == key).draw(asked(scope, chosen, query))


def told(found: Table) -> dict[str, list[Any]]:
    return {label.text: [c.value for c in cells] for label, cells in found.rows}


def test_what_sells_adds_up_lines_with_their_discounts(anna: Actor, goods: dict[str, str], behind: Any) -> None:
    order(
        anna,
        {"role": "section", "name": "Machine"},
        line(goods, "Press", "2", "1000", discount="10"),
        line(goods, "Manual", "1.5", "33.33", discount="5", discount_in="amount"),
        line(goods, "Training", "1", "500", role="optional"),
        discount="20",
    )
    order(anna, line(goods, "Press", "1", "1000"), line(goods, "Cable", "3", "2"))
    order(anna, line(goods, "Press", "9", "1000"), state="cancelled")
    order(anna, line(goods, "Press", "9", "1000"), date="2001-01-01")
    for _label, cells in table(anna, "best").rows:
        assert behind(anna, cells[3].url) == behind(anna, cells[0].url) == cells[3].value
    found = told(table(anna, "best"))
    press = Decimal("1800") * Decimal("0.8") + 1000  # 2 x 1000 less 10 %, less 20 % of all; and one of another order
    manual = ((Decimal("50.00") - 5) * Decimal("0.8")).quantize(Decimal("0.01"))
    total = press + manual + 6
    share = (press * 100 / total).quantize(Decimal("0.1"))
    assert found == {
        "Press": [press, share, 3, 2],
        "Manual": [manual, (manual * 100 / total).quantize(Decimal("0.1")), Decimal("1.5"), 1],
        "Cable": [6, (Decimal(600) / total).quantize(Decimal("0.1")), 3, 1],
    }
    assert (
        "Press;2440,00;" in as_csv(table(anna, "best")).decode()
        or "Press;2440.00;" in as_csv(table(anna, "best")).decode()
    )


def test_an_option_that_was_chosen_is_found_behind_its_number(anna: Actor, goods: dict[str, str], behind: Any) -> None:
    lines = [
        line(goods, "Press", "1", "100"),
        line(goods, "Cable", "1", "120", role="alternative"),
        line(goods, "Manual", "1", "10", role="optional"),
        line(goods, "Training", "1", "9", role="optional"),
    ]
    quote = run(anna, "sales.quote.create", name="Offer", positions=lines).record
    run(anna, "sales.quote.send", quote.pk)
    run(anna, "sales.quote.accept", quote.pk, chosen=[2], alternatives=[1])
    found = table(anna, "best")
    assert {label.text for label, _cells in found.rows} == {"Cable", "Manual"}
    for _label, cells in found.rows:
        assert behind(anna, cells[3].url) == cells[3].value == 1


def test_a_sale_counts_once_on_its_way_from_deal_to_order(anna: Actor, goods: dict[str, str], behind: Any) -> None:
    lines = [line(goods, "Press", "1", "100"), line(goods, "Manual", "1", "10", role="optional")]
    won = deal(anna, "win", line(goods, "Press", "1", "100"))
    assert told(table(anna, "best"))["Press"][2:] == [1, 1]
    quote = run(anna, "sales.quote.create", name="Offer", deal=won.pk, positions=lines).record
    run(anna, "sales.quote.send", quote.pk)
    assert told(table(anna, "best"))["Press"][2:] == [1, 1], "a quote that is open was not sold"
    run(anna, "sales.quote.accept", quote.pk)
    assert told(table(anna, "best")) == {"Press": [100, 100, 1, 1]}
    run(anna, "sales.quote.order", quote.pk)
    assert told(table(anna, "best")) == {"Press": [100, 100, 1, 1]}
    deal(anna, "lose", line(goods, "Dust", "1", "100"))
    assert "Dust" not in told(table(anna, "best"))
    deal(anna, "win", line(goods, "Press", "2", "100"))
    ((_label, cells),) = table(anna, "best").rows
    assert [c.value for c in cells] == [300, 100, 3, 2, 1, 1], "an order and a deal"
    assert [behind(anna, c.url) for c in cells[4:]] == [1, 1]


def test_amounts_without_a_rate_stand_apart(anna: Actor, goods: dict[str, str]) -> None:
    run(anna, "insights.rate.create", currency="USD", day="2020-01-01", rate="0.5")
    for currency in ("EUR", "USD", "CHF"):
        order(anna, line(goods, "Press", "1", "100"), currency=currency)
    found = table(anna, "best")
    assert told(found)["Press"] == [150, 100, 3, 3]
    assert found.apart == {"CHF": Decimal(100)}


def test_slow_sellers_begin_with_what_never_sold(anna: Actor, goods: dict[str, str]) -> None:
    run(anna, "sales.product.create", name="Dust red", variant="red", variant_of=goods["Dust"])
    order(anna, line(goods, "Press", "1", "100"), line(goods, "Manual", "1", "10"))
    order(anna, line(goods, "Training", "4", "100"), date="2001-02-03")
    found = table(anna, "slow")
    assert [label.text for label, _cells in found.rows] == ["Dust red red", "Training", "Manual", "Press"]
    assert [cells[0].value for _label, cells in found.rows] == [0, 0, 10, 100]
    assert str(found.rows[1][1][2].value) == "2001-02-03" and goods["Training"] in found.rows[1][0].url


def test_bought_together_says_in_what_share_of_the_sales_of_each(anna: Actor, goods: dict[str, str]) -> None:
    press, manual, training = (line(goods, n, "1", "10") for n in ("Press", "Manual", "Training"))
    for lines in ((press, manual), (press, manual, manual), (press, manual, training), (press,), (press, training)):
        order(anna, *lines)
    order(anna, press)
    found = told(table(anna, "together"))
    pairs = {frozenset(name.split(" + ")): cells for name, cells in found.items()}
    assert pairs.keys() == {frozenset(("Press", "Manual")), frozenset(("Press", "Training"))}
    both = pairs[frozenset(("Press", "Manual"))]
    assert both[0] == 3 and set(both[1:]) == {Decimal("50.0"), Decimal("100.0")}
    assert pairs[frozenset(("Press", "Training"))][0] == 2


def test_win_rate_by_product_counts_a_deal_once_and_its_quotes_as_well(
    anna: Actor, goods: dict[str, str], behind: Any
) -> None:
    press = line(goods, "Press", "1", "10")
    deal(anna, "win", press, press)
    deal(anna, "win", press)
    deal(anna, "lose", press, line(goods, "Manual", "1", "10"))
    quoted = run(anna, "sales.deal.create", name="Quoted").record
    quote = run(anna, "sales.quote.create", name="Offer", deal=quoted.pk, positions=[press]).record
    run(anna, "sales.quote.send", quote.pk)
    close(anna, quoted, "lose")
    run(anna, "sales.deal.create", name="Open", positions=[press])
    found = told(table(anna, "by-product", "sales"))
    assert found == {"Press": [Decimal("50.0"), 2, 2], "Manual": [Decimal("0.0"), 0, 1]}
    for label, (_rate, *counts) in table(anna, "by-product", "sales").rows:
        for cell in counts:
            assert not cell.value or behind(anna, cell.url) == cell.value, label.text


def test_nobody_adds_up_what_they_may_not_see(anna: Actor, goods: dict[str, str]) -> None:
    order(anna, line(goods, "Press", "1", "100"), owner=None)
    order(anna, line(goods, "Manual", "1", "10"), owner=str(anna.member))
    deal(anna, "win", line(goods, "Training", "1", "10"))
    narrow = replace(anna, grants=(Grant("sales.order", "view", OWN), Grant("sales.product", "view")))
    assert told(table(narrow, "best")) == {"Manual": [10, 100, 1, 1]}
    sold = {label.text: cells[0].value for label, cells in table(narrow, "slow").rows}
    assert (sold["Press"], sold["Manual"], sold["Training"]) == (0, 10, 0)
    blind = replace(anna, grants=(Grant("sales.order", "view", {}, hidden=("positions",)),))
    for key in ("best", "slow", "together"):
        with pytest.raises(Refused):
            table(blind, key)
    deals = replace(anna, grants=(Grant("sales.deal", "view", {}, hidden=("positions",)),))
    with pytest.raises(Refused):
        table(deals, "by-product", "sales")


def test_a_filter_narrows_every_kind_of_sale(anna: Actor, goods: dict[str, str]) -> None:
    other = make_member("Otto", [])
    order(anna, line(goods, "Press", "1", "100"), owner=str(other.member))
    order(anna, line(goods, "Manual", "1", "10"), owner=str(anna.member))
    deal(anna, "win", line(goods, "Training", "1", "10"))
    assert set(told(table(anna, "best", owner=str(other.member)))) == {"Press"}


def test_a_product_names_the_bundles_it_is_in(client: Client, actor: Actor) -> None:
    frame, kit = (run(actor, "sales.product.create", name=name).record for name in ("Frame", "Starter kit"))
    run(actor, "sales.part.create", bundle=kit.pk, product=frame.pk, quantity="8")
    page = client.get(f"/products/{frame.pk}/").content.decode()
    card = page[page.index("In bundles") :].partition("</ul>")[0]
    assert "8 ×" in card and "Starter kit" in card
    assert not re.search(r">\s*8\s*<", card), "the quantity stands there twice"
