"""Forms from kinds: what a field needs to be drawn, and how what a browser sends becomes JSON-like parameters."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from markupsafe import escape

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import names, select
from klientel.kernel.actions.workspace import CURRENCIES
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.kinds import PURPOSES, STATES, Entries, Kind, Link, Links, as_typed
from klientel.kernel.records import type_of
from klientel.kernel.web.addresses import place
from klientel.kernel.web.speech import large
from klientel.lib.numbers import decimal_sign

_TAG = re.compile(r"</?[a-zA-Z][^>]*>")
_EXACT = re.compile(r"-?\d+\.\d\d")  # an amount as it is kept
_BLANK = re.compile(r"\n\s*\n")
#: labels of kinds by language; the kind stands with its label, so that no other one takes its place
_labels: dict[tuple[int, str | None], tuple[Kind, str]] = {}
MOST_LABELS = 20_000
#: how many records a link offers where no script helps
OFFERED = 30
PART_LABELS = {
    "value": "",
    "street": gettext_lazy("Street and number"),
    "postcode": gettext_lazy("Postcode"),
    "city": gettext_lazy("City"),
    "region": gettext_lazy("Region"),
    "country": gettext_lazy("Country"),
}


@dataclass
class Field:
    """One field of a form, ready to be drawn by the macro its ``widget`` names."""

    name: str
    label: str
    widget: str
    value: Any = ""
    help: str = ""
    required: bool = False
    error: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    combo: str = ""
    many: bool = False
    parts: list[tuple[str, str]] = field(default_factory=list)
    purposes: list[tuple[str, str]] = field(default_factory=list)
    states: list[tuple[str, str]] = field(default_factory=list)
    longest: int | None = None
    prefix: str = "f"
    away: bool = False  # does not apply, by a rule of the tenant; a script hides it
    needed: bool = False  # must be filled in, by a rule of the tenant

    @property
    def id(self) -> str:
        """The id of its first control."""
        return f"{self.prefix}-{self.name}"

    @property
    def described(self) -> str:
        """Which texts describe it."""
        return " ".join(
            filter(None, [f"{self.id}-help" if self.help else "", f"{self.id}-error" if self.error else ""])
        )


def fields(
    scope: ActorScope,
    kinds: Iterable[Kind],
    values: Mapping[str, Any],
    refused: Refused | None = None,
    *,
    prefix: str = "f",
) -> list[Field]:
    """The fields of a form with their values (canonical, or as they were sent) and refusals."""
    errors: dict[str, str] = {}
    for one in refused.all() if refused else ():
        errors.setdefault(one.field or "", str(one.message))
    return [_field(scope, kind, values.get(kind.name), errors.get(kind.name, ""), prefix) for kind in kinds]


def _field(scope: ActorScope, kind: Kind, value: Any, error: str, prefix: str) -> Field:
    made = Field(
        name=kind.name,
        label=label_of(kind),
        widget=kind.widget,
        required=kind.required,
        error=error,
        prefix=prefix,
        help=str(getattr(kind, "help_text", "") or ""),
        longest=getattr(kind, "max_length", None),
        value=as_sent(kind, value),
    )
    if isinstance(kind, Link | Links):
        _link(scope, kind, made)
    elif isinstance(kind, Entries):
        made.parts = [(p, str(PART_LABELS.get(p, p))) for p in kind.parts]
        made.purposes = [(k, str(text)) for k, text in PURPOSES if k in kind.purposes]
        made.states = [(k, str(text)) for k, text in STATES]
    elif kind.widget == "money":
        made.options = [(c, c) for c in CURRENCIES]
    else:
        made.options = kind.options()
        if retired := getattr(kind, "retired", None):
            made.options = [o for o in made.options if o[0] not in retired or o[0] in (made.value or ())]
    return made


def _link(scope: ActorScope, kind: Link | Links, made: Field) -> None:
    made.many, made.widget = kind.many, "links" if kind.many else "link"
    chosen = [UUID(v) for v in (made.value if kind.many else [made.value]) if _is_id(v)]
    found = {str(i): n.title for i, n in names(scope, chosen, kind.to).items()} if chosen else {}
    made.combo = place("options", "any" if kind.to == "*" else kind.to)
    if kind.to != "*":
        found |= offered(scope, kind.to)
    made.options = list(found.items())


def offered(scope: ActorScope, to: str) -> dict[str, str]:
    """Records of a type that a link offers before anybody searches: titles by id, none where they may not be seen."""
    try:
        rtype = type_of(to)
    except Missing:
        return {}
    if not scope.may(rtype, "view"):
        return {}
    return {str(r.id): r.title for r in select(scope, rtype, limit=OFFERED).rows}


def _is_id(value: Any) -> bool:
    try:
        return bool(value) and UUID(str(value)) is not None
    except ValueError:
        return False


def label_of(kind: Kind) -> str:
    """Its label as a heading: first letter large."""
    key = id(kind), get_language()
    found = _labels.get(key)
    if found is None or found[0] is not kind:
        if len(_labels) >= MOST_LABELS:
            _labels.clear()
        found = _labels[key] = kind, large(getattr(kind, "verbose_name", "") or kind.name)
    return found[1]


def moment_as_sent(value: dt.datetime) -> str:
    """A moment as its control holds it, in the active time zone."""
    return timezone.localtime(value).strftime("%Y-%m-%dT%H:%M")


def as_sent(kind: Kind, value: Any) -> Any:
    """A value, canonical or as a browser sent it, as the control holds it."""
    if isinstance(value, dt.datetime):
        return moment_as_sent(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return _as_written(format(value.normalize(), "f"))
    if kind.widget == "money" and isinstance(value, dict) and _EXACT.fullmatch(str(value.get("amount"))):
        return value | {"amount": _as_written(value["amount"])}
    if kind.widget == "lines":
        return value if isinstance(value, str) else kind.write(value)
    if isinstance(value, list | tuple):
        return [str(v) if isinstance(v, UUID) else v for v in value]
    if kind.widget == "json":
        return (
            value
            if isinstance(value, str)
            else orjson.dumps(value or kind.blank_value(), option=orjson.OPT_INDENT_2).decode()
        )
    if value is None:
        return [] if isinstance(kind, Links | Entries) or kind.widget == "multiselect" else ""
    return kind.typed(value)


def _as_written(number: str) -> str:
    """A machine's number with the decimal sign of the active language."""
    return number.replace(".", decimal_sign(get_language() or "en"))


def plain_of(kind: Kind, value: Any) -> Any:
    """A value, canonical or as it was sent, as JSON."""
    try:
        return value if isinstance(value, str | dict) else kind.plain(value)
    except (TypeError, AttributeError):
        return value


# -- what comes back ----------------------------------------------------------------------------------------------


def sent(data: Any, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """The parameters a form sent: only fields that were in it (each is named by a hidden ``_field``)."""
    wanted = [n for n in data.getlist("_field") if n in kinds] or [n for n in kinds if n in data]
    return {name: value_sent(data, kinds[name]) for name in dict.fromkeys(wanted)}


def value_sent(data: Any, kind: Kind) -> Any:
    """One field's value, JSON-like; checking it is the kind's business."""
    name = kind.name
    if isinstance(kind, Entries):
        return _entries(data, kind)
    if kind.widget in ("multiselect", "links"):
        return [v for v in data.getlist(name) if v]
    if kind.widget == "checkbox":
        return data.get(name, "") not in ("", "0", "off", "false")
    if kind.widget == "money":
        amount = as_typed(kind, data.get(f"{name}-amount", data.get(name, "")).strip())
        return {"amount": amount, "currency": data.get(f"{name}-currency") or None} if amount else None
    if kind.widget == "json":
        return _json(data.get(name, ""), kind)
    if kind.widget in ("textarea", "rich", "lines"):
        text = data.get(name, "").replace("\r\n", "\n").strip()
        plain = f"{name}-plain" in data or not _TAG.search(text)
        return (_paragraphs(text) if kind.widget == "rich" and plain else text) or None
    return as_typed(kind, data.get(name, "").strip()) or None


def _paragraphs(text: str) -> str:
    """Plain text as HTML: a paragraph for each block, a break for each line."""
    blocks = (b for b in _BLANK.split(text) if b.strip())
    return "".join(f"<p>{'<br>'.join(str(escape(line)) for line in b.split(chr(10)))}</p>" for b in blocks)


def _entries(data: Any, kind: Entries) -> list[dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    allowed = {*kind.parts, "purpose", "state"}
    for key in data:
        name, _dash, rest = key.rpartition(f"{kind.name}-")
        index, _dash, part = rest.partition("-")
        if not name and part in allowed and index != "n":
            rows.setdefault(index, {})[part] = data.get(key, "").strip()
    return [row for row in rows.values() if any(row.get(p) for p in kind.parts if p != "country")]


def _json(text: str, kind: Kind) -> Any:
    if not text.strip():
        return kind.blank_value()
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise kind.refuse("wrong_shape", _("This is not valid JSON.")) from None
