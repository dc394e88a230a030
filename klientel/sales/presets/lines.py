"""Columns of lists in which each row is a line of an order or an invoice, as shops and ERPs export them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, filled, together
from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.transfer.targets import Lines
from klientel.lib import numbers
from klientel.lib.words import fold
from klientel.sales.models.positions import refused
from klientel.sales.models.taxing import TAXES

_FIELD, _UNIT_PRICE = "positions", Decimal("0.0001")
_PARTS = {
    "number": _("article number"),
    "name": _("name of the article"),
    "text": _("text"),
    "quantity": _("quantity"),
    "unit": _("unit"),
    "price": _("price each"),
    "amount": _("amount of the line, net"),
    "discount": _("discount in %"),
    "tax": _("tax in %"),
}
SYNONYMS = {
    "positions.number": ("artikelnummer", "artikelnr", "artikel-nr.", "art.-nr.", "sku", "product id", "product number",
                         "item number", "article number", "stockcode", "stock code", "item id"),
    "positions.name": ("artikel", "artikelname", "artikelbezeichnung", "bezeichnung", "produkt", "produktname",
                       "position", "product name", "product", "item", "item name", "article", "lineitem name"),
    "positions.text": ("artikeltext", "langtext", "item description", "beschreibung", "description"),
    "positions.quantity": ("menge", "anzahl", "stückzahl", "quantity", "qty", "lineitem quantity"),
    "positions.unit": ("einheit", "mengeneinheit", "me", "unit of measure"),
    "positions.price": ("preis", "einzelpreis", "stückpreis", "ep", "nettopreis", "unit price", "price",
                        "lineitem price", "price each"),
    "positions.amount": ("positionsbetrag", "zeilenbetrag", "gesamtpreis", "gp", "line total", "line amount", "sales",
                         "extended price", "row total"),
    "positions.discount": ("rabatt", "rabatt %", "rabatt in %", "discount", "discount percent"),
    "positions.tax": ("steuersatz", "mwst-satz", "ust-satz", "mwst %", "ust %", "tax rate", "vat rate"),
}  # fmt: skip


def read(lines: list[dict[str, str]], decimal: str | None) -> list[dict[str, str]]:
    """The lines of a record; refused with every fault at the line where it stands.

    Without a price each is what the whole line comes to, shared by its quantity: to four places after the point, which
    is less than half a cent on up to 99 pieces. A discount below 1 is a share ("0.15"), as shops write it.
    """
    found: list[dict[str, str]] = []
    refusals: list[Refused] = []
    for place, texts in enumerate(lines):
        try:
            found.append(_line(texts, place, decimal))
        except Refused as no:
            refusals += no.all()
    if refusals:
        raise together(refusals)
    return found


def _line(texts: dict[str, str], place: int, decimal: str | None) -> dict[str, str]:
    found: dict[str, str] = {name: texts[name] for name in ("number", "text", "unit") if name in texts}
    found["name"] = (texts.get("name") or texts.get("number") or texts.get("text") or "")[:300]
    found["quantity"] = texts.get("quantity", "1")
    quantity = _number(texts, "quantity", place, decimal) if "quantity" in texts else Decimal(1)
    found["quantity"] = format(quantity, "f")
    if "price" in texts:
        price, currency = _price(texts, "price", place, decimal)
    elif "amount" in texts:
        price, currency = _price(texts, "amount", place, decimal)
        price = (price / quantity).quantize(_UNIT_PRICE, ROUND_HALF_UP) if quantity else price
    else:
        price, currency = Decimal(0), ""
    found["price"] = format(price, "f")
    if currency and currency != currency_of_tenant():
        found["currency"] = currency
    if "discount" in texts and "price" in texts:
        share = _number(texts, "discount", place, decimal)
        if share:
            found["discount"] = format(share * 100 if share < 1 and "%" not in texts["discount"] else share, "f")
    return found | _tax(texts, place, decimal)


def _tax(texts: dict[str, str], place: int, decimal: str | None) -> dict[str, str]:
    if "tax" not in texts:
        return {}
    named = next((key for key, label in TAXES if fold(texts["tax"]) in (fold(key), fold(str(label)))), "")
    if named:
        return {"tax": named}
    rate = _number(texts, "tax", place, decimal)
    if 0 < rate < 1 and "%" not in texts["tax"]:
        rate *= 100
    return {"tax": "standard", "rate": format(rate.normalize(), "f")} if rate else {"tax": "zero"}


def _number(texts: dict[str, str], part: str, place: int, decimal: str | None) -> Decimal:
    try:
        return numbers.read_decimal(texts[part], decimal=decimal)
    except ValueError:
        raise _wrong(texts, part, place) from None


def _price(texts: dict[str, str], part: str, place: int, decimal: str | None) -> tuple[Decimal, str]:
    try:
        return numbers.read_money(texts[part], currency="", decimal=decimal)
    except ValueError:
        raise _wrong(texts, part, place) from None


def _wrong(texts: dict[str, str], part: str, place: int) -> Refused:
    message = filled(_("“%(value)s” is not a number."), {"value": texts[part][:80]})
    return refused(_FIELD, place, part, "not_a_number", message)


LINES = Lines(_FIELD, _PARTS, ("number",), read)
