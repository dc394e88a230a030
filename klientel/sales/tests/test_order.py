"""An order: of an accepted quote, by hand, from a shop."""

from __future__ import annotations

from typing import Any

import pytest

from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Conflict, Forbidden, Refused
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor
from klientel.kernel.testing.making import make_member
from klientel.sales.models import Order, Quote

pytestmark = pytest.mark.django_db
LINES = [
    {"role": "section", "name": "Machine"},
    {"name": "Press", "quantity": "2", "price": "1000", "discount": "10"},
    {"name": "Manual", "quantity": 1, "price": "49.90", "tax": "reduced"},
    {"name": "Training", "quantity": "1", "price": "500", "role": "optional"},
]


def accepted(anna: Actor, **values: Any) -> Quote:
    made = run(anna, "sales.quote.create", **{"name": "Offer", "positions": LINES, **values}).record
    run(anna, "sales.quote.send", made.pk)
    run(anna, "sales.quote.accept", made.pk)
    return Quote.objects.get(pk=made.pk)


def order(anna: Actor, **values: Any) -> Order:
    return again(run(anna, "sales.order.create", **values).record)


def again(one: Any) -> Order:
    return Order.objects.get(pk=one.pk)


def test_an_accepted_quote_becomes_one_order_with_its_counted_lines(anna: Actor) -> None:
    quote = accepted(anna, discount="5")
    done = run(anna, "sales.quote.order", quote.pk, customer_reference="B-77")
    made = Order.objects.get(quote=quote.pk)
    assert (made.net, made.tax, made.gross) == (quote.net, quote.tax, quote.gross)
    assert [one["name"] for one in made.positions] == ["Machine", "Press", "Manual"]
    assert (made.customer_reference, made.state, made.name) == ("B-77", "open", "Offer")
    assert made.number.startswith("AU-") and made.number.endswith("-00001")
    with pytest.raises(Refused) as no:
        run(anna, "sales.quote.order", quote.pk)
    assert no.value.code == "ordered_already" and Order.objects.count() == 1
    undo(anna, done.change_set)
    assert again(made).archived_at is not None
    run(anna, "sales.quote.order", quote.pk)


def test_only_an_accepted_quote_becomes_an_order(anna: Actor) -> None:
    made = run(anna, "sales.quote.create", name="Offer", positions=LINES).record
    with pytest.raises(Refused) as no:
        run(anna, "sales.quote.order", made.pk)
    assert no.value.code == "not_accepted" and not Order.objects.exists()


def test_two_of_one_chunk_make_one_order(anna: Actor) -> None:
    quote = accepted(anna)
    outcomes = list(run_many(anna, "sales.quote.order", [Item(quote.pk), Item(quote.pk)]))
    assert [one.refused.code if one.refused else "" for one in outcomes] == ["", "ordered_already"]
    assert Order.objects.count() == 1


def test_whoever_may_not_make_orders_makes_none_of_a_quote(anna: Actor) -> None:
    quote = accepted(anna)
    boris = make_member("Boris", [{"record": "sales.quote", "verb": "*"}])
    with pytest.raises(Forbidden):
        run(boris, "sales.quote.order", quote.pk)
    assert not Order.objects.exists()


def test_a_price_agreed_at_another_rate_keeps_it(anna: Actor) -> None:
    made = order(anna, positions=[{"name": "Old", "quantity": "1", "price": "100", "rate": "16"}])
    assert made.gross["amount"] == "116.00"
    run(anna, "sales.order.change", made.pk, positions=[*made.positions, {"name": "New", "quantity": 1, "price": "50"}])
    assert again(made).gross["amount"] == "175.50"


def test_an_order_without_lines_has_the_sums_it_comes_with(anna: Actor) -> None:
    made = order(anna, source="Shop", number="727", gross="119", net="100", tax="19", currency="USD", date="2025-02-01")
    assert made.gross == {"amount": "119.00", "currency": "USD"} and made.title == "727"
    with pytest.raises(Refused) as no:
        run(anna, "sales.order.change", made.pk, net={"amount": "1", "currency": "CHF"})
    assert (no.value.field, no.value.code) == ("net", "currencies")


def test_a_number_of_a_shop_is_there_once_and_another_shop_may_have_it(anna: Actor) -> None:
    order(anna, source="Shop", number="727")
    order(anna, source="ERP", number="727")
    with pytest.raises(Conflict):
        order(anna, source="Shop", number="727")
    assert Order.objects.filter(number="727").count() == 2


def test_own_numbers_go_on_and_step_over_what_somebody_typed(anna: Actor) -> None:
    first = order(anna, date="2026-03-01")
    order(anna, date="2026-03-01", number="AU-2026-00002")
    made = [again(one.record) for one in run_many(anna, "sales.order.create", [Item(None, {"date": "2026-03-02"})] * 2)]
    assert [one.number for one in (first, *made)] == ["AU-2026-00001", "AU-2026-00003", "AU-2026-00004"]


def test_its_states_follow_one_another(anna: Actor) -> None:
    made = order(anna)
    run(anna, "sales.order.deliver", made.pk)
    run(anna, "sales.order.complete", made.pk)
    for verb in ("deliver", "complete", "cancel"):
        with pytest.raises(Refused) as no:
            run(anna, f"sales.order.{verb}", made.pk)
        assert no.value.code == "not_open"
    assert again(made).state == "done"
