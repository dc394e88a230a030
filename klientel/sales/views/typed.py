"""Lines of a quote as somebody types them: read from a form, filled in from products and prices, shown again."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from klientel.kernel.access.reading import get, names, visible_ids
from klientel.kernel.errors import Missing
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.web.ordering import moved
from klientel.lib import numbers
from klientel.sales.models import Product
from klientel.sales.models.positions import COUNTED, SECTION
from klientel.sales.models.product import SUMMED
from klientel.sales.models.telling import figure
from klientel.sales.queries import bundles
from klientel.sales.queries.prices import prices

PARTS = ("role", "product", "name", "text", "quantity", "unit", "price", "discount", "tax", "number", "discount_in")
_NUMBERS = ("quantity", "price", "discount")
Row = dict[str, str]


def rows_of(positions: list[dict[str, Any]], language: str) -> list[Row]:
    """Stored lines as a form shows them."""
    return [
        {
            **one,
            **{
                name: figure(one[name], language, places=2 if name == "price" else 0)
                for name in _NUMBERS
                if name in one
            },
            "filled": one.get("product", ""),
            "key": str(place),
        }
        for place, one in enumerate(positions)
    ]


def rows_sent(data: Any) -> list[Row]:
    """What the form holds, in its order; ``move`` and ``remove`` of a page without scripts are done already."""
    found: dict[str, Row] = {}
    for key in data:
        word, _dash, rest = key.partition("-")
        n, _dash, part = rest.partition("-")
        if word == "line" and n.isdigit() and part in (*PARTS, "filled", "auto", "place"):
            found.setdefault(n, {"key": n})[part] = data[key].strip()
    order = moved(sorted(found, key=lambda n: _place(found[n])), data.get("move", ""))
    return [found[n] for n in order if n != data.get("remove")]


def _place(row: Row) -> int:
    text = row.get("place", "")
    return int(text) if text.isdigit() and len(text) < 8 else 10**6


def is_blank(row: Row) -> bool:
    """Whether nothing was typed in a row."""
    return not any(row.get(name) for name in ("name", "product", "price", "text", "discount"))


def positions_of(rows: list[Row], language: str) -> list[dict[str, Any]]:
    """The lines that rows mean; a number that is none stays as typed and is refused by the kind."""
    return [
        {part: _number(row[part], language) if part in _NUMBERS else row[part] for part in PARTS if row.get(part)}
        for row in rows
    ]


def _number(text: str, language: str) -> str:
    sign = numbers.decimal_sign(language)
    try:
        return format(numbers.read_decimal(text, decimal=sign), "f")
    except ValueError:
        return numbers.settled(text, sign)


def fill_in(scope: Any, quote: Any, rows: list[Row], language: str) -> None:
    """Bring rows in line with the products chosen in them: name, unit and tax of a new choice, the price by quantity.

    A price that somebody typed stays. One statement for the products, one for their prices.
    """
    wanted = {UUID(row["product"]) for row in rows if _is_id(row.get("product", ""))}
    if not wanted:
        return
    seen = visible_ids(scope, type_of("sales.product"), list(wanted))
    products = {one.pk: one for one in Product.objects.filter(pk__in=seen)}
    groups = _groups(scope, quote)
    parts = bundles.parts_of(pk for pk, one in products.items() if one.bundle)
    asked = {"currency": quote.currency, "day": quote.date or today(), "groups": groups}
    for quantity, some in _by_quantity(rows, products, language).items():
        found = {pk: one.price for pk, one in prices(dict.fromkeys(some, quantity), **asked).items()}
        by_parts = {pk: parts[pk] for pk in some if pk in parts and products[pk].bundle == SUMMED}
        found |= bundles.summed(by_parts, quantity, **asked) if by_parts else {}
        for product, row in ((p, r) for p, rs in some.items() for r in rs):
            _fill(row, products[product], found.get(product), quote.language, language)


def _by_quantity(rows: list[Row], products: dict[UUID, Any], language: str) -> dict[Decimal, dict[UUID, list[Row]]]:
    made: dict[Decimal, dict[UUID, list[Row]]] = {}
    for row in rows:
        if not _is_id(row.get("product", "")) or UUID(row["product"]) not in products:
            continue
        if row["product"] != row.get("filled") and not row.get("quantity"):
            row["quantity"] = "1"
        try:
            quantity = max(Decimal(_number(row.get("quantity") or "0", language)), Decimal(0))
        except ArithmeticError:
            quantity = Decimal(0)
        made.setdefault(quantity, {}).setdefault(UUID(row["product"]), []).append(row)
    return made


def _fill(row: Row, product: Any, price: Decimal | None, spoken: str, language: str) -> None:
    fresh = row["product"] != row.get("filled")
    if fresh:
        in_english = spoken == "en"
        row["name"] = " ".join(filter(None, ((in_english and product.name_en) or product.name, product.variant)))[:300]
        row["text"] = ((in_english and product.description_en) or product.description or "")[:4000]
        row["unit"], row["tax"], row["number"] = product.unit, product.tax or "standard", product.number
        row["filled"], row["price"], row["auto"] = row["product"], "", ""
    if price is not None and row.get("price", "") in ("", row.get("auto", "")):
        row["price"] = row["auto"] = figure(price, language, places=2)


def unfolded(scope: Any, rows: list[Row], key: str, language: str) -> list[Row]:
    """The rows with the bundle in the row ``key`` unfolded: a section with a row for each part where these say the
    price; what a bundle of a price of its own holds is written into its text.
    """
    row = next((r for r in rows if r["key"] == key and _is_id(r.get("product", ""))), None)
    parts = bundles.parts_of([UUID(row["product"])]) if row else {}
    if row is None or not parts:
        return rows
    [some] = parts.values()
    if Product.objects.filter(pk=row["product"], bundle=SUMMED).exists():
        try:
            times = Decimal(_number(row.get("quantity") or "1", language))
        except ArithmeticError:
            return rows
        fresh = count(max(int(r["key"]) for r in rows) + 1)
        made = [blank(next(fresh), SECTION) | {"name": row.get("name", "")}]
        made += [
            blank(next(fresh)) | {"product": str(product), "quantity": figure(n * times, language)}
            for product, n in some
        ]
        at = rows.index(row)
        return [*rows[:at], *made, *rows[at + 1 :]]
    named = titles(scope, [{"product": str(product)} for product, _n in some])
    held = [f"{figure(n, language)} × {named[str(product)]}" for product, n in some if str(product) in named]
    row["text"] = "\n".join(dict.fromkeys([*row.get("text", "").splitlines(), *held]))[:4000]
    return rows


def _groups(scope: Any, quote: Any) -> list[UUID]:
    if quote.organisation is None:
        return []
    try:
        return list(get(scope, type_of("contacts.organisation"), quote.organisation).tags)
    except Missing:
        return []


def titles(scope: Any, rows: list[Row]) -> dict[str, str]:
    """What the chosen products are called, as far as one may see them."""
    ids = {UUID(row["product"]) for row in rows if _is_id(row.get("product", ""))}
    return {str(key): one.title for key, one in names(scope, ids).items()} if ids else {}


def bundled(rows: list[Row]) -> set[str]:
    """Which of the chosen products are bundles that can be unfolded; one statement, or none."""
    ids = {UUID(row["product"]) for row in rows if _is_id(row.get("product", ""))}
    return {str(pk) for pk in bundles.parts_of(ids)}


def blank(key: int, role: str = COUNTED) -> Row:
    """An empty row."""
    return {"key": str(key), "role": role, "tax": "standard"} if role != SECTION else {"key": str(key), "role": SECTION}


def _is_id(text: str) -> bool:
    try:
        return bool(text and UUID(text))
    except ValueError:
        return False
