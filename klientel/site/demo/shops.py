"""A shop's orders: customers, products and orders with their lines, from one wide table or from a dump in SQL."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from klientel.lib import clock
from klientel.site.demo.sets import Loading, by_day, instant, place_of, rows, with_columns

WIDE = ("Order ID", "Order Date", "Customer ID", "Product ID", "Product Name", "Sales", "Quantity")
PLACES = Decimal("0.0001")
_INSERT = re.compile(r"INSERT INTO \"?(\w+)\"? VALUES \((.*)\);\s*$", re.MULTILINE)
_VALUE = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^,]*))\s*(?:,|$)")


@dataclass
class Line:
    """A line of an order: net price of one, share of discount in per cent."""

    product: str
    name: str
    quantity: Decimal
    price: Decimal
    discount: Decimal = Decimal(0)


@dataclass
class Order:
    """An order as the file says it."""

    number: str
    day: dt.date
    customer: str
    lines: list[Line] = field(default_factory=list)


@dataclass
class Shop:
    """What is in the files: customers and products by their keys, orders in the order of the file."""

    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)


def knows(path: Path) -> bool:
    """Whether there is a table of order lines, or a dump with the tables of a shop."""
    return with_columns(path, *WIDE) is not None or _dump(path) is not None


def read(loading: Loading) -> None:
    """Everything of the folder, the orders on their days."""
    file = with_columns(loading.path, *WIDE)
    dump = _dump(loading.path)
    fill(loading, of_table(file) if file else of_dump(dump.read_text(encoding="utf-8")) if dump else Shop())


def fill(loading: Loading, shop: Shop) -> None:
    """A shop into the tenant, the orders on their days."""
    begin = min(o.day for o in shop.orders.values()) - dt.timedelta(days=1)
    with clock.turned_back(instant(begin)):
        loading.set_up()
        firms = loading.create("contacts.organisation", list(shop.customers.values()))
        goods = [{"name": name[:300], "number": key} for key, name in shop.products.items()]
        products = dict(zip(shop.products, loading.create("sales.product", goods), strict=True))
    customers = dict(zip(shop.customers, firms, strict=True))
    waiting: dict[dt.date, list[Order]] = {}
    for order in shop.orders.values():
        waiting.setdefault(order.day, []).append(order)
    for day in by_day(begin, waiting):
        loading.create(
            "sales.order",
            [
                {
                    "number": o.number, "source": "shop", "date": o.day.isoformat(), "currency": "USD", "state": "done",
                    "organisation": str(customers[o.customer]),
                    "positions": [_position(one, products) for one in o.lines],
                }
                for o in waiting[day]
            ],
        )  # fmt: skip


def _position(line: Line, products: dict[str, Any]) -> dict[str, str]:
    found = {
        "product": str(products[line.product]), "name": line.name[:300], "quantity": str(line.quantity),
        "price": str(line.price), "tax": "zero",
    }  # fmt: skip
    return found | ({"discount": str(line.discount), "discount_in": "percent"} if line.discount else {})


def of_table(file: Path) -> Shop:
    """A wide table: each row is a line of an order. Sales are what the line was sold for, discount included."""
    shop = Shop()
    for row in rows(file):
        quantity = Decimal(row["Quantity"])
        price = (Decimal(row["Sales"]) / quantity).quantize(PLACES, ROUND_HALF_UP)
        place = place_of(
            postcode=row.get("Postal Code", ""), city=row.get("City", ""), region=row.get("State", ""),
            country=row.get("Country", ""),
        )  # fmt: skip
        shop.customers.setdefault(row["Customer ID"], {"name": row["Customer Name"], "addresses": [place]})
        shop.products.setdefault(row["Product ID"], row["Product Name"])
        order = shop.orders.setdefault(
            row["Order ID"], Order(row["Order ID"], _us_day(row["Order Date"]), row["Customer ID"])
        )
        order.lines.append(Line(row["Product ID"], row["Product Name"], quantity, price))
    return shop


def _us_day(text: str) -> dt.date:
    month, day, year = (int(part) for part in text.split("/"))
    return dt.date(year, month, day)


def of_dump(text: str) -> Shop:
    """The tables customers, products, orders and order_details of a dump, by the places of their columns."""
    tables: dict[str, list[list[str]]] = {}
    for name, values in _INSERT.findall(text):
        tables.setdefault(name, []).append(values_of(values))
    shop = Shop()
    for key, name, _contact, _title, street, city, region, postcode, country, *_rest in tables["customers"]:
        place = place_of(street=street, postcode=postcode, city=city, region=region, country=country)
        shop.customers[key] = {"name": name, "addresses": [place]}
    shop.products = {row[0]: row[1] for row in tables["products"]}
    shop.orders = {row[0]: Order(row[0], dt.date.fromisoformat(row[3]), row[1]) for row in tables["orders"]}
    for number, product, price, quantity, discount in tables["order_details"]:
        share = (Decimal(discount) * 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        each = Decimal(price).quantize(PLACES, ROUND_HALF_UP)
        shop.orders[number].lines.append(Line(product, shop.products[product], Decimal(quantity), each, share))
    return shop


def values_of(text: str) -> list[str]:
    """The values of one INSERT; NULL is empty."""
    found, at = [], 0
    while at < len(text):
        match = _VALUE.match(text, at)
        assert match is not None
        quoted, plain = match.groups()
        found.append(
            quoted.replace("''", "'") if quoted is not None else "" if plain.strip() == "NULL" else plain.strip()
        )
        at = match.end()
    return found


def _dump(path: Path) -> Path | None:
    files = [path] if path.is_file() else sorted(path.glob("*.sql"))
    for file in files:
        if file.suffix == ".sql" and {"orders", "order_details", "customers", "products"} <= {
            name for name, _values in _INSERT.findall(file.read_text(encoding="utf-8", errors="replace"))
        }:
            return file
    return None
