"""Facts of a record's page as HTML. Written in Python and not in a template: a page has dozens of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from markupsafe import Markup

from klientel.kernel.web import symbols
from klientel.kernel.web.escaping import escaped as escape

Fact = Mapping[str, Any]


def props(some: Iterable[Fact], base: str = "") -> Markup:
    """Facts in a list of terms; ``base`` is the address of the record's page."""
    said = _("Edit: %(what)s"), _("Add …"), _("Where this value comes from")
    return Markup("".join([_prop(one, base, *said) for one in some]))  # noqa: S704 - every piece is escaped


def value(fact: Fact, base: str = "") -> Markup:
    """The value of one fact, and the way to change it."""
    return Markup(_value(fact, base, _("Edit: %(what)s"), _("Add …")))  # noqa: S704 - every piece is escaped


def _prop(fact: Fact, base: str, edit: str, add: str, source: str) -> str:
    wide = ' class="wide"' if fact["wide"] else ""
    way = fact["edit"]
    data = f' data-field="{escape(fact["name"])}" data-edit="{escape(way)}"' if way else ""
    label: str = escape(fact["label"])
    if base and fact["html"] != "":
        past = f"{escape(base)}history?field={escape(fact['name'])}"
        label = f'<a class="src" href="{past}" title="{escape(source)}">{label}</a>'
    return f"<div{wide}><dt>{label}</dt><dd{data}>{_value(fact, base, edit, add)}</dd></div>"


def _value(fact: Fact, base: str, edit: str, add: str) -> str:
    html = fact["html"]
    shown = f'<span class="shown">{html if fact.get("safe") else escape(html)}</span>' if html != "" else ""
    if not fact.get("edit", True):
        return shown
    css, inner = (" pen", symbols.icon("pencil")) if html != "" else ("", f'<span class="add">{escape(add)}</span>')
    said = escape(edit % {"what": fact["label"]} + ("" if html != "" else f". {add}"))  # names what is seen too
    way = f"{escape(base)}edit#f-{escape(fact.get('name', ''))}"
    return f'{shown}<a class="val{css}" href="{way}" role="button" aria-label="{said}">{inner}</a>'
