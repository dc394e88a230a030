"""Shops whose files are no tables of order lines: a store exported as JSON, and plain transactions of customers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import orjson

from klientel.site.demo.sets import Loading, place_of
from klientel.site.demo.shops import PLACES, Line, Order, Shop, fill

STORE = {"Customer", "Invoice", "InvoiceLine", "Track"}
#: customer, perhaps their number in a sample, day, pieces, amount
_BOUGHT = re.compile(r"^\s*(\d{5})(?:\s+\d{4})?\s+((?:19|20)\d{6})\s+(\d+)\s+(\d+\.\d+)\s*$")
_HEADING = "customer_id"


def knows(path: Path) -> bool:
    """Whether there is a store in JSON or a list of transactions."""
    return _store(path) is not None or _transactions(path) is not None


def read(loading: Loading) -> None:
    """Everything of the folder, the orders on their days."""
    store, file = _store(loading.path), _transactions(loading.path)
    fill(loading, of_store(store) if store is not None else of_transactions(_bought(file)) if file else Shop())


def of_store(store: dict[str, list[dict[str, Any]]]) -> Shop:
    """Customers, what they bought, and invoices with lines; whoever names no company is named themselves."""
    shop = Shop()
    for one in store["Customer"]:
        place = place_of(
            street=one["Address"] or "", postcode=one["PostalCode"] or "", city=one["City"] or "",
            region=one["State"] or "", country=one["Country"] or "",
        )  # fmt: skip
        name = one["Company"] or f"{one['FirstName']} {one['LastName']}"
        shop.customers[str(one["CustomerId"])] = {"name": name} | ({"addresses": [place]} if place else {})
    names = {str(one["TrackId"]): one["Name"] for one in store["Track"]}
    for one in store["Invoice"]:
        number = str(one["InvoiceId"])
        shop.orders[number] = Order(number, dt.date.fromisoformat(one["InvoiceDate"][:10]), str(one["CustomerId"]))
    for one in store["InvoiceLine"]:
        key = str(one["TrackId"])
        shop.products.setdefault(key, names[key])
        line = Line(key, names[key], Decimal(one["Quantity"]), Decimal(str(one["UnitPrice"])))
        shop.orders[str(one["InvoiceId"])].lines.append(line)
    return shop


def of_transactions(bought: Iterator[tuple[str, str, str, str]]) -> Shop:
    """Each row is an order of one line; what a piece cost is the amount shared by the pieces."""
    shop = Shop(products={"1": "CD"})
    for n, (customer, day, pieces, amount) in enumerate(bought, 1):
        shop.customers.setdefault(customer, {"name": f"Customer {customer}", "customer_number": customer})
        quantity = Decimal(pieces)
        each = (Decimal(amount) / (quantity or 1)).quantize(PLACES, ROUND_HALF_UP)
        order = Order(str(n), dt.datetime.strptime(day, "%Y%m%d").replace(tzinfo=dt.UTC).date(), customer)
        order.lines.append(Line("1", "CD", quantity, each))
        shop.orders[order.number] = order
    return shop


def _store(path: Path) -> dict[str, Any] | None:
    for file in [path] if path.is_file() else sorted(path.glob("*.json")):
        if file.suffix == ".json":
            try:
                found = orjson.loads(file.read_bytes())
            except orjson.JSONDecodeError:
                continue
            if isinstance(found, dict) and found.keys() >= STORE:
                return found
    return None


def _transactions(path: Path) -> Path | None:
    """The file; of a folder the one with the most of them."""
    files = [path] if path.is_file() else sorted(path.glob("*.txt"), key=lambda file: -file.stat().st_size)
    return next((file for file in files if file.suffix == ".txt" and next(_bought(file), None)), None)


def _bought(file: Path) -> Iterator[tuple[str, str, str, str]]:
    """The transactions of a file in which every row is one; nothing where the first is none."""
    with file.open(encoding="ascii", errors="replace") as rows:
        for row in rows:
            found = _BOUGHT.match(row)
            if found is not None:
                yield found.group(1), found.group(2), found.group(3), found.group(4)
            elif row.strip() and _HEADING not in row:
                return
