"""Orders with their lines in one file, as shops and ERPs export them."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from klientel.kernel.actions import run as act
from klientel.kernel.identity.actor import Actor
from klientel.kernel.transfer import assistant, lining, preview
from klientel.sales.models import Order, Product

pytestmark = pytest.mark.django_db
DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
HEAD = ["Bestellnummer", "Datum", "Kunde", "Artikelnummer", "Artikelbezeichnung", "Menge", "Einzelpreis", "MwSt-Satz"]
ROWS = [
    ["B-1", "3.2.2026", "Bergmann GmbH", "P-1", "Presse", "2", "1.000,00 €", "19"],
    ["B-2", "4.2.2026", "Adler AG", "P-2", "Anleitung", "1", "49,90", "7 %"],
    ["B-1", "3.2.2026", "Bergmann GmbH", "P-2", "Anleitung", "3", "49,90", "7"],
]


@pytest.fixture(autouse=True)
def _files_elsewhere(settings: Any, tmp_path: Path) -> None:
    settings.KLIENTEL_FILES = tmp_path / "files"


def table(rows: list[list[str]], delimiter: str = ";") -> io.BytesIO:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return io.BytesIO(text.getvalue().encode())


def brought(anna: Actor, rows: list[list[str]], rtype: str = "sales.order") -> Any:
    return assistant.commit(assistant.start(anna, rtype, table(rows), name="orders.csv"))


def lines(number: str) -> list[tuple[str, str, str, str]]:
    found = Order.objects.get(number=number).positions
    return [(one["name"], one["quantity"], one["price"], one["rate"]) for one in found]


def test_rows_of_one_order_are_its_lines_wherever_they_stand(anna: Actor) -> None:
    run = brought(anna, [HEAD, *ROWS])
    assert run.mapping == {
        "Bestellnummer": "number", "Datum": "date", "Kunde": "organisation", "Artikelnummer": "positions.number",
        "Artikelbezeichnung": "positions.name", "Menge": "positions.quantity", "Einzelpreis": "positions.price",
        "MwSt-Satz": "positions.tax",
    }  # fmt: skip
    assert (run.state, run.counts) == ("done", {"new": 2, "made:contacts.organisation": 2})
    assert lines("B-1") == [("Presse", "2", "1000", "19"), ("Anleitung", "3", "49.9", "7")]
    assert lines("B-2") == [("Anleitung", "1", "49.9", "7")]
    assert Order.objects.get(number="B-1").gross["amount"] == "2540.18"  # 2000 * 1.19 + 149.70 * 1.07


def test_brought_again_with_a_line_more_the_order_is_brought_up_to_date(anna: Actor) -> None:
    brought(anna, [HEAD, *ROWS])
    run = brought(anna, [HEAD, *ROWS, ["B-2", "", "", "", "Fracht", "1", "9", "19"]])
    assert run.counts == {"unchanged": 1, "updated": 1}
    assert [name for name, *_rest in lines("B-2")] == ["Anleitung", "Fracht"]


def test_a_number_that_stands_in_the_first_row_only_holds_for_those_below(anna: Actor) -> None:
    run = brought(anna, [HEAD, ROWS[0], ["", "", "", "", "Fracht", "1", "9", "19"], ROWS[1]])
    assert run.counts["new"] == 2 and [name for name, *_rest in lines("B-1")] == ["Presse", "Fracht"]


def test_a_line_that_cannot_be_read_refuses_its_order_and_no_other(anna: Actor) -> None:
    wrong = ["B-1", "3.2.2026", "Bergmann GmbH", "", "Fracht", "-1", "acht", ""]
    run = assistant.start(anna, "sales.order", table([HEAD, *ROWS, wrong]), name="orders.csv")
    report = assistant.check(run)
    assert [(row.line, row.state) for row in report.rows] == [(3, "new"), (5, "error")]
    [fault] = report.rows[1].told
    assert (fault["field"], fault["code"], fault["column"]) == ("positions.2.price", "not_a_number", "Einzelpreis")
    assert "acht" in fault["message"]
    texts = report.rows[1].cells[6].split("\n")
    assert texts == ["1.000,00 €", "49,90", "acht"]
    again = preview.correct(run, 5, {6: "1.000,00 €\r\n49,90\r\n8"})
    assert [fault["code"] for fault in again.told] == ["price.negative_quantity"]
    preview.correct(run, 5, {5: "2\n3\n1"})
    assistant.commit(run)
    assert lines("B-1")[2] == ("Fracht", "1", "8", "19")


def test_rows_that_say_different_things_of_one_order_are_told(anna: Actor) -> None:
    run = brought(anna, [HEAD, ROWS[0], ["B-1", "3.2.2026", "Adler AG", "", "Fracht", "1", "9", "19"]])
    [told] = assistant.outcomes(run)
    assert (told.state, told.code) == ("warning", "row.differs") and "Adler AG" in told.message


def test_an_article_number_leads_to_the_only_product_that_has_it(anna: Actor) -> None:
    press = act(anna, "sales.product.create", name="Press", number="P-1").record
    for name in ("Manual", "Handbook"):
        act(anna, "sales.product.create", name=name, number="P-2")
    brought(anna, [HEAD, *ROWS])
    assert [one.get("product") for one in Order.objects.get(number="B-1").positions] == [str(press.pk), None]


def test_what_the_whole_line_comes_to_is_shared_by_its_quantity(anna: Actor) -> None:
    head = ["Order ID", "Order Date", "Customer", "Product Name", "Quantity", "Sales", "Tax rate"]
    brought(anna, [head, ["7", "2026-02-03", "Bergmann", "Chair", "3", "100.00", "0"]])
    order = Order.objects.get(number="7")
    assert (order.net["amount"], order.gross["amount"]) == ("100.00", "100.00")


def test_the_error_file_of_orders_can_be_imported_as_it_is(anna: Actor) -> None:
    run = assistant.start(anna, "sales.order", table([HEAD, ROWS[0], ["B-1", *ROWS[0][1:6], "acht", ""]]), name="o.csv")
    assistant.commit(run)
    text = b"".join(assistant.error_file(run)).decode("utf-8-sig").replace("acht", "8")
    run = assistant.start(anna, "sales.order", io.BytesIO(text.encode()), name="o.csv")
    assert assistant.commit(run).counts["new"] == 1 and len(lines("B-1")) == 2


def test_a_whole_shop_comes_in_by_the_import_and_adds_up_to_what_its_file_adds_up_to(anna: Actor) -> None:
    files = list((DATA / "sales_superstore").glob("*.csv"))
    if not files:
        pytest.skip("the sample data sales_superstore is not on this machine")
    text = files[0].read_bytes()
    try:
        rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    except UnicodeDecodeError:
        rows = list(csv.DictReader(io.StringIO(text.decode("cp1252"))))
    wanted = sorted({row["Order ID"] for row in rows})[::25]
    some = [row for row in rows if row["Order ID"] in wanted]
    chosen = ["Order ID", "Order Date", "Customer Name", "Product ID", "Product Name", "Sales", "Quantity"]
    run = brought(anna, [chosen, *([row[name] for name in chosen] for row in some)])
    assert run.counts["new"] == len(wanted)
    net: dict[str, Decimal] = defaultdict(Decimal)
    for row in some:
        net[row["Order ID"]] += Decimal(row["Sales"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
    found = {one.number: Decimal(one.net["amount"]) for one in Order.objects.all()}
    assert found == net and not Product.objects.exists()


def test_orders_whose_lines_stand_too_far_apart_are_refused_and_memory_holds_few_of_them(
    anna: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lining, "MOST_HELD", 2)
    far = [[f"B-{n}", "3.2.2026", "Bergmann GmbH", "", "Fracht", "1", "9", "19"] for n in (1, 2, 3, 1, 2, 3)]
    run = brought(anna, [HEAD, *far, ROWS[0], ROWS[2]])
    assert run.counts["new"] == 2 and set(Order.objects.values_list("number", flat=True)) == {"B-2", "B-3"}
    assert {one.code for one in assistant.outcomes(run)} == {"row.apart"}
