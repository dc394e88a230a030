"""What the macro draws: every part with its controls, what it says in words, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.urls import reverse
from django.utils.translation import gettext as _

from klientel.kernel.access.reading import names
from klientel.kernel.conditions import OPERATORS, say
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Json, Kind, Link, Links
from klientel.kernel.records import RecordType
from klientel.kernel.web.builder.offers import Offers, kind_along, source_along
from klientel.kernel.web.builder.typed import Typed
from klientel.kernel.web.builder.writing import RELATIVE, Writing
from klientel.kernel.web.fields import offered
from klientel.kernel.web.listing import titles_in
from klientel.lib.ids import read_id

#: up to so many values to choose from are boxes to tick, more are a list
FEW = 12


@dataclass
class Control:
    """What takes the value of a comparison: ``input`` says how it is drawn."""

    input: str
    options: list[tuple[str, str]] = field(default_factory=list)
    many: bool = False
    combo: str = ""
    type: str = "text"
    whens: list[tuple[str, str]] = field(default_factory=list)
    units: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Part:
    """One part, ready to be drawn. ``at`` is the beginning of the names of its controls and its id."""

    at: str
    typed: Typed
    said: str = ""
    error: str = ""
    parts: list[Part] = field(default_factory=list)
    inner: Part | None = None
    whats: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    ops: list[tuple[str, str]] = field(default_factory=list)
    control: Control | None = None
    events: list[tuple[str, str]] = field(default_factory=list)
    views: list[tuple[str, str]] = field(default_factory=list)
    kept: str = ""
    note: str = ""  # what this comparison costs, where it costs much

    @property
    def is_group(self) -> bool:
        """Whether it binds other parts."""
        return self.typed.type == "group"


class Drawing:
    """One pass over the typed parts."""

    def __init__(self, scope: Any, writing: Writing, *, errors: bool) -> None:
        self.scope, self.writing, self.errors = scope, writing, errors
        self._offers: dict[str, Offers] = {}
        self.titles: dict[UUID, str] = {}
        for rtype, json in list(writing.made.values())[-1:]:
            self.titles = titles_in(scope, rtype, json)

    def offers(self, rtype: RecordType) -> Offers:
        """What may be chosen for a type."""
        return self._offers.setdefault(rtype.key, Offers(self.scope, rtype))

    def group(self, rtype: RecordType, typed: Typed, at: str) -> Part:
        """A group with its parts."""
        parts = [self.part(rtype, p, f"{at}:{n}") for n, p in enumerate(typed.parts)]
        return Part(at, typed, self.said(at), parts=parts)

    def part(self, rtype: RecordType, typed: Typed, at: str) -> Part:
        """One part with its controls."""
        if typed.type == "group":
            return self.group(rtype, typed, at)
        made = Part(at, typed, self.said(at), self.error(at))
        if typed.type == "kept":
            made.kept = orjson.dumps(typed.kept).decode()
            return made
        offers = self.offers(rtype)
        made.whats = offers.whats()
        what, _colon, name = typed.word("what").partition(":")
        if what == "field" and (kind := kind_along(self.scope, rtype, name)):
            self.compared(made, kind)
            known = {value for _group, some in made.whats for value, _label in some}
            if typed.word("what") not in known:  # a longer path than is offered stays what it is
                label = " › ".join(_labels(self.scope, rtype, name))
                made.whats = [("", [(typed.word("what"), label)]), *made.whats]
        elif what == "has" and (source := source_along(rtype, name)):
            made.inner = self.group(source, typed.inner or Typed("group"), f"{at}:w")
        elif what == "happened":
            made.events = offers.events()
        elif what == "in":
            made.views = offers.views()
        return made

    def compared(self, made: Part, kind: Kind) -> None:
        """The comparisons of a field, and the control for what it is compared with."""
        made.ops = [(o, str(OPERATORS[o].label)) for o in kind.operators]
        if made.typed.word("op") not in kind.operators:
            made.typed.words["op"] = kind.operators[0]
        made.control = control(self.scope, kind, made.typed)
        made.note = str(getattr(kind, "cost_note", ""))

    def said(self, at: str) -> str:
        """The part in words."""
        found = self.writing.made.get(at)
        if found is None or found[1] == {"all": []}:  # nothing is said of nothing
            return ""
        try:
            return say(found[0], found[1], self.scope, self.titles)
        except Refused:
            return ""

    def error(self, at: str) -> str:
        """What is wrong with the part, once it was to be used."""
        no = self.writing.refusals.get(at)
        return str(no.message) if no is not None and self.errors else ""


def _labels(scope: Any, rtype: RecordType, path: str) -> list[str]:
    steps = path.split(".")
    kinds = [kind_along(scope, rtype, ".".join(steps[: n + 1])) for n in range(len(steps))]
    return [str(k.verbose_name) for k in kinds if k is not None]


def control(scope: Any, kind: Kind, typed: Typed) -> Control:
    """What takes the value of this comparison."""
    operator = OPERATORS[typed.word("op")]
    match operator.takes:
        case "none":
            return Control("none")
        case "days":
            ways = [("", _("days back")), ("ahead", _("days ahead"))] if operator.key == "within" else []
            return Control("days", whens=ways)
        case "period":
            return Control("period", whens=periods(), units=units())
        case "text" if isinstance(kind, Json):
            return _links(scope, kind.entries_of, typed, many=False)
        case "text":
            return Control("text")
        case "range":
            return Control("range", type=_type(kind))
    if isinstance(kind, Link | Links):
        return _links(scope, kind.to, typed, many=operator.takes == "many")
    if options := kind.options():
        known = {value for value, _label in options}
        options += [(v, v) for v in typed.values if v not in known]
        many = operator.takes == "many"
        return Control("boxes" if many and len(options) <= FEW else "select", options, many=many)
    if kind.key in ("date", "date_time") and operator.key in RELATIVE:
        return Control("when", whens=moments(), type=_type(kind))
    return Control("many" if operator.takes == "many" else "text", type=_type(kind))


def _type(kind: Kind) -> str:
    return {"date": "date", "date_time": "datetime-local", "whole": "number"}.get(kind.key, "text")


def _links(scope: Any, to: str, typed: Typed, *, many: bool) -> Control:
    special = {"kernel.member": ("@me", _("me")), "kernel.team": ("@my_teams", _("my teams"))}.get(to)
    options = dict([special] if special else [])
    ids = [found for v in typed.values if (found := read_id(v))]
    options |= {str(i): n.title for i, n in names(scope, ids, to).items()} if ids else {}
    if to != "*":
        options |= offered(scope, to)
    options |= {v: v for v in typed.values if v not in options}
    combo = reverse("options", args=["any" if to == "*" else to])
    return Control("select", list(options.items()), many=many, combo=combo)


def moments() -> list[tuple[str, str]]:
    """A day, fixed or said from today on."""
    return [
        ("", _("a certain day")),
        ("today", _("today")),
        ("ago", _("this many days ago")),
        ("ahead", _("in this many days")),
    ]


def periods() -> list[tuple[str, str]]:
    """The periods that a day can lie in."""
    return [
        ("this:day", _("today")),
        ("previous:day", _("yesterday")),
        ("coming:day", _("tomorrow")),
        ("this:week", _("this week")),
        ("previous:week", _("last week")),
        ("coming:week", _("next week")),
        ("this:month", _("this month")),
        ("previous:month", _("last month")),
        ("coming:month", _("next month")),
        ("this:quarter", _("this quarter")),
        ("previous:quarter", _("last quarter")),
        ("coming:quarter", _("next quarter")),
        ("this:year", _("this year")),
        ("previous:year", _("last year")),
        ("coming:year", _("next year")),
        ("last", _("the last …")),
        ("next", _("the next …")),
    ]


def units() -> list[tuple[str, str]]:
    """What a period is counted in."""
    return [("day", _("days")), ("week", _("weeks")), ("month", _("months")), ("year", _("years"))]
