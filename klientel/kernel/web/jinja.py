"""The template environment: translations, filters for people, and the few functions every template may call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib.messages import get_messages
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext, npgettext, pgettext
from jinja2 import Environment
from markupsafe import Markup, escape

from klientel.kernel.web import shell, symbols
from klientel.lib import dates, numbers

TONES = {"success": ("ok", "circle-check"), "error": ("bad", "circle-alert"), "warning": ("warn", "triangle-alert")}


def environment(**options: Any) -> Environment:
    """The Jinja2 environment for ``TEMPLATES``; everything is escaped, whatever the file is called."""
    options["autoescape"] = True
    env = Environment(**{"trim_blocks": True, "lstrip_blocks": True, **options})
    env.add_extension("jinja2.ext.i18n")
    env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    env.filters |= {"date": date, "datetime": moment, "time": clock, "number": number, "relative": relative}
    env.globals |= {
        "static": static, "url": url, "icon": symbols.icon, "avatar": symbols.avatar, "language": language,
        "theme_attributes": shell.theme_attributes, "shell_of": shell.shell_of, "script_words": shell.script_words,
        "flashes": flashes, "attributes": attributes,
    }
    return env


def url(name: str, *args: Any, **query: Any) -> str:
    """The address of a named route, with a query where one is given (empty values are left out)."""
    return with_query(reverse(name, args=args), query)


def with_query(path: str, query: dict[str, Any]) -> str:
    """``path`` with ``query``; empty values are left out."""
    return path + ("?" + shell.urlencoded(query) if any(v not in (None, "") for v in query.values()) else "")


def language() -> str:
    """The language of this page, for ``<html lang>``."""
    return (get_language() or "en").split("-")[0]


def date(value: dt.date | None) -> str:
    """A day as people write it."""
    return dates.show_date(value, language()) if value else ""


def moment(value: dt.datetime | None) -> str:
    """Date and time in the active time zone."""
    return dates.show_datetime(timezone.localtime(value), language()) if value else ""


def clock(value: dt.datetime | None) -> str:
    """The time of day in the active time zone."""
    return timezone.localtime(value).strftime("%H:%M") if value else ""


def number(value: Any) -> str:
    """A number with the separators of the language."""
    return "" if value is None else numbers.show(value, language())


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


def attributes(pairs: dict[str, Any]) -> Markup:
    """HTML attributes: ``True`` alone, ``None`` and ``False`` left out."""
    parts = [f" {k}" if v is True else f' {k}="{escape(v)}"' for k, v in pairs.items() if v not in (None, False)]
    return Markup("".join(parts))  # noqa: S704 - every value is escaped, names come from templates


def flashes(request: Any) -> Iterable[dict[str, Any]]:
    """Messages of the last request, with tone and icon."""
    if not hasattr(request, "_messages"):
        return
    for message in get_messages(request):
        tone, symbol = TONES.get(message.level_tag, ("info", "info"))
        yield {"text": message.message, "tone": tone, "icon": symbol}
