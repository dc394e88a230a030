"""Deals as other CRMs export them: stages and ends in their words."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from klientel.kernel.actions import run as act
from klientel.kernel.identity.actor import Actor
from klientel.kernel.transfer import assistant
from klientel.sales.models import Deal, Pipeline, Stage

pytestmark = pytest.mark.django_db
MAVEN = [
    ["opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date", "close_date", "close_value"],
    ["1C1I7A6R", "Moses Frase", "GTX Plus Basic", "Cancity", "Won", "2016-10-20", "2017-03-01", "1054"],
    ["EC4QE1BX", "Darcel Schlecht", "MG Special", "Cancity", "Lost", "2016-10-25", "2017-03-07", "0"],
    ["MV1LWRNH", "Moses Frase", "GTX Basic", "Codehow", "Engaging", "2016-10-25", "", ""],
    ["6EVNP2F5", "Moses Frase", "GTX Basic", "Codehow", "Prospecting", "", "", ""],
]
PIPEDRIVE = [
    ["Deal - Title", "Deal - Organization", "Deal - Value", "Deal - Currency", "Deal - Stage", "Deal - Status",
     "Deal - Won time", "Deal - Lost time", "Deal - Lost reason", "Deal - Expected close date"],
    ["A", "Acme", "100", "EUR", "Proposal Made", "Won", "2025-03-01 12:30:00", "", "", "2025-04-01"],
    ["B", "Acme", "200", "EUR", "Contact Made", "Lost", "", "2025-02-01 08:00:00", "Too expensive", ""],
    ["C", "Acme", "300", "EUR", "Negotiations Started", "Open", "", "", "", "2031-04-01"],
]  # fmt: skip
HUBSPOT = [
    ["Record ID", "Deal Name", "Deal Stage", "Close Date", "Amount", "Pipeline", "Associated Company"],
    ["1", "A", "Closed Won (Sales Pipeline)", "2025-03-01 10:00", "100", "Sales Pipeline", "Acme"],
    ["2", "B", "Closed lost", "2025-02-01 10:00", "200", "Sales Pipeline", "Acme"],
    ["3", "C", "Contract Sent", "2031-04-01 10:00", "300", "Sales Pipeline", "Acme"],
]
SALESFORCE = [
    ["Opportunity Name", "Account Name", "Stage", "Amount", "Close Date", "Lead Source"],
    ["A", "Acme", "Closed Won", "100", "01.03.2025", "Web"],
    ["B", "Acme", "Closed Lost", "200", "01.02.2025", "Web"],
    ["C", "Acme", "Negotiation/Review", "300", "01.04.2031", "Web"],
]
GERMAN = [
    ["Verkaufschance", "Firma", "Status", "Betrag", "Abschlussdatum"],
    ["A", "Acme", "gewonnen", "100,00 €", "01.03.2025"],
    ["B", "Acme", "Absage", "200,00 €", "01.02.2025"],
    ["C", "Acme", "Verhandlung", "300,00 €", "01.04.2031"],
]


@pytest.fixture(autouse=True)
def _files_elsewhere(settings: Any, tmp_path: Any) -> None:
    settings.KLIENTEL_FILES = tmp_path / "files"


@pytest.fixture(autouse=True)
def _usual(anna: Actor) -> None:
    act(anna, "sales.pipeline.begin")


def brought(anna: Actor, rows: list[list[str]]) -> Any:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return assistant.commit(assistant.start(anna, "sales.deal", io.BytesIO(text.getvalue().encode()), name="deals.csv"))


def landed() -> dict[str, tuple[str, str, str]]:
    """Name -> stage, state and the day it counts on."""
    stages = {one.pk: one.name for one in Stage.objects.all()}
    return {d.name: (stages[d.stage], d.state, str(d.counts_on or "")) for d in Deal.objects.all()}


def test_the_opportunities_set_lands_where_it_ended(anna: Actor) -> None:
    run = brought(anna, MAVEN)
    assert (run.state, run.counts["new"]) == ("done", 4)
    assert landed() == {
        "1C1I7A6R": ("Gewonnen", "won", "2017-03-01"),
        "EC4QE1BX": ("Verloren", "lost", "2017-03-07"),
        "MV1LWRNH": ("Bedarf geklärt", "open", ""),
        "6EVNP2F5": ("Qualifiziert", "open", ""),
    }


@pytest.mark.parametrize(
    ("rows", "stage"),
    [
        pytest.param(PIPEDRIVE, "Verhandlung", id="pipedrive"),
        pytest.param(HUBSPOT, "Verhandlung", id="hubspot"),
        pytest.param(SALESFORCE, "Verhandlung", id="salesforce"),
        pytest.param(GERMAN, "Verhandlung", id="german"),
    ],
)
def test_what_other_programs_call_won_and_lost_is_won_and_lost_on_its_day(
    anna: Actor, rows: list[list[str]], stage: str
) -> None:
    run = brought(anna, rows)
    assert (run.state, run.counts["new"]) == ("done", 3), run.mapping
    assert landed() == {
        "A": ("Gewonnen", "won", "2025-03-01"),
        "B": ("Verloren", "lost", "2025-02-01"),
        "C": (stage, "open", "2031-04-01"),
    }
    assert [d.value["amount"] for d in Deal.objects.order_by("name")] == ["100.00", "200.00", "300.00"]
    assert all(d.begun <= d.closed_at.date() for d in Deal.objects.exclude(closed_at=None))


def test_a_column_says_the_currency_of_the_amounts_beside_it(anna: Actor) -> None:
    rows = [["A", "1,234.50", "USD"], ["B", "99.50 CHF", "USD"], ["C", "7.25", ""]]
    brought(anna, [["Deal Name", "Amount", "Currency"], *rows])
    found = {d.name: (d.value["amount"], d.value["currency"]) for d in Deal.objects.all()}
    assert found == {"A": ("1234.50", "USD"), "B": ("99.50", "CHF"), "C": ("7.25", "EUR")}


def test_why_a_deal_was_lost_is_kept(anna: Actor) -> None:
    brought(anna, PIPEDRIVE)
    lost = Deal.objects.get(name="B")
    assert lost.reason is not None


def test_a_stage_is_looked_for_in_the_pipeline_of_its_row(anna: Actor) -> None:
    other = act(anna, "sales.pipeline.create", name="Renewals", position=5).record
    won = act(anna, "sales.stage.create", name="Won", pipeline=other.pk, position=9, outcome="won").record
    brought(anna, [["name", "pipeline", "stage"], ["A", "Renewals", "Won"], ["B", "Renewals", "Closed Won"]])
    assert {d.stage for d in Deal.objects.all()} == {won.pk}
    assert Pipeline.objects.get(pk=other.pk).name == "Renewals"


def test_a_word_that_nobody_knows_is_told_and_the_deal_begins_at_the_beginning(anna: Actor) -> None:
    run = brought(anna, [["name", "stage"], ["A", "Wibble"]])
    assert landed()["A"][:2] == ("Qualifiziert", "open")
    assert [one.code for one in assistant.outcomes(run)] == ["not_found"]


def test_what_words_mean_is_proposed_and_can_be_chosen_otherwise(client: Client, actor: Actor) -> None:
    stages = {one.name: one.pk for one in Stage.objects.all()}
    run = assistant.start(
        actor, "sales.deal", io.BytesIO(b"name,stage\nA,Closed Won\nB,Wibble\nC,Demo\n"), name="d.csv"
    )
    [told] = assistant.describe(run).meanings
    assert told.words == [("Closed Won", stages["Gewonnen"]), ("Wibble", None), ("Demo", stages["Bedarf geklärt"])]
    page = client.get(reverse("import", args=[run.pk])).content.decode()
    assert ">Wibble</label>" in page and f'<option value="{stages["Gewonnen"]}" selected>' in page
    words = [(word, str(chosen or "")) for word, chosen in told.words]
    client.post(reverse("import_mapping", args=[run.pk]), {
        "column-0": "name", "column-1": "stage", "meant-field": ["stage"] * 3, "meant-word": [w for w, _c in words],
        "meant-before": [c for _w, c in words],
        "meant-record": [words[0][1], str(stages["Verhandlung"]), str(stages["Qualifiziert"])],
    })  # fmt: skip
    run.refresh_from_db()
    assert run.options["means"] == {
        "stage": {"Wibble": str(stages["Verhandlung"]), "Demo": str(stages["Qualifiziert"])}
    }
    assistant.commit(run)
    assert {n: s for n, (s, *_rest) in landed().items()} == {"A": "Gewonnen", "C": "Qualifiziert"}
