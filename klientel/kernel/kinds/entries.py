"""Kinds of which one record has several, each with a purpose and a state: mails, phones, postal addresses. And
free JSON."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

import orjson
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, filled
from klientel.kernel.kinds.base import Kind, region
from klientel.kernel.kinds.bounds import not_among
from klientel.kernel.kinds.text import Text
from klientel.kernel.sql import Sql
from klientel.lib import countries, emails, phones, words

PURPOSES = (
    ("work", _("work")),
    ("private", _("private")),
    ("mobile", _("mobile")),
    ("billing", _("billing")),
    ("delivery", _("delivery")),
    ("fax", _("fax")),
    ("other", _("other")),
)
STATES = (
    ("ok", _("valid")),
    ("unchecked", _("unchecked")),
    ("bounced", _("bounced")),
    ("invalid", _("invalid")),
    ("former", _("former")),
)


_PURPOSE_KEYS = frozenset(k for k, _label in PURPOSES)
_STATE_KEYS = frozenset(k for k, _label in STATES)


@cache
def _checker(part: str, most: int) -> Text:
    return Text(max_length=most, name=part)


class Entries(Kind, models.JSONField):  # type: ignore[misc]
    """A list of entries ``{"value": …, "purpose": …, "state": …}``; the first is the main one."""

    plain_field = models.JSONField
    operators: ClassVar[tuple[str, ...]] = ("contains", "is", "starts", "empty", "not_empty")
    empty: ClassVar[Any] = []
    db_type_name = "jsonb"
    most: ClassVar[int] = 30
    parts: ClassVar[tuple[str, ...]] = ("value",)
    purposes: ClassVar[tuple[str, ...]] = ("work", "private", "other")
    _known_parts: ClassVar[frozenset[str]]

    def take(self, value: Any) -> list[dict[str, str]]:
        if isinstance(value, str):
            value = [{"value": v} for v in value.replace("\n", ";").split(";") if v.strip()]
        if not isinstance(value, list) or len(value) > self.most:
            raise self.refuse(
                "not_entries", filled(_("Please give a list of at most %(n)d entries."), {"n": self.most})
            )
        seen: dict[Any, dict[str, str]] = {}
        for one in value:
            if entry := self._entry(one):
                seen.setdefault(tuple([entry.get(p, "") for p in self.parts]) if len(value) > 1 else 0, entry)
        if self.required and not seen:
            raise self.refuse("required", _("Please fill in this field."))
        return list(seen.values())

    def _entry(self, value: Any) -> dict[str, str] | None:
        if isinstance(value, str):
            value = {"value": value}
        if not isinstance(value, dict) or not value.keys() <= self._known_parts:
            raise self.refuse("not_an_entry", _("This entry has parts that we do not know."))
        given = {k: v for k, v in value.items() if v is not None and v != ""}
        if given.keys().isdisjoint(self.parts):
            return None
        entry = self.check_parts(given)
        entry["purpose"] = self._one_of(given["purpose"], _PURPOSE_KEYS) if "purpose" in given else self.purposes[0]
        entry["state"] = self._one_of(given["state"], _STATE_KEYS) if "state" in given else "ok"
        return entry

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._known_parts = frozenset((*cls.parts, "purpose", "state"))

    def _one_of(self, chosen: Any, allowed: frozenset[str]) -> str:
        if not isinstance(chosen, str) or chosen not in allowed:
            raise self.refuse("not_a_choice", not_among(sorted(allowed)))
        return chosen

    def check_parts(self, given: dict[str, Any]) -> dict[str, str]:
        """The parts that say what it is, checked."""
        raise NotImplementedError

    def text(self, part: str, value: Any, most: int = 200) -> str:
        """One part as clean text."""
        if type(value) is str and len(value) <= most and value.isascii() and value.isprintable():
            return value.strip()
        try:
            return _checker(part, most).take(value)
        except Refused as no:
            raise self.refuse(no.code, no.message) from None

    def first(self, value: Any) -> str:
        """The main entry in one line."""
        return self.line(value[0]) if value else ""

    def line(self, entry: dict[str, str]) -> str:
        """An entry in one line, for people."""
        return entry["value"]

    def write(self, value: Any) -> str:
        return "; ".join(e["value"] for e in value or [])

    def show(self, value: Any) -> str:
        return ", ".join(self.line(e) for e in value or [])

    def schema(self) -> dict[str, Any]:
        parts = {p: {"type": "string", "maxLength": 254} for p in self.parts}
        parts["purpose"] = {"type": "string", "enum": [k for k, _l in PURPOSES]}
        parts["state"] = {"type": "string", "enum": [k for k, _l in STATES]}
        entry = {"type": "object", "properties": parts, "additionalProperties": False}
        return {"type": "array", "items": entry, "maxItems": self.most}

    def order(self, alias: str) -> Sql:
        inner = self.sql(alias)
        return Sql(f"(({inner.text})->0->>'{self.parts[0]}')", inner.params)

    def words(self) -> list[str]:
        """The parts that ``contains`` looks into."""
        return list(self.parts)


class Emails(Entries):
    """E-mail addresses."""

    key, widget, cell = "emails", "emails", "emails"
    plain_field = models.JSONField

    def check_parts(self, given: dict[str, Any]) -> dict[str, str]:
        try:
            return {"value": emails.read_email(self.text("value", given["value"], 254))}
        except ValueError:
            raise self.refuse(
                "not_an_email",
                filled(_("“%(value)s” is not a valid e-mail address."), {"value": str(given["value"])[:80]}),
            ) from None

    def sample(self, n: int) -> list[dict[str, str]]:
        return [{"value": f"person{n}@example.org", "purpose": "work", "state": "ok"}]


class Phones(Entries):
    """Telephone numbers as E.164."""

    key, widget, cell = "phones", "phones", "phones"
    purposes = ("work", "mobile", "private", "fax", "other")

    def check_parts(self, given: dict[str, Any]) -> dict[str, str]:
        try:
            return {"value": phones.stored_phone(self.text("value", given["value"], 60), region())}
        except ValueError:
            raise self.refuse(
                "not_a_phone",
                filled(_("“%(value)s” is not a valid phone number."), {"value": str(given["value"])[:80]}),
            ) from None

    def line(self, entry: dict[str, str]) -> str:
        return phones.show_phone(entry["value"])

    def sample(self, n: int) -> list[dict[str, str]]:
        return [{"value": f"+4930{5_000_000 + n % 900_000}", "purpose": "work", "state": "ok"}]


#: the region of an address ``a``: its country and, where postcodes say it, how the postcode begins, else the region
REGION = """nullif(concat_ws(' ', nullif(a->>'country', ''), nullif(CASE WHEN a->>'country' IN ('DE', 'AT', 'CH')
 THEN left(a->>'postcode', CASE a->>'country' WHEN 'DE' THEN 2 ELSE 1 END) ELSE a->>'region' END, '')), '')"""


class Addresses(Entries):
    """Postal addresses: street, postcode, city, region, country (ISO 3166-1)."""

    operators = (*Entries.operators, "region")

    key, widget, cell = "addresses", "addresses", "addresses"
    parts = ("street", "postcode", "city", "region", "country")
    purposes = ("work", "private", "billing", "delivery", "other")

    def check_parts(self, given: dict[str, Any]) -> dict[str, str]:
        entry = dict.fromkeys(self.parts, "")
        for part in self.parts:
            if given.get(part):
                entry[part] = self.text(part, given[part], 20 if part == "postcode" else 200)
        if entry["country"]:
            try:
                entry["country"] = countries.read_country(entry["country"])
            except ValueError:
                raise self.refuse(
                    "not_a_country",
                    filled(_("“%(value)s” is not a country we know."), {"value": entry["country"][:80]}),
                ) from None
        return entry

    def line(self, entry: dict[str, str]) -> str:
        place = " ".join(p for p in (entry.get("postcode"), entry.get("city")) if p)
        return ", ".join(p for p in (entry.get("street"), place, entry.get("country")) if p)

    def write(self, value: Any) -> str:
        return "; ".join(" | ".join(e.get(p, "") for p in self.parts) for e in value or [])

    def read(self, text: str) -> Any:
        rows = [[part.strip() for part in line.split("|")] for line in text.split(";") if line.strip(" |")]
        return self.accept([dict(zip(self.parts, row, strict=False)) for row in rows])

    def order(self, alias: str) -> Sql:
        inner = self.sql(alias)
        return Sql(f"(({inner.text})->0->>'city')", inner.params)

    def sample(self, n: int) -> list[dict[str, str]]:
        return [
            {
                "street": f"Hauptstraße {n}",
                "postcode": f"{10000 + n % 80000}",
                "city": "Berlin",
                "region": "",
                "country": "DE",
                "purpose": "work",
                "state": "ok",
            }
        ]


class Json(Kind, models.JSONField):  # type: ignore[misc]
    """Structured settings of the kernel itself (grants, conditions). ``check`` validates; never offered as a
    custom field."""

    key, widget, cell = "json", "json", "json"
    plain_field = models.JSONField
    operators: ClassVar[tuple[str, ...]] = ()
    empty: ClassVar[Any] = {}
    db_type_name = "jsonb"
    sortable = listed = False
    most_nested = 12
    #: where its entries can be asked about: what one is known by, as SQL over ``l``; and the type whose ids stand there
    entry_key: ClassVar[str] = ""
    entries_of: ClassVar[str] = ""

    def __init__(self, label: Any = "", *, empty: Any = None, **kwargs: Any) -> None:
        self.empty = {} if empty is None else empty  # type: ignore[misc]
        super().__init__(label, **kwargs)

    def entries(self, alias: str) -> Sql:
        """Its entries that are asked about, as something that SQL can read from: rows ``l``."""
        x = self.sql(alias)
        return Sql(f"jsonb_array_elements({x.text}) l", x.params)

    def take(self, value: Any) -> Any:
        if not isinstance(value, type(self.empty)):
            raise self.refuse("wrong_shape", _("This value has the wrong shape."))
        if _depth(value) > self.most_nested:
            raise self.refuse("too_deep", _("This value is nested too deeply."))
        if not _is_text(value):
            raise self.refuse("control_characters", _("This text contains characters that cannot be stored."))
        return value

    def write(self, value: Any) -> str:
        return ""

    def schema(self) -> dict[str, Any]:
        return {"type": "array"} if isinstance(self.empty, list) else {"type": "object"}

    def sample(self, n: int) -> Any:
        return self.blank_value()


class Options(Json):
    """The values of a choice that a tenant declares: ``[[key, German label, English label], …]``.

    People write a line for each: ``A: Schlüsselkunde | A: key account``, or ``a = Schlüsselkunde | key account`` to set
    the key, which else is made from the label.
    """

    key, widget = "options", "lines"

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        super().__init__(label, **{"empty": []} | kwargs)

    def take(self, value: Any) -> Any:
        if isinstance(value, str):
            value = [line for line in value.splitlines() if line.strip()]
        if isinstance(value, list):
            value = [self._line(one) if isinstance(one, str) else one for one in value]
        taken = super().take(value)
        if not all(isinstance(one, list) and len(one) > 1 and all(isinstance(t, str) for t in one) for one in taken):
            raise self.refuse("wrong_shape", _("This value has the wrong shape."))
        return taken

    def schema(self) -> dict[str, Any]:
        named = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 5}
        told = "A line as people write it, or [key, German label, English label, colour, whether retired]."
        return {"type": "array", "items": {"anyOf": [{"type": "string"}, named], "description": told}}

    @staticmethod
    def _line(line: str) -> list[str]:
        key, equals, rest = line.partition("=")
        german, _bar, english = (rest if equals else line).partition("|")
        german, english = german.strip(), english.strip()
        return [key.strip() if equals else words.fold(german).replace(" ", "_")[:60], german, english or german]

    def write(self, value: Any) -> str:
        return "\n".join(f"{key} = {' | '.join(dict.fromkeys(labels))}" for key, *labels in value or [])

    def show(self, value: Any) -> str:
        return ", ".join(labels[0] for _key, *labels in value or [])


def _is_text(value: Any) -> bool:
    """Whether all texts in it can be written down: halves of a character, as JSON may name them, cannot."""
    try:
        orjson.dumps(value, default=str)
    except orjson.JSONEncodeError:
        return False
    return True


def _depth(value: Any) -> int:
    todo, deepest = [(value, 1)], 0
    while todo:
        item, depth = todo.pop()
        deepest = max(deepest, depth)
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        todo.extend((i, depth + 1) for i in inner)
    return deepest
