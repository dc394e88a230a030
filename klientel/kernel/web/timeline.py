"""What happened to a record, told in sentences. Each value is shown only under today's rights of who looks."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from klientel.kernel import actions, events
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import Name, names_by_type
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.events import Event
from klientel.kernel.kinds import Choice, Kind, Link, Links, LongText, RichText
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.statements import Question, Rows
from klientel.kernel.web import cells
from klientel.kernel.web.fields import label_of
from klientel.kernel.web.speech import date, large

PAGE = 30
#: fields whose change says nothing to people
QUIET = ("done_at", "concerns", "mentions", "about", "message_id", "message_ref")
#: characters of a text that a timeline tells; the rest stands on the page of its record
LONG = 1_500
MERGES = ("merge", "unmerge")
#: what a comment and a relation lead to; they are told as something that happened there
ABOUT = {"kernel.comment": ("about",), "kernel.relation": ("first", "second")}


@dataclass
class Line:
    """One field that changed."""

    label: str
    old: Any
    new: Any


@dataclass
class Told:
    """One event, as the timeline shows it."""

    id: UUID
    at: dt.datetime
    who: str
    what: str
    icon: str
    css: str = ""
    title: str = ""
    url: str = ""
    body: Any = ""
    lines: list[Line] = field(default_factory=list)
    facts: list[Any] = field(default_factory=list)
    change_set: UUID | None = None
    created: bool = False
    why: str = ""  # where it is explained, where nobody did it by hand


#: who knows why something happened that nobody did by hand: the address of the explanation, or nothing
explained: list[Callable[[Event], str]] = []


@dataclass
class Day:
    """The events of one day, under one heading."""

    heading: str
    events: list[Any]


class Seen(dict[UUID, Name]):
    """Names of the records that some events speak of, and what shows values with them: made once for a field."""

    def __init__(self, names: dict[UUID, Name]) -> None:
        super().__init__(names)
        self._renderers: dict[int, Callable[[Any], Any]] = {}

    def cell(self, kind: Kind, value: Any) -> Any:
        """A value as a list shows it."""
        found = self._renderers.get(id(kind))
        if found is None:
            found = self._renderers[id(kind)] = cells.cell(kind, self)
        return found(value)


def told(scope: ActorScope, record_id: UUID | None, some: list[Event]) -> list[Told]:
    """Events as sentences on the page of one record (or of none); those about records one may not see are left out."""
    seen = Seen(_names_in(scope, record_id, some))
    return [made for e in some if (made := _one(scope, record_id, e, seen)) is not None]


def _names_in(scope: ActorScope, record_id: UUID | None, some: list[Event]) -> dict[UUID, Name]:
    """Names of the records that these events speak of."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for event in some:
        if event.record_id != record_id:
            wanted[event.record_type].add(event.record_id)
        if _verb(event) in MERGES:
            wanted[event.record_type].update(_parts(event))
        for kind, pair in _changes(scope, event):
            if isinstance(kind, Link | Links) and kind.to != "kernel.user" and kind.name not in QUIET:
                wanted[kind.to] |= _ids(pair)
        wanted["*"] |= _targets(event, record_id)
    return names_by_type(scope, wanted)


def _targets(event: Event, record_id: UUID | None) -> set[UUID]:
    """The records that a comment or a relation is about, besides the one whose page this is."""
    pairs = [event.changes[name] for name in ABOUT.get(event.record_type, ()) if name in event.changes]
    return {found for pair in pairs for found in _ids(pair)} - {record_id}


def _ids(pair: list[Any]) -> set[UUID]:
    values = [v for side in pair for v in (side if isinstance(side, list) else [side]) if isinstance(v, str)]
    return {UUID(v) for v in values}


def _changes(scope: ActorScope, event: Event) -> Iterable[tuple[Kind, list[Any]]]:
    try:
        visible = scope.visible(type_of(event.record_type))
    except Missing:
        return
    named = [name for name in event.changes if name in visible]
    if len(named) > 1:
        named = [name for name in visible if name in event.changes]
    for name in named:
        yield visible[name], event.changes[name]


#: what data protection did with a record: no action, but its history says so
NOTED = {
    "privacy.restricted": gettext_lazy("Processing restricted"),
    "privacy.lifted": gettext_lazy("Restriction lifted"),
    "privacy.blanked": gettext_lazy("Person's words removed"),
}


def _tell_noted(event: Event, record_id: UUID | None) -> Told | None:
    if event.record_id != record_id:
        return None
    return Told(event.id, event.at, event.actor_name, str(NOTED[event.kind]), "lock", change_set=event.change_set)


def _one(scope: ActorScope, record_id: UUID | None, event: Event, seen: Seen) -> Told | None:
    if event.kind in NOTED:
        return _tell_noted(event, record_id)
    try:
        rtype, act = type_of(event.record_type), actions.get(event.kind)
    except Missing:
        return None
    other = event.record_id != record_id and event.record_id not in event.about
    if other and event.record_id not in seen:
        return None
    verb = act.verb
    made = Told(
        event.id, event.at, event.actor_name, "", rtype.icon if other else act.icon, change_set=event.change_set,
        why=next((found for known in explained if (found := known(event))), ""),
    )  # fmt: skip
    if other:
        made.url = cells.record_url(rtype.key, event.record_id)
        made.title = seen[event.record_id].title
        made.css = f"k-{rtype.key.replace('.', '-')}"
    if verb == "create" or (event.parameters.get("new") and event.record_type not in ABOUT):
        return _tell_new(scope, event, act, made, seen, other=other)
    made.what = str(act.said or act.label)
    if event.record_type in ABOUT and other:
        return _tell_beside(scope, event, made, seen, record_id)
    if verb in MERGES and event.record_type == act.on:
        return _tell_merge(scope, event, made, seen, record_id)
    made.lines = _lines(scope, event, seen)
    if act.tells is not None:
        made.facts = act.tells(scope, event.parameters)
    if verb == "change" and not made.lines:
        return None
    return made


def _tell_beside(scope: ActorScope, event: Event, made: Told, seen: Seen, record_id: UUID | None) -> Told | None:
    """A comment or a relation: what it says, and whom it is about where that is another record."""
    target = next((seen[i] for i in _targets(event, record_id) if i in seen), None)
    made.title, made.url = (target.title, cells.record_url(target.type, target.id)) if target else ("", "")
    for kind, (_old, new) in _changes(scope, event):
        if kind.name in ("text", "note", "kind") and new not in (None, ""):
            if kind.name != "kind":
                made.body = cells.fact(kind, _value(kind, new), seen)
            elif (way := seen.get(UUID(new))) is not None:
                made.facts.append(way.title)
    return made if target or record_id else None


def _verb(event: Event) -> str:
    return event.kind.rpartition(".")[2]


def _parts(event: Event) -> set[UUID]:
    """The records that a merge is about, beside the one that it is told at."""
    return {UUID(i) for i in event.parameters.get("records") or ()}


def _tell_merge(scope: ActorScope, event: Event, made: Told, seen: Seen, record_id: UUID | None) -> Told | None:
    """Told once, at the record that it made, with the names of those that became part of it or left it."""
    if event.record_id in _parts(event):
        return made if record_id == event.record_id else None
    made.facts = [seen[i].title for i in sorted(_parts(event)) if i in seen]
    made.lines = _lines(scope, event, seen)
    return made


def _tell_new(scope: ActorScope, event: Event, act: actions.Action, made: Told, seen: Seen, *, other: bool) -> Told:
    """What a new record says where it stands on others: its long text as the body, dates and choices beside.

    Where an action made it beside something else, only its state is said: numbers and days without their names say
    nothing.
    """
    if act.verb == "create" or (other and act.on != event.record_type):
        made.created = True
        kind = large(type_of(event.record_type).label)
        made.what = _("added: %(kind)s") % {"kind": kind} if other else _("created this record")
    else:
        made.what = str(act.said or act.label)
        made.facts = act.tells(scope, event.parameters) if act.tells is not None else []
    if other:
        _tell_values(scope, event, made, seen, all_of_them=act.verb == "create")
    return made


def _tell_values(scope: ActorScope, event: Event, made: Told, seen: Seen, *, all_of_them: bool) -> None:
    for kind, (_old, new) in _changes(scope, event):
        if kind.name in QUIET or kind.name in ("owner", "subject", "created_at", "changed_at") or new in (None, "", []):
            continue
        value = _value(kind, new)
        if isinstance(kind, LongText) and len(str(value)) > LONG:
            value = f"{str(value)[:LONG].rstrip()} …"
        if isinstance(kind, LongText | RichText):
            made.body = cells.fact(kind, value, seen)
        elif (all_of_them or _is_state(kind)) and not isinstance(kind, Link | Links) and len(made.facts) < 4:
            if str(value) in made.title:
                continue
            fact = cells.fact(kind, value, seen) if kind.key == "date_time" else seen.cell(kind, value)
            if fact and fact not in made.facts:
                made.facts.append(fact)


def _is_state(kind: Kind) -> bool:
    return isinstance(kind, Choice) and bool(kind.tones)


def _lines(scope: ActorScope, event: Event, seen: Seen) -> list[Line]:
    made = []
    for kind, (old, new) in _changes(scope, event):
        if kind.name not in QUIET:
            made.append(Line(label_of(kind), _short(kind, old, seen), _short(kind, new, seen)))
    return made


def _short(kind: Kind, plain: Any, seen: Seen) -> Any:
    value = _value(kind, plain)
    if value is None or plain is None or kind.is_empty(value):
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")  # a tick that is not there says nothing of what it was
    return seen.cell(kind, value)


def _value(kind: Kind, plain: Any) -> Any:
    """A value as an event kept it; one that the field would no longer accept is shown as nothing."""
    try:
        return kind.from_plain(plain)
    except Refused:
        return None


def days(some: Iterable[Any]) -> list[Day]:
    """Events under the headings of their days."""
    found: list[Day] = []
    place, today, last = timezone.get_current_timezone(), timezone.localdate(), None
    for one in some:
        day = one.at.astimezone(place).date()
        if day != last:
            heading, last = _heading(day, today), day
            if not found or found[-1].heading != heading:
                found.append(Day(heading, []))
        found[-1].events.append(one)
    return found


def _heading(day: dt.date, today: dt.date) -> str:
    ago = (today - day).days
    if ago <= 0:
        return _("Today")
    if ago == 1:
        return _("Yesterday")
    return date(day)


@dataclass(frozen=True)
class Filter:
    """One way to narrow a timeline."""

    key: str
    label: str
    kinds: tuple[str, ...] = ()


def filters(rtype: RecordType, beside: list[RecordType]) -> list[Filter]:
    """All, one for each type of entry, and the changes of the record itself."""
    made = [Filter("", _("All"))]
    made += [Filter(t.slug, large(t.plural), tuple(a.key for a in actions.happenings_on(t))) for t in beside]
    return [*made, Filter("changes", _("Changes"), (*(a.key for a in actions.happenings_on(rtype)), *NOTED))]


def reading(scope: ActorScope, record_id: UUID, chosen: Filter, before: str = "") -> Question[tuple[list[Told], str]]:
    """One page of a timeline and where the next one begins (empty at the end)."""
    asked = events.standing_on(record_id, before=_place(before), limit=PAGE, kinds=chosen.kinds)

    def made(rows: Rows) -> tuple[list[Told], str]:
        some = asked.made(rows)
        rest = f"{some[-1].at.isoformat()},{some[-1].id}" if len(some) == PAGE else ""
        return told(scope, record_id, some), rest

    return Question(asked.sql, made)


def _place(text: str) -> tuple[dt.datetime, UUID] | None:
    at, _comma, event = text.partition(",")
    try:
        return (dt.datetime.fromisoformat(at), UUID(event)) if text else None
    except ValueError:
        raise Refused(
            "bad_cursor", _("This page address is damaged. Please start at the first page."), "before"
        ) from None
