"""Kinds one chooses from: one of a list, several of a list, country, language, yes or no."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.kernel.kinds.base import Kind
from klientel.kernel.kinds.bounds import not_among
from klientel.kernel.kinds.text import Text
from klientel.kernel.sql import Sql
from klientel.lib import countries, words


def _pairs(kind: Choice | Choices) -> Iterable[tuple[Any, Any]]:
    """Keys and labels as they are now; a label is translated when somebody reads it."""
    found: Iterable[tuple[Any, Any]] = kind.of() if callable(kind.of) else kind.of
    return found


def _unknown(kind: Choice | Choices) -> Refused:
    return kind.refuse("not_a_choice", not_among(label for key, label in _pairs(kind) if key not in kind.retired))


class Choice(Text):
    """One of a list, or of what a function says now. Stored by key; labels are translated and may change."""

    key, widget, cell = "choice", "select", "choice"
    operators = ("is", "is_not", "one_of", "none_of", "empty", "not_empty")

    def __init__(
        self,
        label: Any = "",
        of: Any = (),
        *,
        max_length: int = 60,
        tones: Any = None,
        retired: frozenset[str] = frozenset(),
        **kwargs: Any,
    ) -> None:
        self.of: Any = of if callable(of) and not hasattr(of, "choices") else tuple(getattr(of, "choices", of))
        self.tones: dict[str, str] = tones or {}
        self.retired = retired  # kept where they stand, offered no more
        super().__init__(label, max_length=max_length, **kwargs)

    def options(self) -> list[tuple[str, str]]:
        return [(str(v), str(text)) for v, text in _pairs(self)]

    def take(self, value: Any) -> str:
        if isinstance(value, str):
            for key, _label in _pairs(self):  # labels are not translated for this
                if value == str(key):
                    return str(key)
        raise _unknown(self)

    def read(self, text: str) -> Any:
        wanted = words.fold(text)
        for key, label in self.options():
            if wanted and wanted in (words.fold(key), words.fold(label)):
                return key
        return self.accept(text.strip())

    def write(self, value: Any) -> str:
        return self.show(value)

    def show(self, value: Any) -> str:
        for key, label in _pairs(self):  # only this one label is translated
            if value == str(key):
                return str(label)
        return value or ""

    def schema(self) -> dict[str, Any]:
        keys = [k for k, _label in self.options()]
        return {"type": "string", "enum": keys if self.required else ["", *keys]}

    def sample(self, n: int) -> str:
        options = self.options()
        return options[n % len(options)][0]

    def order(self, alias: str) -> Sql:
        return self.sql(alias)


class Choices(Kind, ArrayField):  # type: ignore[misc,type-arg]
    """Several of a list, or of what a function says now."""

    key, widget, cell, sortable = "choices", "multiselect", "choices", False
    plain_field = ArrayField
    operators = ("contains_one", "contains_all", "contains_none", "empty", "not_empty")
    empty: ClassVar[Any] = []
    db_type_name = "jsonb"

    def __init__(self, label: Any = "", of: Any = (), *, retired: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        self.of: Any = of if callable(of) and not hasattr(of, "choices") else tuple(getattr(of, "choices", of))
        self.retired = retired
        kwargs.setdefault("base_field", models.CharField(max_length=60))
        super().__init__(label, **kwargs)

    def options(self) -> list[tuple[str, str]]:
        return [(str(v), str(text)) for v, text in _pairs(self)]

    def take(self, value: Any) -> list[str]:
        if isinstance(value, str):
            value = [value]
        known = [k for k, _label in self.options()]
        if not isinstance(value, list | tuple) or any(v not in known for v in value):
            raise _unknown(self)
        return [k for k in known if k in value]

    def read(self, text: str) -> Any:
        by_word = {words.fold(w): k for k, label in self.options() for w in (k, label)}
        parts = [p for p in (words.fold(part) for part in text.replace(";", ",").split(",")) if p]
        if any(p not in by_word for p in parts):
            raise _unknown(self)
        return self.accept([by_word[p] for p in parts])

    def write(self, value: Any) -> str:
        """The labels; the key where a label holds what stands between them."""
        pairs = zip(value or [], self.labels(value), strict=True)
        return ", ".join(key if {",", ";"} & set(label) else label for key, label in pairs)

    def labels(self, value: Any) -> list[str]:
        """The labels of the chosen values."""
        known = dict(self.options())
        return [known.get(v, v) for v in value or []]

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "enum": [k for k, _label in self.options()]}}

    def sample(self, n: int) -> list[str]:
        options = self.options()
        return [options[n % len(options)][0]] if options else []


class Country(Choice):
    """A country by its ISO 3166-1 alpha-2 code."""

    key, widget, cell = "country", "country", "choice"

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        super().__init__(label, (), max_length=2, **{k: v for k, v in kwargs.items() if k != "max_length"})

    def options(self) -> list[tuple[str, str]]:
        return countries.country_choices(get_language() or "en")

    def take(self, value: Any) -> str:
        try:
            return countries.read_country(value if isinstance(value, str) else "")
        except ValueError:
            raise self.refuse("not_a_country", _("This is not a country we know.")) from None

    def read(self, text: str) -> Any:
        return self.accept(text.strip())

    def show(self, value: Any) -> str:
        return countries.country_name(value, get_language() or "en") if value else ""

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": 2}

    def sample(self, n: int) -> str:
        return ("DE", "AT", "CH", "LI", "LU")[n % 5]


class Language(Choice):
    """A language by its ISO 639-1 code."""

    key, widget, cell = "language", "language", "choice"

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        super().__init__(label, (), max_length=8, **{k: v for k, v in kwargs.items() if k != "max_length"})

    def options(self) -> list[tuple[str, str]]:
        return countries.language_choices(get_language() or "en")

    def take(self, value: Any) -> str:
        try:
            return countries.read_language(value if isinstance(value, str) else "")
        except ValueError:
            raise self.refuse("not_a_language", _("This is not a language we know.")) from None

    def read(self, text: str) -> Any:
        return self.accept(text.strip())

    def show(self, value: Any) -> str:
        return countries.language_name(value, get_language() or "en") if value else ""

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": 8}

    def sample(self, n: int) -> str:
        return ("de", "en", "fr", "it", "pl")[n % 5]


_YES = {"1", "ja", "j", "yes", "y", "true", "wahr", "x", "on", "oui", "si"}
_NO = {"0", "nein", "n", "no", "false", "falsch", "off", "non", ""}


class YesNo(Kind, models.BooleanField):  # type: ignore[misc,type-arg]
    """Yes or no; without a value it is no."""

    key, widget, cell = "yes_no", "checkbox", "yes_no"
    tone = ""  # where yes is a sign: its colour; lists show the label instead of a tick
    plain_field = models.BooleanField
    operators = ("yes", "no")
    empty: ClassVar[Any] = False
    db_type_name = "boolean"

    def take(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value).strip().casefold() if isinstance(value, str | int) else "?"
        if word in _YES or word in _NO:
            return word in _YES
        raise self.refuse("not_yes_no", _("Please answer yes or no."))

    def accept(self, value: Any) -> Any:
        return False if value is None or value == "" else self.take(value)

    def is_empty(self, value: Any) -> bool:
        return value is None

    def write(self, value: Any) -> str:
        return now("yes") if value else now("no")

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def sample(self, n: int) -> bool:
        return n % 2 == 1
