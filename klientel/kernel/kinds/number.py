"""Kinds that count: whole number, decimal number, money with its currency."""

from __future__ import annotations

import decimal
from functools import cache
from typing import Any

from babel.numbers import list_currencies
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import filled
from klientel.kernel.kinds.base import Kind, currency_of_tenant
from klientel.kernel.sql import Sql
from klientel.lib import numbers

_COMPARE = ("is", "is_not", "over", "under", "between", "empty", "not_empty")


class Whole(Kind, models.BigIntegerField):  # type: ignore[misc,type-arg]
    """A whole number (64 bit)."""

    key, widget, cell = "whole", "number", "number"
    plain_field = models.BigIntegerField
    operators = _COMPARE
    db_type_name = "bigint"

    def __init__(self, label: Any = "", *, least: int = -(2**53) + 1, most: int = 2**53 - 1, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(label, **kwargs)

    def take(self, value: Any) -> int:
        if isinstance(value, str):
            value = self._number(value)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float | decimal.Decimal)
            or value != value
            or value % 1 != 0
        ):
            raise self.refuse("not_a_number", _("Please enter a whole number."))
        if not self.least <= value <= self.most:
            raise self.refuse("out_of_range", _("This number is too small or too large."))
        return int(value)

    def _number(self, text: str) -> decimal.Decimal:
        try:
            return numbers.read_decimal(text)
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
            if isinstance(value, str)
            else decimal.Decimal(str(value))
            if _is_number(value)
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
        amount = exact(self, value["amount"], 16, 2)
        currency = value.get("currency") or currency_of_tenant()
        if not isinstance(currency, str) or not is_currency(currency):
            raise self.refuse("not_a_currency", _("This is not a currency we know."))
        return {"amount": f"{amount:.2f}", "currency": currency.upper()}

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
