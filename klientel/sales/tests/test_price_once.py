"""One price for one product, list and quantity: also for two at once, out of the recycle bin, and after a merge."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Conflict
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy import writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.photographs import differing, photograph
from klientel.sales.models import Price
from klientel.sales.tests.test_lead_together import at_once, dora, here

__all__ = ["dora", "here"]


def goods(anna: Actor, number: int = 1) -> Any:
    return run(anna, "sales.product.create", name=f"Press {number}", number=f"P-{number}").record.pk


def catalogue(anna: Actor, name: str = "Trade") -> Any:
    return run(anna, "sales.pricelist.create", name=name, currency="EUR").record.pk


def price(anna: Actor, product: Any, on: Any, amount: str, quantity: str | None = "10") -> Any:
    facts = {"product": product, "price_list": on, "price": amount, "from_quantity": quantity}
    return run(anna, "sales.price.create", **facts).record


def refused(*call: Any, **values: Any) -> Conflict:
    with pytest.raises(Conflict) as no:
        run(*call, **values)
    return no.value


@pytest.mark.django_db
def test_a_second_price_for_one_quantity_is_refused_in_a_sentence(anna: Actor) -> None:
    product, on = goods(anna), catalogue(anna)
    first = price(anna, product, on, "100")
    other = price(anna, product, on, "90", "20")
    facts = {"product": product, "price_list": on, "price": "95"}
    no = refused(anna, "sales.price.create", from_quantity="10.000", **facts)
    assert (no.code, no.field) == ("exists_already", "from_quantity")
    with override("en"):
        assert str(no.message) == (
            "This list has a price of this product from this quantity on already: please change that one."
        )
    refused(anna, "sales.price.change", other.pk, from_quantity="10")
    assert {(one.pk, str(one.price)) for one in Price.objects.all()} == {
        (first.pk, "100.0000"), (other.pk, "90.0000"),
    }  # fmt: skip


@pytest.mark.django_db
def test_no_quantity_and_zero_are_the_same(anna: Actor) -> None:
    product, on = goods(anna), catalogue(anna)
    price(anna, product, on, "100", None)
    facts = {"product": product, "price_list": on, "price": "95"}
    refused(anna, "sales.price.create", from_quantity="0", **facts)
    refused(anna, "sales.price.create", **facts)
    price(anna, product, catalogue(anna, "Other"), "95", "0")
    price(anna, goods(anna, 2), on, "95", "0")


@pytest.mark.django_db
def test_a_price_comes_back_from_the_bin_only_where_its_place_is_free(anna: Actor) -> None:
    product, on = goods(anna), catalogue(anna)
    first = price(anna, product, on, "100")
    gone = run(anna, "sales.price.archive", first.pk)
    second = price(anna, product, on, "90")
    refused(anna, "sales.price.restore", first.pk)
    taken_back = undo(anna, gone.change_set)
    assert [no.code for _event, no in taken_back.refused] == ["exists_already"]
    run(anna, "sales.price.archive", second.pk)
    run(anna, "sales.price.restore", first.pk)
    assert [one.pk for one in Price.objects.filter(archived_at=None)] == [first.pk]


@pytest.mark.django_db
def test_one_price_too_many_among_many_fails_alone(anna: Actor) -> None:
    product, on = goods(anna), catalogue(anna)
    tiers = ["1", "5", "5", "10"]
    items = [Item(None, {"product": product, "price_list": on, "price": "1", "from_quantity": n}) for n in tiers]
    found = list(run_many(anna, "sales.price.create", items))
    assert [one.refused.code if one.refused else None for one in found] == [None, None, "exists_already", None]


@pytest.mark.django_db
def test_products_that_become_one_keep_their_newest_price_and_come_apart_as_they_were(anna: Actor) -> None:
    first, second, on = goods(anna), goods(anna, 2), catalogue(anna)
    price(anna, first, on, "100")
    price(anna, second, on, "90")
    price(anna, second, on, "80", "50")
    before = photograph()
    run(anna, "sales.product.merge", first, records=[second])
    left = Price.objects.filter(archived_at=None, product=first).order_by("price").values_list("price", flat=True)
    assert [str(one) for one in left] == ["80.0000", "90.0000"]
    run(anna, "sales.product.unmerge", first, records=[second])
    assert differing(before, photograph()) == {}


@pytest.mark.django_db
def test_lists_that_become_one_keep_the_newest_price(anna: Actor) -> None:
    product, first, second = goods(anna), catalogue(anna), catalogue(anna, "Trade 2")
    price(anna, product, second, "90")
    price(anna, product, first, "100")
    before = photograph()
    run(anna, "sales.pricelist.merge", first, records=[second])
    assert [str(one.price) for one in Price.objects.filter(archived_at=None)] == ["100.0000"]
    run(anna, "sales.pricelist.unmerge", first, records=[second])
    assert differing(before, photograph()) == {}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_write_the_same_price_at_once_one_is_told(here: Tenant, dora: Actor) -> None:
    with writing():
        product, on = goods(dora), catalogue(dora)
    found = at_once(here, *[lambda n=n: price(dora, product, on, str(100 + n)) for n in range(3)])
    assert sorted(found) == ["done", "exists_already", "exists_already"]
    with writing():
        assert Price.objects.count() == 1
