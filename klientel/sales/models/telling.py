"""A quote for people: each line with what it comes to, and the sums in words and figures of one language."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from klientel.lib import numbers, pricing, units
from klientel.sales.models import quoting
from klientel.sales.models.positions import COUNTED, SECTION
from klientel.sales.models.taxing import is_mixed


def told(quote: Any, positions: list[dict[str, Any]], language: str) -> dict[str, Any]:
    """Lines and sums as texts: ``lines`` beside ``positions``, ``sections`` by place, ``sums`` from top to bottom.

    ``mixed``: they could not stand on one e-invoice, as some are not taxable at all.
    The lines must have rates already (`quoting.with_rates`). Raises :class:`Refused` where they cannot be added up.
    """
    totals, places = quoting.added_up(quote, positions)
    at = dict(zip(places, totals.lines, strict=True))
    with translation.override(language):
        return {
            "lines": [_line(one, at.get(place), totals, str(place), language) for place, one in enumerate(positions)],
            "sums": list(_sums(quote, totals, language)),
            "reasons": [text for one in totals.taxes if (text := pricing.reason(one.tax, language[:2]))],
            "gross": money(totals.gross, totals, language),
            "mixed": is_mixed(one.get("tax", "standard") for one in positions if one.get("role") != SECTION),
        }


def _line(
    one: dict[str, Any], line: pricing.Line | None, totals: pricing.Totals, place: str, language: str
) -> dict[str, Any]:
    if line is None:
        return {
            "role": SECTION,
            "name": one.get("name", ""),
            "net": money(totals.sections.get(place, Decimal(0)), totals, language),
        }
    off = one.get("discount", "")
    in_amount = one.get("discount_in") == "amount"
    return {
        "role": one.get("role", COUNTED),
        "name": one.get("name", ""),
        "text": one.get("text", ""),
        "number": one.get("number", ""),
        "quantity": figure(one.get("quantity") or "0", language),
        "unit": units.agreeing(one.get("unit", ""), Decimal(one.get("quantity") or 0), language),
        "price": figure(one.get("price") or "0", language, places=2),
        "discount": "" if not off else figure(off, language, places=2) if in_amount else percent(off, language),
        "rate": percent(one.get("rate") or "0", language),
        "net": money(line.net, totals, language),
    }


def _sums(quote: Any, totals: pricing.Totals, language: str) -> Any:
    def row(label: str, amount: Decimal, key: str) -> dict[str, str]:
        return {"label": label, "value": money(amount, totals, language), "key": key}

    if totals.allowances:
        yield row(_("Sum of lines"), totals.lines_net, "lines")
        yield row(_("Discount of %(n)s") % {"n": percent(quote.discount, language)}, -totals.allowances, "discount")
    yield row(_("Net"), totals.net, "net")
    for one in totals.taxes:
        if one.tax.rate:
            words = {"rate": percent(one.tax.rate, language), "net": money(one.taxable, totals, language)}
            yield row(_("VAT %(rate)s on %(net)s") % words, one.amount, "tax")
        else:
            yield row(_("No VAT on %(net)s") % {"net": money(one.taxable, totals, language)}, one.amount, "tax")
    yield row(_("Total"), totals.gross, "gross")


def figure(value: Any, language: str, *, places: int = 0) -> str:
    """A number with all its digits, at least ``places`` after the decimal sign."""
    number = Decimal(str(value))
    digits = max(places, -int(number.normalize().as_tuple().exponent))
    return numbers.format_decimal(number, language, places=digits)


def percent(value: Any, language: str) -> str:
    """A share of a hundred with all its digits."""
    return numbers.format_percent(Decimal(str(value)), language)


def money(amount: Decimal, totals: pricing.Totals, language: str) -> str:
    """An amount with its currency."""
    return numbers.format_money(amount, totals.currency, language)
