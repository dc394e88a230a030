"""Two versions side by side: what was added, removed and changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.web.tests.conftest import at_browser
from klientel.sales.models import Quote
from klientel.sales.queries import comparing
from klientel.sales.tests.test_quote import again, quote

pytestmark = pytest.mark.django_db
OLD = [
    {"role": "section", "name": "Machine"},
    {"name": "Press", "quantity": "2", "price": "1000"},
    {"name": "Manual", "quantity": "1", "price": "50"},
    {"name": "Delivery", "quantity": "1", "price": "100"},
]
NEW = [
    {"role": "section", "name": "Machine"},
    {"name": "Press", "quantity": "3", "price": "1000", "discount": "5"},
    {"name": "Delivery", "quantity": "1", "price": "100"},
    {"name": "Training", "quantity": "1", "price": "500"},
]


@pytest.fixture
def two(actor: Actor) -> tuple[Quote, Quote]:
    first = quote(actor, positions=OLD, terms="Payable within 14 days. No discount.")
    run(actor, "sales.quote.send", first.pk)
    run(actor, "sales.quote.revise", first.pk)
    second = Quote.objects.get(replaces=first.pk)
    run(actor, "sales.quote.change", second.pk, positions=NEW, terms="Payable within 30 days. No discount.")
    return again(first), again(second)


def test_lines_are_matched_and_what_differs_is_named(two: tuple[Quote, Quote]) -> None:
    rows = comparing.lines(*two, "en")
    assert [(row.what, (row.after or row.before or {})["name"]) for row in rows] == [
        ("changed", "Machine"),
        ("changed", "Press"),
        ("removed", "Manual"),
        ("same", "Delivery"),
        ("added", "Training"),
    ]
    assert rows[1].changed == {"quantity", "discount", "net"}


def test_sums_and_words_of_texts_are_compared(two: tuple[Quote, Quote]) -> None:
    net = next(one for one in comparing.sums(*two, "en") if one.label == "Net")
    assert (net.before, net.after, net.differs) == ("€2,150.00", "€3,450.00", True)
    terms = comparing.texts(*two, {"terms": type("T", (), {"verbose_name": "terms"})})[0]
    assert [part for part in terms.parts if part[0] != "same"] == [("removed", "14"), ("added", "30")]


def test_the_page_shows_both_and_offers_only_what_one_sees(
    client: Client, two: tuple[Quote, Quote], tenant: Tenant
) -> None:
    first, second = two
    at = reverse("quote_versions", args=[second.pk])
    page = client.get(at).content.decode()
    assert "added" in page and "left out" in page and "<del>14</del>" in page and "<ins>30</ins>" in page
    assert client.get(at, {"with": str(first.pk)}).status_code == 200
    assert client.get(at, {"with": "x"}).status_code == 404
    blind = [{"record": "sales.quote", "verb": "view", "where": {"field": "revision", "op": "is", "value": 2}}]
    half, _who = at_browser(tenant, "Half", blind)
    assert "one version only" in half.get(at).content.decode()
    assert half.get(at, {"with": str(first.pk)}).status_code == 404
    assert half.get(reverse("quote_versions", args=[first.pk])).status_code == 404


def test_renamed_lines_count_as_changed_and_others_do_not(actor: Actor) -> None:
    line: dict[str, Any] = {"quantity": "1", "price": "10"}
    a = quote(actor, positions=[{"name": "Press 100", **line}, {"name": "Oil", **line}])
    b = quote(actor, positions=[{"name": "Press 200", **line}, {"name": "Filters, a set of ten", **line}])
    assert [row.what for row in comparing.lines(a, b, "en")] == ["changed", "removed", "added"]
