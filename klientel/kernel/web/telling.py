"""Events of a timeline as HTML. Written in Python and not in a template: a page has thirty, each of a dozen pieces."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from markupsafe import Markup

from klientel.kernel.web import symbols
from klientel.kernel.web.escaping import escaped as escape
from klientel.kernel.web.speech import Now

MOST_LINES = 6


def events(some: list[Any]) -> Markup:
    """The items of one day."""
    now, why = Now(), escape(_("Why?"))
    return Markup("\n".join([_event(one, now, why) for one in some]))  # noqa: S704 - every piece is escaped


def _event(ev: Any, now: Now, asks: str) -> str:
    facts = "".join([f' <span class="faint">· {escape(fact)}</span>' for fact in ev.facts])
    body = f'<div class="bx note">{escape(ev.body)}</div>' if ev.body else ""
    why = f' <a class="link xs" href="{escape(ev.why)}">{asks}</a>' if ev.why else ""
    return (
        f'<li class="ev"><span class="ic {escape(ev.css)}">{symbols.icon(ev.icon)}</span><div><div class="hd">'
        f"<span><b>{escape(ev.who)}</b> {_what(ev)}{facts}{why}</span>"
        f'<time datetime="{ev.at.isoformat()}" title="{now.moment(ev.at)}">{now.clock(ev.at)}</time></div>'
        f"{body}{_lines(ev.lines) if ev.lines else ''}</div></li>"
    )


def _what(ev: Any) -> str:
    what = escape(ev.what)
    if not ev.url:
        return what
    if ev.body and not ev.facts:
        return f'<a class="link" href="{escape(ev.url)}">{what}</a>'
    return f'{what}{" " if ev.created else ": "}<a class="link" href="{escape(ev.url)}">{escape(ev.title)}</a>'


def _lines(lines: list[Any]) -> str:
    made = []
    for line in lines[:MOST_LINES]:
        old = f'<del>{escape(line.old)}</del> <span aria-hidden="true">→</span> ' if line.old != "" else ""
        new = f"<ins>{escape(line.new)}</ins>" if line.new != "" else f'<span class="faint">{escape(_("empty"))}</span>'
        made.append(f"<div><dt>{escape(line.label)}</dt><dd>{old}{new}</dd></div>")
    if len(lines) > MOST_LINES:
        made.append(f'<div><dt></dt><dd class="faint">+{len(lines) - MOST_LINES}</dd></div>')
    return f'<dl class="diff">{"".join(made)}</dl>'
