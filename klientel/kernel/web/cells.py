"""How values look: one renderer per column, made before the first row, so that a cell costs next to nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.utils.translation import gettext as _
from markupsafe import Markup, escape

from klientel.kernel.access.reading import Name
from klientel.kernel.kinds import PURPOSES, STATES, Entries, Kind
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.web import speech, symbols
from klientel.kernel.web.addresses import place
from klientel.kernel.web.escaping import escaped

Names = Mapping[UUID, Name]
#: makes HTML of a value
Renderer = Callable[[Any], str]

NOTHING = Markup("")


def cell(kind: Kind, names: Names) -> Callable[[Any], Markup]:
    """What shows a value of this kind in a list."""
    made = html(kind, names)
    return lambda value: Markup(made(value))  # noqa: S704 - escaped


def html(kind: Kind, names: Names) -> Callable[[Any], str]:
    """As :func:`cell`, as plain text and for hundreds of them: it remembers what it made, columns repeat themselves."""
    make = _CELLS.get(kind.cell, _shown)(kind, names)
    if kind.db_type_name == "jsonb":  # lists and dicts are no keys
        return lambda value: make(value) if value else ""
    known: dict[Any, str] = {None: "", "": ""}

    def render(value: Any) -> str:
        try:
            return known[value]
        except KeyError:
            found = known[value] = make(value)
            return found
        except TypeError:
            return make(value) if value else ""

    return render


def css_of(kind: Kind) -> str:
    """The class of a column: its width, and its side."""
    return {"number": "w-num r num", "money": "w-num r num"}.get(kind.cell, f"w-{kind.cell.replace('_', '-')}")


def edit_of(kind: Kind) -> str:
    """How a cell is edited in place: ``menu``, ``text`` or not at all."""
    if kind.cell in ("json", "file", "rich", "lines") or kind.widget in ("json", "lines"):
        return ""
    return "menu" if kind.widget in ("select", "checkbox") else "text"


def tag(text: Any, tone: str = "", css: str = "dot") -> Markup:
    """A mark; its colour never says anything that the word does not."""
    return Markup(f'<span class="tag {escape(css)} {escape(tone)}">{escape(text)}</span>')  # noqa: S704 - escaped


def record_url(key: str, record_id: Any) -> str:
    """The address of a record's page."""
    return f"{place('list', type_of(key).slug)}{record_id}/"


def person_like(rtype: RecordType) -> bool:
    """Whether its avatar is round."""
    return rtype.personal or rtype.key == "kernel.member"


def _shown(kind: Kind, _names: Names) -> Renderer:
    return lambda value: escaped(kind.show(value))


def _short(kind: Kind, _names: Names) -> Renderer:
    return lambda value: escaped(kind.show(value)[:160])


def _choice(kind: Kind, names: Names) -> Renderer:
    tones = getattr(kind, "tones", {})
    if not tones:
        return _shown(kind, names)
    return lambda value: tag(kind.show(value), tones.get(value, ""))


def _choices(kind: Any, _names: Names) -> Renderer:
    return lambda value: Markup("").join(tag(label, css="line") for label in kind.labels(value))


def _yes_no(kind: Kind, _names: Names) -> Renderer:
    if tone := getattr(kind, "tone", ""):
        sign = tag(kind.verbose_name, tone)
        return lambda value: sign if value else NOTHING
    yes = Markup(f'{symbols.icon("check")}<span class="vh">{escape(_("yes"))}</span>')  # noqa: S704 - escaped
    return lambda value: yes if value else NOTHING


def _moment(_kind: Kind, _names: Names) -> Renderer:
    return speech.Now().relative


def _link(_kind: Kind, names: Names) -> Renderer:
    """A record as others show it: avatar, name, link."""
    shapes: dict[str, str] = {}

    def shown(value: UUID) -> str:
        name = names.get(value)
        if name is None:
            return ""
        _id, key, title = name
        shape = shapes.get(key)
        if shape is None:
            rtype = type_of(key)
            shape = shapes[key] = shape_of(rtype, "xs") if rtype.face else ""
        link = f'<span class="trunc"><a href="{record_url(key, value)}">{escaped(title)}</a></span>'
        return f'<span class="row gap-s">{symbols.avatar(title, shape)}{link}</span>' if shape else link

    return shown


def shape_of(rtype: RecordType, size: str = "") -> str:
    """The classes of its avatar: round for people, square for all else."""
    return size if person_like(rtype) else f"{size} sq"


def face(rtype: RecordType, title: str, size: str = "") -> Markup:
    """What a record is known by: initials of who has a face, the icon of its type else."""
    shape = shape_of(rtype, size)
    return symbols.avatar(title, shape) if rtype.face else symbols.tile(rtype.icon, shape)


def _links(kind: Any, names: Names) -> Renderer:
    if kind.to == "kernel.tag":
        return lambda value: Markup("").join(tag(names[v].title, css="line") for v in value if v in names)
    return lambda value: Markup(", ").join(
        Markup('<a href="{}">{}</a>').format(record_url(names[v].type, v), names[v].title) for v in value if v in names
    )


def _entries(kind: Any, _names: Names) -> Renderer:
    def first(value: Any) -> str:
        line, more = escaped(kind.line(value[0])), len(value) - 1
        return f'{line} <span class="faint">+{more}</span>' if more else line

    return first


_CELLS: dict[str, Callable[[Any, Names], Renderer]] = {
    "rich": _short,
    "text": _short,
    "choice": _choice,
    "choices": _choices,
    "yes_no": _yes_no,
    "datetime": _moment,
    "link": _link,
    "links": _links,
    "emails": _entries,
    "phones": _entries,
    "addresses": _entries,
}


# -- facts of a record's page -------------------------------------------------------------------------------------


def fact(kind: Kind, value: Any, names: Names) -> Any:
    """A value on the page of its record: whole, and with something to click where there is something to do."""
    if kind.is_empty(value) and not isinstance(value, bool):
        return NOTHING
    if kind.key == "email":
        return Markup('<a class="link" href="mailto:{0}">{0}</a>').format(value)
    if kind.key == "phone":
        return Markup('<a class="link" href="tel:{}">{}</a>').format(value, kind.show(value))
    if kind.key == "url":
        return Markup('<a class="link" href="{0}" rel="noopener noreferrer" target="_blank">{0}</a>').format(value)
    if kind.key == "rich_text":
        return Markup('<div class="prose">{}</div>').format(Markup(value))  # noqa: S704 - cleaned when it was accepted
    if kind.key == "long_text":
        return Markup('<div class="prose lines">{}</div>').format(value)
    if kind.key == "yes_no" and not getattr(kind, "tone", ""):
        return _("yes") if value else _("no")
    if isinstance(kind, Entries):
        return Markup("").join(_entry(kind, e) for e in value)
    if kind.key == "date_time":
        return kind.show(value)
    return cell(kind, names)(value)


def _entry(kind: Entries, entry: dict[str, str]) -> Markup:
    line, told = kind.line(entry), []
    if kind.key == "emails":
        shown = Markup('<a class="link" href="mailto:{0}">{0}</a>').format(line)
    elif kind.key == "phones":
        shown = Markup('<a class="link" href="tel:{}">{}</a>').format(entry["value"], line)
    else:
        place = "https://www.openstreetmap.org/search?query=" + quote(line)
        shown = Markup(
            '{} <a class="map" href="{}" rel="noopener noreferrer" target="_blank" aria-label="{}">{}</a>'
        ).format(line, place, _("Show on a map"), symbols.icon("map-pin"))
    told.append(str(dict(PURPOSES).get(entry.get("purpose", ""), "")))
    if entry.get("state", "ok") != "ok":
        told.append(str(dict(STATES).get(entry["state"], "")))
    return Markup('<span class="entry">{} <span class="faint xs">{}</span></span>').format(
        shown, ", ".join(t for t in told if t)
    )
