"""Kinds that count: whole number, decimal number, money with its currency."""

from __future__ import annotations

import decimal
import re
from functools import cache
from typing import Any

from babel.numbers import list_currencies
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import filled
from klientel.kernel.kinds.base import Kind, currency_of_tenant
from klientel.kernel.kinds.bounds import FARTHEST, not_between
from klientel.kernel.sql import Sql
from klientel.lib import numbers

_MACHINE = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")  # as programs write it, and as it is kept
NUMBERS = ("whole", "decimal", "money")
_COMPARE = ("is", "is_not", "over", "under", "between", "empty", "not_empty")


class Whole(Kind, models.BigIntegerField):  # type: ignore[misc,type-arg]
    """A whole number (64 bit)."""

    key, widget, cell = "whole", "number", "number"
    plain_field = models.BigIntegerField
    operators = _COMPARE
    db_type_name = "bigint"

    def __init__(self, label: Any = "", *, least: int = -FARTHEST, most: int = FARTHEST, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(label, **kwargs)

    def take(self, value: Any) -> int:
        if isinstance(value, str):
            value = self._number(value)
        if not _is_number(value) or value != value:
            raise self.refuse("not_a_number", _("Please enter a whole number."))
        if not self.least <= value <= self.most:  # first: of 1e999 no remainder can be told
            raise self.refuse("out_of_range", not_between(self.least, self.most))
        if value % 1 != 0:
            raise self.refuse("not_a_number", _("Please enter a whole number."))
        return int(value)

    def _number(self, text: str) -> decimal.Decimal:
        try:
            return numbers.read_decimal(text, decimal="." if "," in text else ",")  # "1.234" is no whole number else
        except ValueError:
            raise self.refuse("not_a_number", _("Please enter a whole number.")) from None

    def show(self, value: Any) -> str:
        return "" if value is None else numbers.format_decimal(decimal.Decimal(value), get_language() or "en")

    def schema(self) -> dict[str, Any]:
        return {"type": ["integer", "null"], "minimum": self.least, "maximum": self.most}

    def sample(self, n: int) -> int:
        return max(self.least, min(self.most, n))


class Decimal(Kind, models.DecimalField):  # type: ignore[misc,type-arg]
    """A decimal number, exact: up to 18 digits, 6 of them after the point."""

    key, widget, cell = "decimal", "decimal", "number"
    plain_field = models.DecimalField
    operators = _COMPARE
    db_type_name = "numeric"

    def __init__(self, label: Any = "", *, max_digits: int = 18, decimal_places: int = 6, **kwargs: Any) -> None:
        super().__init__(label, max_digits=max_digits, decimal_places=decimal_places, **kwargs)

    def take(self, value: Any) -> decimal.Decimal:
        return exact(self, value, self.max_digits or 18, self.decimal_places or 0)

    def plain(self, value: Any) -> Any:
        return None if value is None else format(value.normalize(), "f")

    def read(self, text: str) -> Any:
        """A cell; "1.234", which people write for two numbers and programs for one, is refused."""
        try:
            return self.accept(numbers.read_decimal(text) if text.strip() else None)
        except ValueError:
            raise self.refuse("not_a_number", _("Please enter a number.")) from None

    def write(self, value: Any) -> str:
        return "" if value is None else format(value.normalize(), "f").replace(".", ",")

    def show(self, value: Any) -> str:
        return "" if value is None else numbers.format_decimal(decimal.Decimal(value), get_language() or "en")

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number", "null"]}

    def sample(self, n: int) -> decimal.Decimal:
        return decimal.Decimal(n) + decimal.Decimal("0.5")


def exact(kind: Kind, value: Any, digits: int, places: int) -> decimal.Decimal:
    """A decimal of at most ``digits`` digits, ``places`` after the point; refused at ``kind`` otherwise."""
    try:
        number = (
            numbers.read_decimal(value)
            if isinstance(value, str) and not _MACHINE.fullmatch(value)
            else decimal.Decimal(str(value))
            if isinstance(value, str) or _is_number(value)
            else None
        )
    except (ValueError, ArithmeticError):
        number = None
    if number is None or not number.is_finite():
        raise kind.refuse("not_a_number", _("Please enter a number."))
    if abs(number) >= decimal.Decimal(10) ** (digits - places):
        raise kind.refuse("out_of_range", _("This number is too small or too large."))
    if number != number.quantize(decimal.Decimal(1).scaleb(-places)):
        raise kind.refuse("too_precise", filled(_("At most %(n)d decimal places are possible here."), {"n": places}))
    return number


def as_typed(kind: Kind, text: str) -> str:
    """What somebody typed for a number, read as they write numbers in their language: "12.500" is many in German."""
    return numbers.settled(text, numbers.decimal_sign(get_language() or "en")) if kind.key in NUMBERS else text


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


def is_currency(code: str) -> bool:
    """Whether this is a currency of ISO 4217."""
    return code.upper() in _currencies()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool)


class Money(Kind, models.JSONField):  # type: ignore[misc]
    """An amount with its currency (ISO 4217): ``{"amount": "12.50", "currency": "EUR"}``; 16 digits, 2 after
    the point."""

    key, widget, cell = "money", "money", "money"
    plain_field = models.JSONField
    operators = ("over", "under", "between", "currency", "empty", "not_empty")
    db_type_name = "jsonb"

    def take(self, value: Any) -> dict[str, str]:
        if isinstance(value, str | int | float | decimal.Decimal) and not isinstance(value, bool):
            return self._from_text(str(value))
        if not isinstance(value, dict) or not set(value) <= {"amount", "currency"} or "amount" not in value:
            raise self.refuse("not_money", _("Please enter an amount, such as 1,234.50 EUR."))
        currency = value.get("currency") or ""
        if not isinstance(currency, str) or (currency and not is_currency(currency)):
            raise self.refuse("not_a_currency", _("This is not a currency we know."))
        amount, named = self._as_written(value["amount"])
        if named and currency and named != currency.upper():
            message = _("The amount is in %(found)s, but %(chosen)s is chosen as its currency.")
            raise self.refuse("other_currency", filled(message, {"found": named, "chosen": currency.upper()}))
        exactly = exact(self, amount, 16, 2)
        return {"amount": f"{exactly:.2f}", "currency": (currency or named or currency_of_tenant()).upper()}

    def _as_written(self, amount: Any) -> tuple[Any, str]:
        """An amount and the currency it names: "12.500,00 €" is typed and pasted where a currency is chosen already."""
        if not isinstance(amount, str) or _MACHINE.fullmatch(amount):
            return amount, ""
        try:
            return numbers.read_money(amount, currency="")
        except ValueError:
            return amount, ""

    def _from_text(self, text: str) -> dict[str, str]:
        try:
            amount, currency = numbers.read_money(text, currency=currency_of_tenant())
        except ValueError:
            raise self.refuse("not_money", _("Please enter an amount, such as 1,234.50 EUR.")) from None
        return self.take({"amount": amount, "currency": currency})

    def accept(self, value: Any) -> Any:
        if isinstance(value, dict) and value.get("amount") in (None, ""):
            value = None
        return super().accept(value)

    def write(self, value: Any) -> str:
        return f"{value['amount'].replace('.', ',')} {value['currency']}" if value else ""

    def show(self, value: Any) -> str:
        return (
            numbers.format_money(decimal.Decimal(value["amount"]), value["currency"], get_language() or "en")
            if value
            else ""
        )

    def schema(self) -> dict[str, Any]:
        amount = {"type": ["string", "number"]}
        return {
            "type": ["object", "null"],
            "properties": {"amount": amount, "currency": {"type": "string", "maxLength": 3}},
            "required": ["amount"],
            "additionalProperties": False,
        }

    def sample(self, n: int) -> dict[str, str]:
        return {"amount": f"{n}.50", "currency": "EUR"}

    def order(self, alias: str) -> Sql:
        inner = self.sql(alias)
        return Sql(f"(({inner.text})->>'amount')::numeric", inner.params)
