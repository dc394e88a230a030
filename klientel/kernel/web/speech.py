"""Dates, times and numbers as people say them, in the language and time zone of the request."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, npgettext, pgettext
from markupsafe import Markup, escape

from klientel.kernel.kinds import zone
from klientel.lib import dates, numbers

#: within so many days a date is said without its year
SOON = 180


def language() -> str:
    """The language of this page, for ``<html lang>``."""
    return (get_language() or "en").split("-")[0]


def date(value: dt.date | None) -> str:
    """A day as people write it."""
    return dates.format_date(value, language()) if value else ""


def moment(value: dt.datetime | None) -> str:
    """Date and time in the active time zone."""
    return dates.format_datetime(value, zone(), language()) if value else ""


def clock(value: dt.datetime | None) -> str:
    """The time of day in the active time zone."""
    return timezone.localtime(value).strftime("%H:%M") if value else ""


def number(value: Any) -> str:
    """A number with the separators of the language."""
    return "" if value is None else numbers.format_decimal(Decimal(value), language())


def percent(value: Any) -> str:
    """A share of a hundred as the language writes it."""
    return "" if value is None else numbers.format_percent(Decimal(value), language())


def relative(value: dt.datetime | None) -> Markup:
    """``<time>`` in words up to seven days, with the absolute time as its title; the script keeps it fresh."""
    return Markup("") if value is None else Now().relative(value)


def spoken(value: dt.datetime) -> str:
    """How long ago, or when: in words up to seven days, else the date."""
    return Now().spoken(value)


class Now:
    """The present moment, language and time zone of a page: worked out once for all the times it says."""

    def __init__(self) -> None:
        self._at, self._zone, self._language = timezone.now(), timezone.get_current_timezone(), language()
        self._today = self._at.astimezone(self._zone).date()
        self._days: dict[dt.date, str] = {}
        self._said: dict[tuple[str, int], str] = {}
        self._stamp = self._at.timestamp()
        self._told: dict[tuple[float, float], Markup] = {}  # by the minute, and how many minutes it is ago

    def relative(self, value: dt.datetime) -> Markup:
        """As the function of this name. Many records of a page changed within the same minute."""
        stamp = value.timestamp()
        key = stamp // 60, (self._stamp - stamp) // 60
        found = self._told.get(key)
        if found is None:
            found = self._told[key] = self._relative(value)
        return found

    def _relative(self, value: dt.datetime) -> Markup:
        local = value.astimezone(self._zone)
        day, text = self._date(local.date()), self._spoken(value, local)
        full = f"{local.hour:02}:{local.minute:02}"
        if text != day:
            full = f"{day}, {full}"
        return Markup(  # noqa: S704 - digits, and escaped
            f'<time datetime="{value.isoformat(timespec="minutes")}" title="{full}" data-ago>{escape(text)}</time>'
        )

    def moment(self, value: dt.datetime) -> str:
        """As the function of this name."""
        local = value.astimezone(self._zone)
        return f"{self._date(local.date())}, {local.hour:02}:{local.minute:02}"

    def clock(self, value: dt.datetime) -> str:
        """As the function of this name."""
        local = value.astimezone(self._zone)
        return f"{local.hour:02}:{local.minute:02}"

    def spoken(self, value: dt.datetime) -> str:
        """As the function of this name."""
        return self._spoken(value, value.astimezone(self._zone))

    def _date(self, day: dt.date) -> str:
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = dates.format_date(day, self._language)
        return found

    def _spoken(self, value: dt.datetime, local: dt.datetime) -> str:
        seconds = (self._at - value).total_seconds()
        if 0 <= seconds < 3600:
            return self._ago("minute" if seconds >= 60 else "now", int(seconds // 60))
        days = (self._today - local.date()).days
        if days == 0 and 0 <= seconds < 6 * 3600:
            return self._ago("hour", int(seconds // 3600))
        if days in (0, 1, -1):
            clock_time = f"{local.hour:02}:{local.minute:02}"
            return clock_time if days == 0 else self._ago("near", days) % {"t": clock_time}
        return self._ago("day", days) if 0 < days <= 7 else self._date(local.date())

    def _ago(self, unit: str, n: int) -> str:
        found = self._said.get((unit, n))
        if found is None:
            found = self._said[unit, n] = _ago(unit, n)
        return found


def _ago(unit: str, n: int) -> str:
    match unit:
        case "now":
            return gettext("just now")
        case "minute":
            return npgettext("how long ago", "%(n)d minute ago", "%(n)d minutes ago", n) % {"n": n}
        case "hour":
            return npgettext("how long ago", "%(n)d hour ago", "%(n)d hours ago", n) % {"n": n}
        case "day":
            return npgettext("how long ago", "%(n)d day ago", "%(n)d days ago", n) % {"n": n}
        case _:
            return gettext("yesterday, %(t)s") if n == 1 else gettext("tomorrow, %(t)s")


def due(at: dt.date | dt.datetime | None) -> str:
    """When something is due: today, tomorrow, else weekday and date; with the time where there is one."""
    if at is None:
        return gettext("without a day")
    local = timezone.localtime(at) if isinstance(at, dt.datetime) else None
    day = local.date() if local else at
    days = (day - timezone.localdate()).days
    if days < -SOON or days > SOON:
        return date(day)
    near = {0: gettext("today"), 1: gettext("tomorrow"), -1: gettext("yesterday")}
    text = near.get(days) or date_format(day, pgettext("date without the year", "D, j M"))
    return f"{text}, {local.strftime('%H:%M')}" if local else text


def anew(label: Any) -> str:
    """What a button and a heading say where one is made: "New person"."""
    return large(gettext("New %(what)s") % {"what": label})


def large(text: Any) -> str:
    """With a large first letter, as at the beginning of a heading; the rest as it is."""
    plain = str(text)
    return plain[:1].upper() + plain[1:]
