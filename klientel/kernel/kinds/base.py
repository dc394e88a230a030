"""What every kind of field answers: column, parameter, operators, cell of a table, JSON, privacy.

A kind is a Django field too. Presentation facts never reach a migration: ``deconstruct`` returns the plain
Django field,
so that a new label is no schema change and old migrations never import this package.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.kernel.sql import Sql, name


class Privacy(StrEnum):
    """What a field says about a person, and so what access report and erasure do with it."""

    PUBLIC = "public"  # nothing about a person
    PERSONAL = "personal"  # identifies or describes a person: reported and erased
    SENSITIVE = "sensitive"  # personal, and hidden unless a grant names it


class Kind:
    """What a field adds to its Django base. Mixed in first."""

    key: ClassVar[str]
    plain_field: ClassVar[type[models.Field[Any, Any]]]
    operators: ClassVar[tuple[str, ...]] = ("is", "is_not", "empty", "not_empty")
    widget: ClassVar[str] = "text"
    cell: ClassVar[str] = "text"
    db_type_name: ClassVar[str] = "text"  # what a value in jsonb is cast to
    empty: ClassVar[Any] = None
    sortable: ClassVar[bool] = True
    listed: ClassVar[bool] = True  # may be a column of a list
    computed: ClassVar[bool] = False  # worked out, never stored (kinds/computed.py)

    label: Any
    privacy: Privacy
    search: str
    name: str
    verbose_name: Any
    help_text: Any
    custom: bool
    null: bool

    def __init__(
        self,
        label: Any = "",
        *,
        privacy: Privacy = Privacy.PUBLIC,
        search: str = "",
        required: bool = False,
        help_text: Any = "",
        name: str | None = None,
        custom: bool = False,
        readonly: bool = False,
        reverse: Any = "",
        **kwargs: Any,
    ) -> None:
        self.privacy, self.search, self.custom, self.readonly, self.reverse = privacy, search, custom, readonly, reverse
        self.required = required
        kwargs.setdefault("blank", not required)
        if self.empty is None:
            kwargs.setdefault("null", not required)
        else:
            kwargs.setdefault("default", self._default(self.empty))
        super().__init__(verbose_name=label or None, help_text=help_text, name=name, **kwargs)  # type: ignore[call-arg]
        if custom and name:
            self.attname = self.column = name

    @staticmethod
    def _default(empty: Any) -> Any:
        return type(empty) if isinstance(empty, list | dict) else empty

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """The plain Django field a migration sees."""
        field_name, _path, args, kwargs = super().deconstruct()  # type: ignore[misc]
        absent = ("verbose_name", "help_text", "choices", "blank")
        kwargs = {k: v for k, v in kwargs.items() if k not in absent}
        return field_name, f"{self.plain_field.__module__}.{self.plain_field.__name__}", args, kwargs

    def clone(self) -> Any:
        """The plain field, for Django's migration state."""
        _name, _path, args, kwargs = self.deconstruct()
        return self.plain_field(*args, **kwargs)

    # -- values ---------------------------------------------------------------------------------------------------

    def accept(self, value: Any) -> Any:
        """JSON-like input to the canonical value; :class:`Refused` with this field where it is wrong."""
        if value is None or value == "" or (self.required and self.is_empty(value)):
            if self.required:
                raise self.refuse("required", _("Please fill in this field."))
            return self.blank_value()
        return self.take(value)

    def blank_value(self) -> Any:
        """A fresh empty value."""
        return type(self.empty)() if isinstance(self.empty, list | dict) else self.empty

    def take(self, value: Any) -> Any:
        """A non-empty value of this kind, checked."""
        raise NotImplementedError

    def plain(self, value: Any) -> Any:
        """A canonical value as JSON."""
        return value

    def told(self, value: Any) -> Any:
        """The same for a program that asks, in the active language where it is words."""
        return self.plain(value)

    def read(self, text: str) -> Any:
        """A cell of a table to a canonical value; German and ISO forms."""
        return self.accept(text.strip())

    def write(self, value: Any) -> str:
        """A canonical value to a cell; ``read(write(v)) == v``."""
        return "" if value is None else str(value)

    def show(self, value: Any) -> str:
        """A canonical value for people, in the active language."""
        return self.write(value)

    def typed(self, value: Any) -> Any:
        """A canonical value as a person would type it into its field; accepted again as the same."""
        return value

    def is_empty(self, value: Any) -> bool:
        """Whether the value says nothing."""
        return value is None or value == "" or value == [] or value == {}

    def schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of a value."""
        return {"type": "string"}

    def options(self) -> list[tuple[str, str]]:
        """The values to choose from, with labels; empty where one does not choose."""
        return []

    def sample(self, n: int) -> Any:
        """A valid value (canonical, JSON-like), different for different ``n`` where the kind allows."""
        raise NotImplementedError

    def refuse(self, code: str, message: Any) -> Refused:
        """A refusal at this field."""
        return Refused(code, message, self.name)

    # -- SQL ------------------------------------------------------------------------------------------------------

    def sql(self, alias: str) -> Sql:
        """The stored value as an SQL expression."""
        if not self.custom:
            return Sql(f"{alias}.{name(self.name)}")
        if self.db_type_name == "jsonb":
            return Sql(f"({alias}.extra->%s)", (self.name,))
        if self.db_type_name == "text":
            return Sql(f"({alias}.extra->>%s)", (self.name,))
        return Sql(f"(({alias}.extra->>%s)::{self.db_type_name})", (self.name,))

    def order(self, alias: str) -> Sql:
        """The expression a list is sorted by."""
        return self.sql(alias)

    def from_database(self, value: Any) -> Any:
        """What :meth:`sql` yields, as the canonical value."""
        return value

    def from_plain(self, value: Any) -> Any:
        """What :meth:`plain` gave, as the canonical value: for custom fields and for undo."""
        return self.blank_value() if value is None or value == "" else self.take(value)


def zone() -> ZoneInfo:
    """The time zone dates are read and shown in: the tenant's, made active by the request or job."""
    return ZoneInfo(timezone.get_current_timezone_name())


_day: ContextVar[dt.date | None] = ContextVar("day", default=None)


def today() -> dt.date:
    """Today, where the tenant is; the day that is looked at, inside :func:`looking_at`."""
    return _day.get() or timezone.localdate()


@contextmanager
def looking_at(day: dt.date) -> Iterator[None]:
    """Inside this block conditions such as "in the last 7 days" speak of another day than today."""
    token = _day.set(day)
    try:
        yield
    finally:
        _day.reset(token)


_place: ContextVar[tuple[str, str]] = ContextVar("place", default=("DE", "EUR"))


def at_home_in(country: str, currency: str) -> None:
    """Say the tenant's country and currency, for numbers and amounts given without one."""
    _place.set((country, currency))


def region() -> str:
    """The country that a phone number without one is taken to be of (ISO 3166-1)."""
    return _place.get()[0]


def currency_of_tenant() -> str:
    """The currency of an amount given without one (ISO 4217)."""
    return _place.get()[1]
