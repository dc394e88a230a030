"""Kinds made of text: one line, several lines, formatted, e-mail, phone, URL."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import filled, read_out
from klientel.kernel.kinds.base import Kind, region
from klientel.kernel.sql import Sql
from klientel.lib import emails, html, phones, urls

#: of the categories Cc and Cs, all but the line's end and the tab
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Text(Kind, models.CharField):  # type: ignore[misc,type-arg]
    """One line of text."""

    key = "text"
    plain_field: ClassVar[type[models.Field[Any, Any]]] = models.CharField
    operators: ClassVar[tuple[str, ...]] = (
        "is",
        "is_not",
        "contains",
        "not_contains",
        "starts",
        "one_of",
        "empty",
        "not_empty",
    )
    empty = ""
    lines: ClassVar[bool] = False

    def __init__(self, label: Any = "", *, max_length: int = 200, **kwargs: Any) -> None:
        super().__init__(label, max_length=max_length, **kwargs)

    def take(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.refuse("not_text", _("Please enter text."))
        text = value.strip() if value.isascii() and value.isprintable() else self._tidied(value)
        if self.max_length and len(text) > self.max_length:
            raise self.refuse(
                "too_long", filled(_("At most %(n)d characters are possible here."), {"n": self.max_length})
            )
        if self.required and not text:
            raise self.refuse("required", _("Please fill in this field."))
        return text

    def _tidied(self, value: str) -> str:
        text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
        if not self.lines and ("\n" in text or "\t" in text):
            text = " ".join(text.split())
        if not text.isprintable() and _CONTROLS.search(text):
            raise self.refuse("control_characters", _("This text contains characters that cannot be stored."))
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string"} | ({"maxLength": self.max_length} if self.max_length else {})

    def sample(self, n: int) -> Any:
        return f"{self.name} {n}"[: self.max_length or None]

    def order(self, alias: str) -> Sql:
        return Sql(f"lower({self.sql(alias).text})", self.sql(alias).params)


class Sentence(Text):
    """What Klientel wrote down for others to read (``errors.inscribed``): read in each reader's language."""

    def write(self, value: Any) -> str:
        return read_out(value or "")

    def told(self, value: Any) -> str:
        return read_out(value or "")


class LongText(Text):
    """Several lines of text."""

    key, widget, lines, sortable = "long_text", "textarea", True, False
    plain_field = models.TextField
    operators = ("contains", "not_contains", "empty", "not_empty")

    def __init__(self, label: Any = "", *, max_length: int = 20_000, **kwargs: Any) -> None:
        super().__init__(label, max_length=max_length, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        found, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_length", None)
        return found, path, args, kwargs

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        return {"type": "text", "check": None}

    def db_type(self, connection: Any) -> str:
        return "text"


class RichText(LongText):
    """Formatted text: HTML of a small allow-list, cleaned on the way in."""

    key, widget, cell = "rich_text", "rich", "rich"

    def take(self, value: Any) -> str:
        return html.sanitise(super().take(value))

    def sample(self, n: int) -> str:
        return f"<p>{self.name} {n}</p>"

    def show(self, value: Any) -> str:
        return html.html_to_text(value or "")


class Email(Text):
    """An e-mail address, normalised."""

    key, widget, cell = "email", "email", "email"

    def __init__(self, label: Any = "", *, max_length: int = 254, **kwargs: Any) -> None:
        super().__init__(label, max_length=max_length, **kwargs)

    def take(self, value: Any) -> str:
        text = super().take(value)
        try:
            return emails.read_email(text)
        except ValueError:
            raise self.refuse("not_an_email", _("This is not a valid e-mail address.")) from None

    def schema(self) -> dict[str, Any]:
        return super().schema() | {"format": "email"}

    def sample(self, n: int) -> str:
        return f"person{n}@example.org"


class Phone(Text):
    """A telephone number, kept as E.164 (ITU-T), with ``;ext=`` where it has an extension."""

    key, widget, cell = "phone", "tel", "phone"

    def __init__(self, label: Any = "", *, max_length: int = 40, **kwargs: Any) -> None:
        super().__init__(label, max_length=max_length, **kwargs)

    def take(self, value: Any) -> str:
        text = super().take(value)
        try:
            return phones.stored_phone(text, region())
        except ValueError:
            raise self.refuse("not_a_phone", _("This is not a valid phone number.")) from None

    def show(self, value: Any) -> str:
        return phones.show_phone(value) if value else ""

    def sample(self, n: int) -> str:
        return f"+4930{5_000_000 + n % 900_000}"


class Url(Text):
    """A web address (http or https)."""

    key, widget, cell = "url", "url", "url"

    def __init__(self, label: Any = "", *, max_length: int = 500, **kwargs: Any) -> None:
        super().__init__(label, max_length=max_length, **kwargs)

    def take(self, value: Any) -> str:
        text = super().take(value)
        try:
            return urls.read_url(text)
        except ValueError:
            raise self.refuse("not_a_url", _("This is not a valid web address.")) from None

    def schema(self) -> dict[str, Any]:
        return super().schema() | {"format": "uri"}

    def sample(self, n: int) -> str:
        return f"https://example.org/{n}"
