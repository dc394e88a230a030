"""The page of a quote's lines as a browser without scripts and as the script use it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.sales.models import Quote
from klientel.sales.tests.test_quote import LINES, again, quote

pytestmark = pytest.mark.django_db
FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}


def page(made: Quote) -> str:
    return reverse("quote_lines", args=[made.pk])


def sent(*rows: dict[str, str], **more: str) -> dict[str, str]:
    return more | {f"line-{n}-{part}": value for n, row in enumerate(rows) for part, value in row.items()}


def test_lines_are_saved_in_the_order_of_their_places(client: Client, actor: Actor) -> None:
    made = quote(actor, positions=[])
    rows = ({"name": "B", "place": "20", "quantity": "1", "price": "1,234.50"}, {"name": "A", "place": "10"}, {})
    answer = client.post(page(made), sent(*rows, save="1", discount="2.5", version=str(made.version)))
    assert answer.status_code == 302
    assert [one["name"] for one in again(made).positions] == ["A", "B"]
    assert again(made).gross["amount"] == "1432.33"


def test_nothing_is_kept_where_a_line_is_wrong_and_nothing_typed_is_lost(client: Client, actor: Actor) -> None:
    made = quote(actor)
    answer = client.post(page(made), sent({"name": "Odd", "quantity": "three", "price": "7"}, save="1"))
    html = answer.content.decode()
    assert answer.status_code == 422 and "Line 1: Please enter a number." in html
    assert 'value="three"' in html and 'value="Odd"' in html
    assert again(made).positions == made.positions


@pytest.mark.parametrize(
    ("taxes", "told"),
    [
        (("standard", "none"), True),
        (("reverse", "none"), True),
        (("none", "none"), False),
        (("standard", "zero"), False),
    ],
)
def test_taxable_beside_not_taxable_is_explained_while_writing_and_on_the_quote(
    client: Client, actor: Actor, taxes: tuple[str, str], told: bool
) -> None:
    made = quote(actor, positions=[])
    rows = [{"name": tax, "quantity": "1", "price": "10", "tax": tax} for tax in taxes]
    said = "an e-invoice may not (EN 16931, BR-O-11)"
    live = client.post(page(made), sent(*rows), **FETCH).json()
    assert (said in live["sums"]) is told
    assert client.post(page(made), sent(*rows, save="1")).status_code == 302
    for address in (page(made), f"/quotes/{made.pk}/"):
        assert (said in client.get(address).content.decode()) is told


@pytest.mark.parametrize(
    ("typed", "sign"), [("€1,234.50", "1234.50"), ("1,234.5 EUR", "1234.50"), ("1,234 €", "1234.00")]
)
def test_a_price_may_say_the_currency_of_the_quote(client: Client, actor: Actor, typed: str, sign: str) -> None:
    made = quote(actor, positions=[])
    row = {"name": "Press", "quantity": "1", "price": typed, "tax": "zero"}
    assert client.post(page(made), sent(row, save="1")).status_code == 302
    assert again(made).net == {"amount": sign, "currency": "EUR"}


def test_a_price_in_another_currency_is_refused_at_its_line(client: Client, actor: Actor) -> None:
    made = quote(actor)
    answer = client.post(page(made), sent({"name": "Press", "quantity": "1", "price": "1,234.50 CHF"}, save="1"))
    html = answer.content.decode()
    assert answer.status_code == 422 and "The price is in CHF, the quote in EUR" in html
    assert again(made).positions == made.positions


def test_somebody_elses_change_is_not_overwritten(client: Client, actor: Actor) -> None:
    made = quote(actor)
    run(actor, "sales.quote.change", made.pk, name="Changed meanwhile")
    answer = client.post(page(made), sent({"name": "Mine"}, save="1", version=str(made.version)))
    assert answer.status_code == 409 and 'value="Mine"' in answer.content.decode()
    assert again(made).positions == made.positions


def test_a_product_fills_its_line_in_the_language_of_the_quote_and_a_typed_price_stays(
    client: Client, actor: Actor
) -> None:
    usual = run(actor, "sales.pricelist.create", name="Usual", currency="EUR").record
    press = run(
        actor, "sales.product.create", name="Presse", name_en="Press", unit="pcs", tax="reduced",
        price={"amount": "100", "currency": "EUR"},
    ).record  # fmt: skip
    run(actor, "sales.price.create", price_list=usual.id, product=press.id, from_quantity="10", price="90")
    made = quote(actor, positions=[], language="en")

    def live(**row: str) -> dict[str, Any]:
        answer = client.post(page(made), sent({"product": str(press.id), **row}), **FETCH).json()
        assert answer["errors"] == {}
        return {**answer["rows"]["0"], "net": answer["nets"]["0"]}

    first = live()
    assert (first["name"], first["unit"], first["tax"], first["quantity"]) == ("Press", "pcs", "reduced", "1")
    assert (first["price"], first["net"]) == ("100.00", "€100.00")
    known = {"filled": str(press.id), "name": "Press"}
    assert live(**known, quantity="10", price="100.00", auto="100.00")["price"] == "90.00"
    assert live(**known, quantity="10", price="95", auto="100.00")["net"] == "€950.00"
    assert again(made).positions == []


def test_what_is_wrong_is_told_to_the_script_by_the_name_of_the_input(client: Client, actor: Actor) -> None:
    made = quote(actor)
    rows = ({"role": "section", "name": "S"}, {}, {"name": "A", "quantity": "1", "price": "5", "discount": "101"})
    answer = client.post(page(made), sent(*rows), **FETCH).json()
    assert list(answer["errors"]) == ["line-2-discount"] and answer["nets"] == {}


def test_only_a_draft_has_the_page_and_only_for_its_tenant(client: Client, actor: Actor) -> None:
    made = quote(actor)
    run(actor, "sales.quote.send", made.pk)
    assert client.get(page(made)).status_code == 302
    assert client.post(page(made), sent({"name": "X"}, save="1")).status_code == 302
    assert again(made).positions == made.positions
    missing = reverse("quote_lines", args=["01a20503-80d7-702d-a3e0-ad17c82ff23c"])
    assert client.get(missing).status_code == 404


def test_the_page_costs_the_same_for_few_and_many_lines(client: Client, actor: Actor) -> None:
    def cost(n: int) -> int:
        made = quote(actor, positions=LINES[:1] + LINES[1:2] * n)
        client.get(page(made))
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(page(made)).status_code == 200
        return len(found)

    assert cost(2) == cost(40)


def test_sums_stand_on_the_page_of_the_quote(client: Client, actor: Actor) -> None:
    made = quote(actor, discount="5")
    html = client.get(reverse("record", args=["quotes", made.pk])).content.decode()
    assert "€2,085.62" in html and "VAT 19% on €1,710.00" in html and "(€500.00)" in html


def test_quote_forms_are_found_in_the_settings(client: Client, actor: Actor) -> None:
    assert reverse("list", args=["quote-forms"]) in client.get(reverse("settings")).content.decode()


def bundle(actor: Actor, way: str, **more: Any) -> Any:
    """A starter kit of two frames at 100 and eight hours at 60.50."""
    eur = {"currency": "EUR"}
    kit = run(actor, "sales.product.create", name="Kit", bundle=way, **more).record
    for name, price, n in (("Frame", "100", "2"), ("Hour", "60.5", "8")):
        part = run(actor, "sales.product.create", name=name, price={"amount": price, **eur}).record
        run(actor, "sales.part.create", bundle=str(kit.pk), product=str(part.pk), quantity=n)
    return kit


def test_a_bundle_costs_what_its_parts_cost_and_unfolds_into_them(client: Client, actor: Actor) -> None:
    made, kit = quote(actor, positions=[]), bundle(actor, "summed")
    row = {"product": str(kit.pk), "filled": "", "quantity": "3"}
    told = client.post(page(made), sent(row), **FETCH).json()
    assert (told["rows"]["0"]["name"], told["rows"]["0"]["price"], told["nets"]["0"]) == ("Kit", "684.00", "€2,052.00")
    html = client.post(page(made), sent({**row, "filled": str(kit.pk), "name": "Kit"}, unfold="0")).content.decode()
    assert 'value="Frame"' in html and 'value="24"' in html and "€2,052.00" in html
    rows = (
        {"role": "section", "name": "Kit"},
        {"name": "Frame", "quantity": "6", "price": "100"},
        {"name": "Hour", "quantity": "24", "price": "60.5"},
    )
    client.post(page(made), sent(*rows, save="1", version=str(made.version)))
    assert again(made).net["amount"] == "2052.00"


def test_a_bundle_of_its_own_price_keeps_it_and_says_what_it_holds(client: Client, actor: Actor) -> None:
    made = quote(actor, positions=[])
    kit = bundle(actor, "fixed", price={"amount": "500", "currency": "EUR"})
    row = {"product": str(kit.pk), "filled": "", "quantity": "1"}
    html = client.post(page(made), sent(row, unfold="0")).content.decode()
    assert "2 × Frame\n8 × Hour" in html and 'value="500.00"' in html


def test_a_bundle_with_a_part_without_price_has_none(client: Client, actor: Actor) -> None:
    made, kit = quote(actor, positions=[]), bundle(actor, "summed")
    bare = run(actor, "sales.product.create", name="Unpriced").record
    run(actor, "sales.part.create", bundle=str(kit.pk), product=str(bare.pk), quantity="1")
    told = client.post(page(made), sent({"product": str(kit.pk), "filled": "", "quantity": "1"}), **FETCH).json()
    assert told["rows"]["0"]["price"] == ""
