"""Kinds of time: a date, and an instant."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds.base import Kind, zone
from klientel.lib import dates

_WHEN = ("is", "before", "after", "between", "during", "within", "older", "empty", "not_empty")


class Date(Kind, models.DateField):  # type: ignore[misc,type-arg]
    """A day of the calendar, without a time zone."""

    key, widget, cell = "date", "date", "date"
    plain_field = models.DateField
    operators = (*_WHEN, "anniversary")
    db_type_name = "date"

    def take(self, value: Any) -> dt.date:
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.date):
            return value
        try:
            return dates.read_date(value) if isinstance(value, str) else self._wrong()
        except ValueError:
            return self._wrong()

    def read(self, text: str) -> Any:
        """A cell; a time of day behind the day is left out, as a moment of an export says when it was to the second."""
        return self.accept(dates.without_time(text.strip()))

    def _wrong(self) -> dt.date:
        raise self.refuse("not_a_date", _("Please enter a date, such as 21.11.2026."))

    def plain(self, value: Any) -> Any:
        return None if value is None else value.isoformat()

    def write(self, value: Any) -> str:
        return "" if value is None else value.isoformat()

    def show(self, value: Any) -> str:
        return dates.format_date(value, get_language() or "en") if value else ""

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "null"], "format": "date"}

    def sample(self, n: int) -> dt.date:
        return dt.date(2026, 1, 1) + dt.timedelta(days=n % 3000)


class DateTime(Kind, models.DateTimeField):  # type: ignore[misc,type-arg]
    """An instant; read and shown in the tenant's time zone, kept in UTC."""

    key, widget, cell = "date_time", "datetime", "datetime"
    plain_field = models.DateTimeField
    operators = _WHEN
    db_type_name = "timestamptz"

    def take(self, value: Any) -> dt.datetime:
        if isinstance(value, dt.datetime):
            return value if value.tzinfo else value.replace(tzinfo=zone())
        try:
            if isinstance(value, str):
                return dates.read_datetime(value, zone()).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            pass
        raise self.refuse("not_a_time", _("Please enter date and time, such as 21.11.2026 14:05."))

    def plain(self, value: Any) -> Any:
        return None if value is None else value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")

    def write(self, value: Any) -> str:
        return "" if value is None else self.plain(value)

    def show(self, value: Any) -> str:
        return dates.format_datetime(value, zone(), get_language() or "en") if value else ""

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "null"], "format": "date-time"}

    def sample(self, n: int) -> dt.datetime:
        return dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC) + dt.timedelta(hours=n % 30000)
