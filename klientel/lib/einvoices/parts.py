"""Parts of an e-invoice as texts, amounts and days."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from klientel.lib.pricing import Change, Tax
from klientel.lib.sentences import Unreadable

_NUMBER = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})")
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:Z|[+-]\d{2}:\d{2})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_REASON = "stands in the invoice"


def text(element: Any, path: str, most: int = 200) -> str:
    """A text in one line, empty where there is none."""
    found = element.findtext(path) if element is not None else None
    return " ".join((found or "").replace("\x00", "").split())[:most]


def needed(element: Any, path: str, what: str) -> str:
    """A text that an invoice must have."""
    found = text(element, path, 80)
    if not found:
        raise Unreadable("einvoice.missing", what=what)
    return found


def currency(element: Any, path: str) -> str:
    """A currency code (BT-5)."""
    found = needed(element, path, "BT-5")
    if not _CURRENCY.fullmatch(found):
        raise Unreadable("einvoice.currency", text=found[:40])
    return found


def number(element: Any, path: str, otherwise: str = "0") -> Decimal:
    """An amount, quantity or rate."""
    found = text(element, path, 80)
    if not found:
        return Decimal(otherwise)
    if not _NUMBER.fullmatch(found):
        raise Unreadable("einvoice.number", text=found[:40])
    return Decimal(found)


def maybe(element: Any, path: str) -> Decimal | None:
    """As :func:`number`, or None where there is none."""
    return number(element, path) if text(element, path, 80) else None


def day(found: str) -> date | None:
    """A day as CII (20161231) or UBL (2016-12-31) writes it; None for nothing."""
    if not found:
        return None
    parts = _DAY.fullmatch(found)
    try:
        return date(*(int(one) for one in parts.groups())) if parts else _no_day(found)
    except ValueError:
        return _no_day(found)


def _no_day(found: str) -> date:
    raise Unreadable("einvoice.date", text=found[:40])


def tax(element: Any, category: str, rate: str) -> Tax:
    """Category and rate of a line or group."""
    return Tax(text(element, category, 10) or "S", number(element, rate).normalize(), _REASON)


def change(element: Any, *, percent: str, base: str, amount: str, indicator: str) -> Change:
    """A discount or charge: by its per cent where base and per cent are given, else by its amount."""
    share, of = maybe(element, percent), maybe(element, base)
    surcharge = text(element, indicator) == "true"
    if share is not None and of is not None:
        return Change(percent=share, base=of, surcharge=surcharge)
    return Change(amount=number(element, amount), surcharge=surcharge)


def in_currency(elements: list[Any], wanted: str) -> Any:
    """The sum in the invoice's currency: BT-111 repeats it in that of the accounts."""
    return next((one for one in elements if one.get("currencyID", wanted) == wanted), None)
