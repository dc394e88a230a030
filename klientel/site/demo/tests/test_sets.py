"""Data of others loads with one command, and the dashboards say of it what the raw files say, added up by hand."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from klientel.insights.dashboards import asked, dashboard
from klientel.kernel import events
from klientel.kernel.access import ActorScope, system_actor
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy.models import Tenant
from klientel.sales.jobs.stay import keep_stays
from klientel.sales.models import Deal, Order
from klientel.site.demo import UnknownSet, bring, logins
from klientel.site.demo.shops import values_of

pytestmark = pytest.mark.django_db
DATA = Path(__file__).resolve().parents[5] / "shared" / "data"
CENT = Decimal("0.01")


@pytest.fixture(autouse=True)
def no_file(tmp_path: Path, settings: Any) -> None:
    """Passwords are not written beside those of the developer's own demo."""
    settings.KLIENTEL_HOME = tmp_path


def folder(name: str) -> Path:
    found = DATA / name
    if not found.exists():
        pytest.skip(f"the sample data {name} is not on this machine")
    return found


def figure(board: str, key: str, **query: str) -> Any:
    scope = ActorScope(system_actor())
    chosen = dashboard(scope, board)
    with translation.override("en"):
        return next(f for f in chosen.figures if f.key == key).draw(asked(scope, chosen, query))


def told(found: Any) -> dict[str, dict[str, Any]]:
    return {
        label.text: {c.label: x.value for c, x in zip(found.columns, cells, strict=True)} for label, cells in found.rows
    }


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_the_dashboards_of_the_opportunities_say_what_the_raw_file_says() -> None:
    path = folder("crm_maven_sales")
    raw = read(path / "sales_pipeline.csv")
    found = bring(path)
    assert found["made"]["sales.deal"] == len(raw) == 8800
    with working_in(Tenant.objects.get(slug=found["workspace"]).pk):
        assert set(Deal.objects.exclude(value=None).values_list("value__currency", flat=True)) == {"USD"}
        _won_by_month(raw)
        _by_person(raw)
        _by_industry(raw, read(path / "accounts.csv"))
        _cycle(raw)
        _funnel(raw)
    with pytest.raises(UnknownSet):
        bring(path)
    assert [one["about"] for one in logins.known()]


def _won_by_month(raw: list[dict[str, str]]) -> None:
    won: dict[str, Decimal] = defaultdict(Decimal)
    number: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in raw:
        if row["deal_stage"] in ("Won", "Lost"):
            month = row["close_date"][:7]
            won[month] += Decimal(row["close_value"] or 0) if row["deal_stage"] == "Won" else 0
            number[month][row["deal_stage"] == "Lost"] += 1
    cells = figure("sales", "won", period="2017").rows
    expected = [(won[m], *number[m]) for m in sorted(number)]
    assert len(expected) == 10
    assert [(c[0].value, c[2].value, c[3].value) for _label, c in cells if c[2].value] == expected


def _by_person(raw: list[dict[str, str]]) -> None:
    number: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in raw:
        if row["deal_stage"] in ("Won", "Lost"):
            number[row["sales_agent"]][row["deal_stage"] == "Lost"] += 1
    found = told(figure("sales", "by-person", period="2017"))
    assert len(found) == 25  # the most frequent of 30
    for name, row in found.items():
        won, lost = number[name]
        rate = (Decimal(won) * 100 / (won + lost)).quantize(Decimal("0.1"), ROUND_HALF_UP)
        assert (row["Number won"], row["Number lost"], row["Win rate"]) == (won, lost, rate), name


def _by_industry(raw: list[dict[str, str]], accounts: list[dict[str, str]]) -> None:
    sector = {row["account"]: row["sector"] for row in accounts}
    medical = [r for r in raw if sector.get(r["account"]) == "medical" and r["deal_stage"] == "Won"]
    without = [r for r in raw if not r["account"] and r["deal_stage"] in ("Won", "Lost")]
    found = told(figure("sales", "by-industry", period="2017"))
    assert found["Health and social care"]["Number won"] == len(medical)
    assert found["Health and social care"]["Won"] == sum(Decimal(r["close_value"]) for r in medical)
    assert sum(row["Number won"] for row in found.values()) == 4238
    assert ("not given" in found) == bool(without)


def _cycle(raw: list[dict[str, str]]) -> None:
    march = [
        (_day(r["close_date"]) - _day(r["engage_date"])).days
        for r in raw
        if r["deal_stage"] == "Won" and r["close_date"].startswith("2017-03")
    ]
    mean = (Decimal(sum(march)) / len(march)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    rows = figure("sales", "cycle", period="2017-03-01..2017-03-31").rows
    assert [(c[0].value, c[1].value) for _label, c in rows] == [(mean, len(march))]


def _funnel(raw: list[dict[str, str]]) -> None:
    last = Sql("TRUE")
    while some := events.read(last, order="e.id", limit=5000):
        keep_stays(some)
        last = Sql("e.id > %s", (some[-1].id,))
    found = told(figure("sales", "funnel", period="all"))
    stages = [row["deal_stage"] for row in raw]
    assert found["Prospecting"]["Reached"] == 8800
    assert found["Engaging"]["Reached"] == 8800 - stages.count("Prospecting")
    assert found["Won"]["Reached"] == stages.count("Won")
    assert found["Engaging"]["Here now"] == stages.count("Engaging")
    spent = [
        (_day(r["close_date"]) - _day(r["engage_date"])).days
        for r in raw
        if r["close_date"] and r["deal_stage"] in ("Won", "Lost")
    ]
    mean = Decimal(sum(spent)) / len(spent)
    assert abs(found["Engaging"]["Mean time there"] - mean) < Decimal("0.1")


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def test_the_orders_of_a_dump_come_to_what_its_lines_come_to_added_up_by_hand() -> None:
    """A discount is an amount of its own, rounded to the cent before the line is."""
    path = folder("sales_northwind")
    raw = next(path.glob("*.sql")).read_text(encoding="utf-8")
    total, orders = Decimal(0), set()
    sold: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0), Decimal(0)])
    baskets: dict[str, set[str]] = defaultdict(set)
    for line in re.findall(r"INSERT INTO order_details VALUES \(([^)]*)\);", raw):
        order, product, price, quantity, discount = (part.strip() for part in line.split(","))
        share = Decimal(discount).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        gross = Decimal(price).quantize(Decimal("0.0001"), ROUND_HALF_UP) * Decimal(quantity)
        net = (gross - (gross * share).quantize(CENT, ROUND_HALF_UP)).quantize(CENT, ROUND_HALF_UP)
        total += net
        orders.add(order)
        baskets[order].add(product)
        sold[product] = [a + b for a, b in zip(sold[product], (net, Decimal(quantity), Decimal(1)), strict=True)]
    found = bring(path)
    assert found["made"]["sales.order"] == len(orders) == 830
    with working_in(Tenant.objects.get(slug=found["workspace"]).pk):
        assert sum(Decimal(one.net["amount"]) for one in Order.objects.all()) == total
        products = {key: name for key, name in _names(raw).items() if key in sold}
        _what_sells({products[key]: some for key, some in sold.items()}, total)
        _bought_together([{products[key] for key in some} for some in baskets.values()])


def _names(raw: str) -> dict[str, str]:
    found = re.findall(r"INSERT INTO products VALUES \((\d+), '((?:[^']|'')*)'", raw)
    return {key: name.replace("''", "'") for key, name in found}


def _what_sells(sold: dict[str, list[Decimal]], total: Decimal) -> None:
    best = figure("products", "best", period="all").rows
    assert len(sold) == 77 and len(best) == 25  # the most of them
    for label, (net, share, quantity, n) in best:
        assert [net.value, quantity.value, n.value] == sold[label.text], label.text
        assert share.value == (sold[label.text][0] * 100 / total).quantize(Decimal("0.1"), ROUND_HALF_UP)
    order = sorted(sold, key=lambda name: -sold[name][0])
    assert [label.text for label, _cells in best] == order[:25]
    slow = figure("products", "slow", period="all").rows
    assert [(label.text, cells[0].value) for label, cells in slow] == [(n, sold[n][0]) for n in order[:-26:-1]]


def _bought_together(baskets: list[set[str]]) -> None:
    pairs = Counter(frozenset(two) for some in baskets for two in combinations(sorted(some), 2))
    singles = Counter(one for some in baskets for one in some)
    rows = figure("products", "together", period="all").rows
    assert [cells[0].value for _label, cells in rows] == sorted(pairs.values(), reverse=True)[: len(rows)]
    for label, cells in rows:
        one, other = label.text.split(" + ")
        n = pairs[frozenset((one, other))]
        shares = [(Decimal(n) * 100 / singles[x]).quantize(Decimal("0.1"), ROUND_HALF_UP) for x in (one, other)]
        assert [c.value for c in cells] == [n, *shares], label.text


def test_a_wide_table_of_order_lines_becomes_orders(tmp_path: Path) -> None:
    """Sales are what a line was sold for; a name that a product has later does not make it another one."""
    lines = (
        "Order ID,Order Date,Customer ID,Customer Name,Country,City,State,Postal Code,Product ID,Product Name,Sales,"
        "Quantity",
        'A-1,11/8/2018,C1,Claire Gute,United States,Henderson,Kentucky,42420,P1,"Chair, 24""",261.96,2',
        "A-1,11/8/2018,C1,Claire Gute,United States,Henderson,Kentucky,42420,P2,Desk,10,3",
        "A-2,1/31/2019,C1,Claire Gute,United States,Henderson,Kentucky,42420,P1,Chair,130.98,1",
    )
    (tmp_path / "Shop.csv").write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    found = bring(tmp_path)
    assert found["made"] == {"contacts.organisation": 1, "sales.product": 2, "sales.order": 2}
    with working_in(Tenant.objects.get(slug=found["workspace"]).pk):
        assert [(o.number, o.date, o.net["amount"]) for o in Order.objects.order_by("number")] == [
            ("A-1", dt.date(2018, 11, 8), "271.96"),
            ("A-2", dt.date(2019, 1, 31), "130.98"),
        ]
        best = figure("products", "best", period="all").rows
        assert [(cells[0].value, cells[2].value) for _label, cells in best] == [(Decimal("392.94"), 3), (10, 3)]


def test_a_store_in_json_comes_to_what_its_lines_come_to() -> None:
    path = folder("sales_chinook")
    raw = json.loads((path / "ChinookData.json").read_text(encoding="utf-8"))
    by_year: dict[str, Decimal] = defaultdict(Decimal)
    for one in raw["Invoice"]:
        by_year[one["InvoiceDate"][:4]] += Decimal(str(one["Total"]))
    sold: dict[int, Decimal] = defaultdict(Decimal)
    for one in raw["InvoiceLine"]:
        sold[one["TrackId"]] += Decimal(str(one["UnitPrice"])) * one["Quantity"]
    found = bring(path)
    assert found["made"] == {
        "contacts.organisation": len(raw["Customer"]), "sales.product": len(sold), "sales.order": len(raw["Invoice"]),
    }  # fmt: skip
    with working_in(Tenant.objects.get(slug=found["workspace"]).pk):
        ours: dict[str, Decimal] = defaultdict(Decimal)
        for order in Order.objects.all():
            ours[str(order.date.year)] += Decimal(order.net["amount"])
        assert ours == by_year
        best = figure("products", "best", period="all").rows
        assert [cells[0].value for _label, cells in best] == sorted(sold.values(), reverse=True)[: len(best)]


def test_transactions_of_customers_become_orders_that_come_to_their_amounts(tmp_path: Path) -> None:
    rows = (folder("sales_cdnow") / "CDNOW_sample.txt").read_text().splitlines()[:150]
    (tmp_path / "CDNOW.txt").write_text("\r\n".join(rows))
    bought = [row.split() for row in rows]
    found = bring(tmp_path)
    assert found["made"]["contacts.organisation"] == len({one[0] for one in bought})
    with working_in(Tenant.objects.get(slug=found["workspace"]).pk):
        assert [(f"{o.date:%Y%m%d}", o.net["amount"]) for o in Order.objects.order_by("number")] == [
            (one[2], f"{Decimal(one[4]):.2f}")
            for _n, one in sorted((str(n), one) for n, one in enumerate(bought, 1))
        ]  # fmt: skip


def test_a_dump_is_read_by_its_values() -> None:
    assert values_of("10248, 'L''Abbaye, 5', NULL, 32.38, ''") == ["10248", "L'Abbaye, 5", "", "32.38", ""]


def test_a_folder_without_a_known_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnknownSet, match="no file"):
        bring(tmp_path)
