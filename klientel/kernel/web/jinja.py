"""The template environment: translations, filters for people, and the few functions every template may call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.messages import get_messages
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext, ngettext, npgettext, pgettext
from markupsafe import Markup, escape

from klientel.kernel.access.uses import uses
from klientel.kernel.errors import read_out
from klientel.kernel.records import type_of
from klientel.kernel.twins.saying import because
from klientel.kernel.web import cells, invited, keeping, props, shell, speech, symbols, telling
from klientel.kernel.web.addresses import place, urlencoded
from klientel.kernel.web.compiling import Languages, Sentences, Speaking

TONES = {"success": ("ok", "circle-check"), "error": ("bad", "circle-alert"), "warning": ("warn", "triangle-alert")}


def environment(**options: Any) -> Languages:
    """The Jinja2 environments for ``TEMPLATES``, one a language; everything is escaped, whatever the file is called."""
    chosen = {"trim_blocks": True, "lstrip_blocks": True, "cache_size": -1, **options, "autoescape": True}
    return Languages(lambda language: _speaking(language, chosen))


FILTERS = {
    "date": speech.date,
    "datetime": speech.moment,
    "time": speech.clock,
    "number": speech.number,
    "percent": speech.percent,
    "relative": speech.relative,
    "anew": speech.anew,
    "large": speech.large,
    "read_out": read_out,
}


def _speaking(language: str, chosen: dict[str, Any]) -> Speaking:
    env = Speaking(**chosen)
    env.language = language
    env.add_extension(Sentences)
    env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    env.filters |= FILTERS
    env.fixed = {"static": static, "url": url, "icon": symbols.icon}
    env.globals |= env.fixed | {
        "because": because,
        "avatar": symbols.avatar,
        "face": cells.face,
        "language": speech.language,
        "theme_attributes": shell.theme_attributes,
        "shell_of": shell.shell_of,
        "script_words": shell.script_words,
        "flashes": flashes,
        "kept": keeping.kept,
        "once": keeping.once,
        "HERE": keeping.HERE,
        "told_events": telling.events,
        "props": props.props,
        "attributes": attributes,
        "invitations_waiting": lambda: invited.sent(waiting=True),
        "record_url": cells.record_url,
        "type_of": type_of,
        "uses_of": uses,
        "when": lambda step: speech.due(step.at),
    }
    return env


def url(name: str, *args: Any, **query: Any) -> str:
    """The address of a named route, with a query where one is given (empty values are left out)."""
    return with_query(place(name, *args), query)


def with_query(path: str, query: dict[str, Any]) -> str:
    """``path`` with ``query``; empty values are left out."""
    return path + ("?" + urlencoded(query) if any(v not in (None, "") for v in query.values()) else "")


def attributes(pairs: dict[str, Any]) -> Markup:
    """HTML attributes: ``True`` alone, ``None`` and ``False`` left out."""
    parts = [f" {k}" if v is True else f' {k}="{escape(v)}"' for k, v in pairs.items() if v not in (None, False)]
    return Markup("".join(parts))  # noqa: S704 - every value is escaped, names come from templates


def flashes(request: Any) -> Iterable[dict[str, Any]]:
    """Messages of the last request, with tone and icon."""
    if request is None or not hasattr(request, "_messages"):
        return
    for message in get_messages(request):
        tone, symbol = TONES.get(message.level_tag, ("info", "info"))
        toast = (message.extra_tags or "").split(":", 1)
        undo = reverse("undo", args=[toast[1]]) if len(toast) > 1 and toast[0] == "undo" else ""
        yield {
            "text": message.message,
            "tone": tone,
            "icon": symbol,
            "undo": undo,
            "toast": toast[0] in ("undo", "toast"),
        }
