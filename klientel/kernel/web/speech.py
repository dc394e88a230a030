"""Dates, times and numbers as people say them, in the language and time zone of the request."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext, pgettext
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


def relative(value: dt.datetime | None) -> Markup:
    """``<time>`` in words up to seven days, with the absolute time as its title; the script keeps it fresh."""
    if value is None:
        return Markup("")
    text, full = escape(spoken(value)), escape(moment(value))
    return Markup(f'<time datetime="{value.isoformat()}" title="{full}" data-ago>{text}</time>')  # noqa: S704 - escaped


def spoken(value: dt.datetime) -> str:
    """How long ago, or when: in words up to seven days, else the date."""
    seconds = (timezone.now() - value).total_seconds()
    if 0 <= seconds < 60:
        return gettext("just now")
    if 0 <= seconds < 3600:
        minutes = int(seconds // 60)
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    days = (timezone.localdate() - timezone.localtime(value).date()).days
    if days == 0:
        return clock(value) if seconds < 0 or seconds >= 6 * 3600 else _hours(int(seconds // 3600))
    if days in (1, -1):
        return (gettext("yesterday, %(t)s") if days == 1 else gettext("tomorrow, %(t)s")) % {"t": clock(value)}
    if 0 < days <= 7:
        return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}
    return date(timezone.localtime(value).date())


def _hours(hours: int) -> str:
    return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}


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


def large(text: Any) -> str:
    """With a large first letter, as at the beginning of a heading; the rest as it is."""
    plain = str(text)
    return plain[:1].upper() + plain[1:]
