"""Lists of deals, products, prices, tasks, calls and notes as other systems write them: columns find their fields."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.transfer import assistant
from klientel.sales.models import Deal, Price, Product
from klientel.sales.presets.imports import tax_named


@pytest.fixture(autouse=True)
def _files_elsewhere(settings: Any, tmp_path: Path) -> None:
    settings.KLIENTEL_FILES = tmp_path / "files"


def brought(anna: Actor, key: str, text: str) -> Any:
    return assistant.start(anna, key, io.BytesIO(text.encode()), name="list.csv")


@pytest.mark.parametrize(
    ("key", "head", "paths"),
    [
        ("sales.deal", "Verkaufschance;Firma;Wert;Phase;Ansprechpartner;Abschluss erwartet;Zuständig",
         ["name", "organisation", "value", "stage", "person", "expected_close", "owner"]),
        ("sales.deal", "opportunity_id;sales_agent;account;deal_stage;engage_date;close_date;close_value",
         ["name", "owner", "organisation", "stage", "begun", "expected_close", "value"]),
        ("sales.product", "Artikelnummer;Bezeichnung;Einheit;Preis;EK;Steuersatz",
         ["number", "name", "unit", "price", "cost", "tax"]),
        ("sales.price", "Preisliste;Artikelnummer;Preis;ab Menge", ["price_list", "product", "price", "from_quantity"]),
        ("work.task", "Aufgabe;Fällig am;Priorität;Betrifft;Zuständig;Status",
         ["subject", "due", "priority", "concerns", "owner", "state"]),
        ("work.call", "Betreff;Datum;Dauer;Ergebnis;Kontakt", ["subject", "at", "minutes", "result", "concerns"]),
        ("work.note", "Notiz;Betrifft", ["text", "concerns"]),
        ("work.note", "Note;Company", ["text", "concerns"]),
    ],
)  # fmt: skip
def test_columns_lead_where_they_belong(anna: Actor, key: str, head: str, paths: list[str]) -> None:
    columns = head.split(";")
    found = brought(anna, key, f"{head}\n{';'.join('1' for _ in columns)}\n")
    assert [found.mapping.get(column, "") for column in columns] == paths


def test_deals_find_their_customer_and_make_those_that_are_new(anna: Actor) -> None:
    run(anna, "contacts.organisation.create", name="Adler AG", customer_number="K-77")
    done = assistant.commit(
        brought(anna, "sales.deal", "Verkaufschance;Kunde;Wert\nHalle 3;K-77;1.200,00 €\nAnbau;Neu GmbH;5\n")
    )
    assert done.counts == {"new": 2, "made:contacts.organisation": 1}
    assert Deal.objects.get(name="Halle 3").value == {"amount": "1200.00", "currency": "EUR"}


def test_products_are_told_by_their_number_and_prices_lead_to_them(anna: Actor) -> None:
    run(anna, "sales.pricelist.create", name="Großhandel", currency="EUR")
    for _again in (1, 2):
        done = assistant.commit(brought(anna, "sales.product", "Artikelnummer;Bezeichnung;Steuersatz\nR-1;Regal;7 %\n"))
    assert (done.counts, Product.objects.get().tax) == ({"unchanged": 1}, "reduced")
    done = assistant.commit(
        brought(anna, "sales.price", "Preisliste;Artikelnummer;Preis;ab Menge\nGroßhandel;R-1;8,50;10\n")
    )
    assert (done.counts, Price.objects.get().product) == ({"new": 1}, Product.objects.get().pk)


@pytest.mark.parametrize(
    ("text", "tax"),
    [("19 %", "standard"), ("20", "standard"), ("0.19", "standard"), ("8,1 %", "standard"), ("7", "reduced"),
     ("0 %", "zero"), ("steuerfrei", "steuerfrei")],
)  # fmt: skip
def test_a_rate_says_which_tax_it_is(text: str, tax: str) -> None:
    assert tax_named(text) == tax
