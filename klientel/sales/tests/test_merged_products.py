"""Products that stand in the lines of deals and quotes become one, and are taken apart again."""

from __future__ import annotations

from typing import Any

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.testing.photographs import differing, photograph
from klientel.sales.models import Deal


def world(anna: Actor) -> tuple[list[Any], Any]:
    """Three products, and a deal with a line of each."""
    some = [run(anna, "sales.product.create", name=f"Regal {n}", number=f"R-{n}").record for n in (1, 2, 3)]
    lines = [{"product": str(one.pk), "name": one.name, "quantity": "2", "price": "10"} for one in some]
    return some, run(anna, "sales.deal.create", name="Hochregal", positions=lines).record


def products(deal: Any) -> list[str]:
    return [line.get("product", "") for line in Deal.objects.get(pk=deal.pk).positions]


def test_lines_lead_to_the_one_that_stays_and_back_again(anna: Actor) -> None:
    (kept, second, third), deal = world(anna)
    before = photograph()
    run(anna, "sales.product.merge", kept.pk, records=[second.pk, third.pk])
    assert products(deal) == [str(kept.pk)] * 3
    run(anna, "sales.product.unmerge", kept.pk, records=[second.pk, third.pk])
    assert differing(before, photograph()) == {}


def test_one_of_two_taken_out_has_its_line_again(anna: Actor) -> None:
    (kept, second, third), deal = world(anna)
    before = photograph()
    run(anna, "sales.product.merge", kept.pk, records=[second.pk, third.pk])
    run(anna, "sales.product.unmerge", kept.pk, records=[third.pk])
    assert products(deal) == [str(kept.pk), str(kept.pk), str(third.pk)]
    run(anna, "sales.product.unmerge", kept.pk, records=[second.pk])
    assert differing(before, photograph()) == {}


def test_lines_that_changed_since_stay_and_are_told(anna: Actor) -> None:
    (kept, second, _third), deal = world(anna)
    run(anna, "sales.product.merge", kept.pk, records=[second.pk])
    lines = Deal.objects.get(pk=deal.pk).positions
    run(anna, "sales.deal.change", deal.pk, positions=[*lines, {"name": "Montage", "quantity": "1", "price": "68"}])
    done = run(anna, "sales.product.unmerge", kept.pk, records=[second.pk])
    assert products(deal)[:2] == [str(kept.pk)] * 2
    assert done.events[0].parameters["left"] == [
        {"record_type": "sales.deal", "record_id": str(deal.pk), "field": "positions"}
    ]
