"""The lines of a quote: a document within the record, so that a quote is changed, frozen and compared as a whole."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, filled, together
from klientel.kernel.kinds import Json
from klientel.kernel.sql import Sql
from klientel.lib import numbers
from klientel.sales.models.taxing import TAXES

COUNTED, OPTIONAL, ALTERNATIVE, SECTION = "counted", "optional", "alternative", "section"
ROLES = (
    (COUNTED, _("position")),
    (OPTIONAL, _("optional")),
    (ALTERNATIVE, _("alternative")),
    (SECTION, _("section")),
)
MOST = 500
_TEXTS = {"number": 60, "name": 300, "text": 4000, "unit": 30, "currency": 3}
#: digits before and after the decimal sign
_NUMBERS = {"quantity": (12, 3), "price": (14, 4), "discount": (14, 2), "rate": (3, 2)}
_KEYS = {"role", "product", "tax", "discount_in", *_TEXTS, *_NUMBERS}
_MACHINE = re.compile(r"-?\d+(?:\.\d+)?$")


class Positions(Json):
    """Lines, each ``{role, product, number, name, text, quantity, unit, price, discount, discount_in, tax, rate}``.

    ``role`` is one of `ROLES`, ``discount_in`` "percent" or "amount", numbers are texts such as "12.5", ``rate`` is set
    by the quote. A refusal names its field ``positions.3.quantity``, the line counted from 0.
    """

    operators = ("holds", "holds_not")
    #: a product is known by its record, else by its number, else by its name
    entry_key = "coalesce(nullif(l->>'product', ''), nullif(l->>'number', ''), lower(l->>'name'))"
    #: the lines that count, where ``l`` is one and ``n`` its place from 1; ``{t}`` is the record
    counted = "coalesce(l->>'role', 'counted') = 'counted'"
    entries_of = "sales.product"

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        super().__init__(label, **{"empty": []} | kwargs)

    def entries(self, alias: str) -> Sql:
        """The lines that count."""
        x = self.sql(alias)
        which = self.counted.replace("{t}", alias)
        lines = f"jsonb_array_elements({x.text}) WITH ORDINALITY q(l, n)"
        return Sql(f"(SELECT l FROM {lines} WHERE {which}) counted", x.params)

    def take(self, value: Any) -> list[dict[str, str]]:
        lines = super().take(value)
        if len(lines) > MOST:
            raise self.refuse("too_many", filled(_("At most %(n)d lines are possible."), {"n": MOST}))
        taken: list[dict[str, Any]] = []
        refusals: list[Refused] = []
        for place, one in enumerate(lines):
            try:
                taken.append(self._line(one, place))
            except Refused as no:
                refusals += no.all()
        if refusals:
            raise together(refusals)
        return taken

    def _line(self, one: Any, place: int) -> dict[str, str]:
        if not isinstance(one, dict) or set(one) - _KEYS:
            raise self._wrong(place, "role", "wrong_shape", _("This line has the wrong shape."))
        role, tax = one.get("role") or COUNTED, one.get("tax") or "standard"
        refusals = []
        if role not in dict(ROLES):
            refusals.append(self._wrong(place, "role", "no_such_choice", _("Please choose one of the values.")))
        if role == SECTION:
            found = {"role": SECTION, "name": self._text(one, "name", place, refusals)}
        else:
            found = {"role": str(role), "tax": str(tax), "product": self._product(one, place, refusals)}
            if tax not in dict(TAXES):
                refusals.append(self._wrong(place, "tax", "no_such_choice", _("Please choose one of the values.")))
            found |= {name: self._text(one, name, place, refusals) for name in _TEXTS}
            one, found["currency"] = self._named(one, found["currency"], place, refusals)
            found |= {name: self._number(one, name, place, refusals) for name in _NUMBERS}
            found["discount_in"] = "amount" if one.get("discount_in") == "amount" else "percent"
        if not refusals and not found["name"]:
            refusals.append(self._wrong(place, "name", "required", _("Please fill in this field.")))
        if refusals:
            raise together(refusals)
        return {name: value for name, value in found.items() if value != ""}

    def _wrong(self, place: int, part: str, code: str, message: Any) -> Refused:
        return refused(self.name, place, part, code, message)

    def _text(self, one: dict[str, Any], name: str, place: int, refusals: list[Refused]) -> str:
        value = one.get(name)
        if value is None:
            return ""
        text = value.strip() if isinstance(value, str) else None
        if text is None or "\x00" in text or len(text) > _TEXTS[name]:
            refusals.append(self._wrong(place, name, "too_long", _("This text is too long.")))
            return ""
        return text

    def _product(self, one: dict[str, Any], place: int, refusals: list[Refused]) -> str:
        value = one.get("product") or ""
        try:
            return str(UUID(str(value))) if value else ""
        except ValueError:
            refusals.append(self._wrong(place, "product", "not_a_record", _("There is no such record.")))
            return ""

    def _named(
        self, one: dict[str, Any], currency: str, place: int, refusals: list[Refused]
    ) -> tuple[dict[str, Any], str]:
        """The line without the currency that its amounts name ("1.200,00 €"), and that currency."""
        bare = dict(one)
        for name in ("price", "discount") if one.get("discount_in") == "amount" else ("price",):
            amount, named = _apart(one.get(name))
            if named and currency not in ("", named):
                message = filled(_("This amount is in %(found)s, the line in %(currency)s."),
                                 {"found": named, "currency": currency})  # fmt: skip
                refusals.append(self._wrong(place, name, "other_currency", message))
            bare[name], currency = amount, currency or named
        return bare, currency

    def _number(self, one: dict[str, Any], name: str, place: int, refusals: list[Refused]) -> str:
        value = one.get(name)
        if value is None or value == "":
            return ""
        number = _decimal(value)
        before, after = _NUMBERS[name]
        if number is None:
            refusals.append(self._wrong(place, name, "not_a_number", _("Please enter a number.")))
        elif abs(number) >= Decimal(10) ** before:
            refusals.append(self._wrong(place, name, "out_of_range", _("This number is too small or too large.")))
        elif number != number.quantize(Decimal(1).scaleb(-after)):
            message = filled(_("At most %(n)d decimal places are possible here."), {"n": after})
            refusals.append(self._wrong(place, name, "too_precise", message))
        else:
            return format(number.normalize(), "f")
        return ""

    def show(self, value: Any) -> str:
        n = sum(1 for one in value or () if one.get("role") != SECTION)
        return ngettext("%(n)d line", "%(n)d lines", n) % {"n": n} if value else ""

    def schema(self) -> dict[str, Any]:
        text = {"type": ["string", "null"]}
        number = {"type": ["string", "number", "null"]}
        properties: dict[str, Any] = {name: {**text, "maxLength": most} for name, most in _TEXTS.items()}
        properties |= dict.fromkeys(_NUMBERS, number)
        properties |= {"role": {**text, "enum": [key for key, _label in ROLES] + [None]}, "product": text}
        properties |= {"tax": {**text, "enum": [key for key, _label in TAXES] + [None]}}
        properties |= {"discount_in": {**text, "enum": ["percent", "amount", None]}}
        line = {"type": "object", "properties": properties, "required": ["name"], "additionalProperties": False}
        return {"type": "array", "maxItems": MOST, "items": line}

    def sample(self, n: int) -> Any:
        return [{"name": f"{gettext('position')} {n}", "quantity": str(n), "price": "10", "tax": "standard"}]


class QuotePositions(Positions):
    """The lines of a quote, of which a customer chooses: what was chosen counts, what it replaces does not."""

    counted = f"({Positions.counted} AND NOT {{t}}.left_out @> to_jsonb(n - 1) OR {{t}}.chosen @> to_jsonb(n - 1))"


def replaceable(positions: list[dict[str, Any]]) -> dict[int, int]:
    """The place of the line that each alternative can take the place of: the last counted one before it in its section.

    An alternative without one is told for information only.
    """
    found, last = {}, None
    for place, one in enumerate(positions):
        role = one.get("role", COUNTED)
        if role in (COUNTED, SECTION):
            last = place if role == COUNTED else None
        elif role == ALTERNATIVE and last is not None:
            found[place] = last
    return found


def passes_tax_on(positions: list[dict[str, Any]]) -> bool:
    """Whether the buyer owes the tax of a line that counts (reverse charge, supply within the EU)."""
    return any(one.get("tax") in ("reverse", "eu") and one.get("role", COUNTED) == COUNTED for one in positions)


def refused(field: str, place: int, part: str, code: str, message: Any) -> Refused:
    """A refusal at one part of a line; its sentence says which line."""
    text = filled(_("Line %(n)d: %(what)s"), {"n": place + 1, "what": message})
    return Refused(code, text, f"{field}.{place}.{part}", details={"line": place + 1})


def _apart(value: Any) -> tuple[Any, str]:
    """An amount without the currency it names, and that currency."""
    try:
        return numbers.without_currency(value) if isinstance(value, str) else (value, "")
    except ValueError:
        return value, ""


def _decimal(value: Any) -> Decimal | None:
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            return None
        text = str(value).strip()
        number = Decimal(text) if _MACHINE.match(text) else numbers.read_decimal(text)
    except (ValueError, ArithmeticError):
        return None
    return number if number.is_finite() else None
