"""Open items, revenue and the lists that ERPs export."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest

from klientel.insights.dashboards import asked, dashboard
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds.base import looking_at
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.making import make_member
from klientel.kernel.transfer import assistant
from klientel.sales.models import Invoice, Payment
from klientel.sales.queries import revenue
from klientel.sales.queries.owed import standing

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 6, 15)
ERP = """Rechnungsnr.;Rechnungsdatum;Fällig am;Kundennummer;Netto;MwSt;Brutto;Währung;Belegart;Bezahlt
R-1;01.05.2026;31.05.2026;K 4711;1.000,00;190,00;1.190,00;EUR;Rechnung;190,00
R-2;02.06.2026;30.06.2026;K4711;50,00;9,50;59,50;EUR;Rechnung;
R-3;03.06.2026;30.06.2026;DE 811 907 980;100,00;0,00;100,00;USD;Rechnung;
R-4;04.06.2026;04.06.2026;Muster GmbH;200,00;38,00;238,00;EUR;Gutschrift;
R-5;01.12.2025;31.12.2025;4711;10,00;1,90;11,90;EUR;Rechnung;11,90
"""


@pytest.fixture
def customer(anna: Actor) -> Any:
    values = {"name": "Muster GmbH", "customer_number": "K4711", "vat_id": "DE811907980"}
    address = {"street": "Weg 1", "postcode": "70173", "city": "Stuttgart", "country": "DE", "purpose": "work"}
    return run(anna, "contacts.organisation.create", **values, addresses=[address]).record


def imported(anna: Actor, key: str, text: str, **options: Any) -> Any:
    return assistant.commit(
        assistant.start(anna, key, io.BytesIO(text.encode("cp1252")), name="list.csv", options=options)
    )


def faults(run_: Any) -> list[tuple[int, str]]:
    return [(one.line, one.message) for one in assistant.outcomes(run_, limit=100)]


def open_now(number: str) -> tuple[str, str]:
    one = Invoice.objects.get(number=number)
    return one.open["amount"], one.state


def test_a_list_of_an_erp_is_read_as_it_is_and_a_second_time_changes_nothing(anna: Actor, customer: Any) -> None:
    first = imported(anna, "sales.invoice", ERP)
    assert first.counts.get("new") == 5, faults(first)
    made = {one.number: one for one in Invoice.objects.all()}
    assert made["R-1"].gross == {"amount": "1190.00", "currency": "EUR"}
    assert open_now("R-1") == ("1000.00", "partly") and open_now("R-5") == ("0.00", "paid")
    assert made["R-3"].gross == {"amount": "100.00", "currency": "USD"}
    assert (made["R-4"].sort, made["R-4"].gross["amount"]) == ("credit_note", "-238.00")
    assert [made[n].organisation for n in ("R-1", "R-2", "R-3", "R-4")] == [customer.pk] * 4
    again = imported(anna, "sales.invoice", ERP)
    assert again.counts.get("new", 0) == 0 and not again.counts.get("error")
    assert {one.number: one.version for one in Invoice.objects.all()} == dict.fromkeys(made, 1)
    imported(anna, "sales.invoice", ERP.replace("EUR;Rechnung;190,00", "EUR;Rechnung;1190,00"))
    assert open_now("R-1") == ("0.00", "paid")
    assert sorted(one.version for one in Invoice.objects.all()) == [1, 1, 1, 1, 2]


def test_a_list_of_payments_pays_and_pays_nothing_twice(anna: Actor, customer: Any) -> None:
    imported(anna, "sales.invoice", ERP)
    text = "Rechnungsnummer;Buchungsdatum;Betrag;Verwendungszweck\nR-2;10.06.2026;20,00;RG R-2\n"
    text += "R-2;11.06.2026;39,50;Rest\nR-99;11.06.2026;1,00;?\n"
    first = imported(anna, "sales.payment", text)
    assert first.counts.get("new") == 2 and first.counts.get("error") == 1, faults(first)
    imported(anna, "sales.payment", text)
    assert Payment.objects.count() == 2


def standing_of(actor: Actor, customer: Any) -> Any:
    with looking_at(TODAY):
        return standing(ActorScope(actor), customer.pk)


def test_open_items_of_a_customer_by_currency_with_the_lists_behind(anna: Actor, customer: Any) -> None:
    imported(anna, "sales.invoice", ERP)
    told = standing_of(anna, customer)
    assert [(o.currency, o.open, o.count, o.overdue, o.late, o.oldest) for o in told.owed] == [
        ("EUR", Decimal("821.50"), 3, Decimal("762.00"), 2, dt.date(2026, 5, 31)),
        ("USD", Decimal("100.00"), 1, Decimal(0), 0, None),
    ]
    assert [(y.year, y.net) for y in told.years] == [(2026, Decimal("850.00"))]
    assert told.apart == {"USD": Decimal("100.00")}
    assert "currency" in told.owed[0].url and told.owed[0].late_url != told.owed[0].url


def test_whoever_may_not_see_amounts_sees_none_in_sums_either(anna: Actor, cleo: Actor, customer: Any) -> None:
    imported(anna, "sales.invoice", ERP)
    organisations = {"record": "contacts.organisation", "verb": "view"}
    nobody = make_member("No", [organisations])
    assert standing_of(nobody, customer) is None
    blind = make_member(
        "Blind", [organisations, {"record": "sales.invoice", "verb": "view", "hidden": ["open", "net"]}]
    )
    assert standing_of(blind, customer) is None
    board = asked_of(blind)
    for draw in (revenue.by_product, revenue.by_region):
        with pytest.raises(Refused):
            draw(board)
    assert all(cells[0].value is None for _label, cells in revenue.by("organisation")(board).rows)
    half = make_member(
        "Half",
        [
            organisations,
            {"record": "sales.invoice", "verb": "view", "where": {"field": "number", "op": "is", "value": "R-2"}},
        ],
    )
    assert [o.open for o in standing_of(half, customer).owed] == [Decimal("59.50")]
    with inside(cleo.tenant):
        assert standing_of(cleo, customer).owed == []


def asked_of(actor: Actor) -> Any:
    scope = ActorScope(actor)
    return asked(scope, dashboard(scope, "revenue"), {"period": "all"})


def test_revenue_by_customer_product_and_region_adds_up(anna: Actor, customer: Any, behind: Any) -> None:
    imported(anna, "sales.invoice", ERP)
    run(
        anna,
        "sales.invoice.create",
        number="R-6",
        date="2026-06-01",
        gross="119",
        net="100",
        positions=[{"name": "Press", "quantity": "2", "price": "40"}, {"name": "Oil", "quantity": "1", "price": "20"}],
    )
    run(
        anna,
        "sales.invoice.create",
        number="R-7",
        date="2026-06-02",
        gross="-47.60",
        net="-40",
        positions=[{"name": "Press", "quantity": "1", "price": "40"}],
    )
    board = asked_of(anna)
    table = revenue.by("organisation")(board)
    assert [cells[0].value for _label, cells in table.rows] == [Decimal("850.00"), Decimal("60.00"), Decimal("10.00")]
    products = {label.text: cells[0].value for label, cells in revenue.by_product(board).rows}
    assert products == {"Press": Decimal("40.00"), "Oil": Decimal("20.00")}
    regions = [(label.text, cells[0].value) for label, cells in revenue.by_region(board).rows]
    assert (Decimal("850.00") in [v for _t, v in regions]) and any("70…" in t for t, _v in regions)
    for draw in (revenue.by_product, revenue.by_region):
        for label, cells in draw(board).rows:
            assert all(behind(anna, cell.url) == cells[-1].value for cell in cells), label.text
    assert revenue.owing(board).rows[0][1][0].value is not None
    assert sum(cells[0].value for _label, cells in revenue.by_time(board).rows) == table.foot[0].value


def test_every_number_opens_the_list_behind_it(anna: Actor, customer: Any) -> None:
    imported(anna, "sales.invoice", ERP)
    where = {
        "all": [
            {"field": "organisation", "op": "is", "value": str(customer.pk)},
            {"field": "open", "op": "currency", "value": "EUR"},
        ]
    }
    assert len(select(ActorScope(anna), type_of("sales.invoice"), where=where).rows) >= 3
