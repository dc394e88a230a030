"""Record types: all that lists, forms, the API, import, search and erasure need to know of a business object.

A type is declared by a model with kinds and an ``About``, or by a tenant's row (``kernel.type``). Functions take a
:class:`RecordType` and never ask which of the two it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Container, Iterable
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from django.apps import apps
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Missing
from klientel.kernel.kinds import Kind, Link, Links, Privacy
from klientel.kernel.records.board import Board
from klientel.kernel.records.calendar import Calendar
from klientel.kernel.records.record import Record
from klientel.kernel.sql import Sql
from klientel.kernel.sql import name as quoted
from klientel.kernel.tenancy import peek
from klientel.lib import words
from klientel.lib.matching import Matching, Profile


def _no_words(_record: Any) -> str:
    return ""


class Why(str):
    """Why a record must be kept, in a sentence; ``until`` is the last day of that. Empty: it need not be kept."""

    until: dt.date | None = None

    @classmethod
    def made(cls, text: str, until: dt.date | None) -> Why:
        """A reason with its last day."""
        why = cls(text)
        why.until = until
        return why


@dataclass(frozen=True)
class Counted:
    """What a tree adds up of the records that lead to it: how many there are, and the sums of some of their fields."""

    fields: tuple[str, ...] = ()
    where: Any = None  # the condition on those that count; none: all of them
    label: Any = ""  # what they are called where not all count


@dataclass(frozen=True)
class RecordType:
    """One kind of business object. ``key`` is ``app.record`` and never changes; ``slug`` is its word in addresses."""

    key: str
    model: type[Record]
    label: Any
    plural: Any
    slug: str
    icon: str = "file-text"
    columns: tuple[str, ...] = ()
    sections: tuple[tuple[Any, tuple[str, ...]], ...] = ()
    title: Callable[[Any], str] = _no_words
    made_of: tuple[str, ...] = ()  # the fields that the title and the order by name tell
    stand_ins: tuple[str, ...] = ()  # those the title tells where all of these are empty
    begins: Any = None  # the condition of the list one comes to first; all records are a step further
    order: str = "title"  # how its lists are sorted unless asked otherwise; a minus before it turns the order
    sort: Callable[[Any], str] | None = None
    declared_match: Matching | None = None  # how its records are recognised as the same (``About.match``)
    concerns: tuple[str, ...] = ()  # links whose records this one also stands on, on the timeline
    personal: bool = False  # a natural person, the subject of Art. 15 and 17
    face: bool = False  # known by initials on a colour, as persons and firms are; others by the icon of their type
    aside: bool = False  # reached through other records; no place of its own in the navigation
    followed: bool = True  # somebody keeps after its records: their pages ask for what comes next
    arises: bool = False  # comes about of itself or by another action; pages offer no form to make one
    open: bool = False  # every member may see its records
    confidential: bool = False  # business that a tenant may show to its owner and the owner's teams only
    check: Callable[[Any], None] | None = None  # what must hold for one record as a whole; raises Refused
    permits: Callable[[Any, list[Any]], dict[int, Any]] | None = None  # refuses what its actor may not write
    derive: Callable[[Any, Any], None] | None = None  # (step, draft): what follows from what was written of one record
    derives: dict[str, tuple[str, ...]] | None = None  # by field: what `derive` sets where it changes; empty where it
    # does not say
    settled: Callable[[list[Any]], None] | None = None  # told of written records before the transaction ends
    voluntary: tuple[str, ...] = ()  # what nobody has to tell: to make it compulsory needs a reason that is kept
    mergeable: bool = True  # two records can become one
    made_by: tuple[str, ...] = ()  # kinds of actors that alone make its records; empty: whoever has the right
    tie: bool = False  # nothing but a tie between the records its required links lead to: two that say the same are one
    doubles: Callable[[list[Any]], list[Any]] | None = None  # of rows about one record after a merge, those to trash
    retained: Callable[[Any], Why] | None = None  # why a record must be kept although it is in the trash; else empty
    fitting: dict[str, Any] = field(default_factory=dict)  # values of a sample that must fit one another or what is
    # there, which kinds by themselves cannot know
    system: bool = False  # settings of the tenant, not business: not in navigation and search
    note: Any = ""  # what it is for, in a few words, where settings are listed
    custom_id: UUID | None = None  # set for a type that a row declares
    own: dict[str, Kind] = field(default_factory=dict)  # fields of a row-declared type
    group: Any = ""  # where navigation shows it
    often: tuple[str, ...] = ()  # its own actions that the bar of a selection offers first
    board: Board | None = None  # how its records stand on a board
    calendar: Calendar | None = None  # how its records stand in a calendar
    tree: dict[str, Counted] = field(default_factory=dict)  # links whose target counts its records up its tree (a
    # company and its subsidiaries)

    @property
    def table(self) -> str:
        """The table that holds its rows."""
        return self.model._meta.db_table

    @cached_property
    def static(self) -> dict[str, Kind]:
        """The declared fields, by name, base fields last."""
        found: dict[str, Any] = {f.name: f for f in self.model._meta.concrete_fields if isinstance(f, Kind)}
        base = {f.name for f in Record._meta.get_fields() if isinstance(f, Kind)}
        first = {n: k for n, k in found.items() if n not in base}
        return {**first, **self.own} | {n: k for n, k in found.items() if n in base}

    @property
    def fields(self) -> dict[str, Kind]:
        """All fields: declared ones and the current tenant's own."""
        extra = custom_fields(self.key)
        return self.static | extra if extra else self.static

    @cached_property
    def is_tree(self) -> bool:
        """Whether its records lie below one another, by a link to the same type called ``parent``."""
        return getattr(self.static.get("parent"), "to", "") == self.key

    def base(self, alias: str) -> Sql | None:
        """What makes a row of the table a row of this type, where the table holds several types."""
        return Sql(f"{alias}.type_id = %s", (self.custom_id,)) if self.custom_id else None

    def title_of(self, record: Any) -> str:
        """The record's name in one line."""
        return " ".join(str(self.title(record) or "").split())[:300] or f"{self.label} {str(record.id)[-6:]}"

    def closed_in_title(self, visible: Container[str]) -> list[str]:
        """The fields that its titles tell and that somebody who sees these fields may not know."""
        return [n for n in (*self.made_of, *self.stand_ins) if n not in visible]

    def title_for(self, record: Any, visible: Container[str]) -> str:
        """The record's name as somebody may know it who sees these fields only."""
        closed = self.closed_in_title(visible)
        if not closed:
            return str(record.title)
        known = copy(record)
        for name in closed:
            setattr(known, name, self.fields[name].blank_value())
        return self.title_of(known)

    def title_sql(self, visible: Container[str]) -> str:
        """The title of a row ``t`` in SQL; NULL where it tells a field that is not visible and has to be made anew."""
        if not self.closed_in_title(visible):
            return "t.title"
        if any(n not in visible for n in self.made_of):
            return "NULL"
        nameless = " AND ".join(f"t.{quoted(n)} = ''" for n in self.made_of)
        return f"CASE WHEN {nameless} THEN NULL ELSE t.title END"

    def titles_for(self, ids: Iterable[UUID], visible: Container[str]) -> dict[UUID, str]:
        """As :meth:`title_for`, for records of the current tenant by their ids; one statement."""
        return {r.pk: self.title_for(r, visible) for r in self.model.objects.filter(pk__in=list(ids))}

    def sort_of(self, record: Any, title: str) -> str:
        """What its name is sorted by, folded."""
        return words.fold(self.sort(record) if self.sort else title)[:200]

    @property
    def matching(self) -> Matching | None:
        """How its records are recognised as the same, under the rules of the current tenant; none: not at all."""
        tenant = peek()[0]
        return self.declared_match if tenant is None or not _matchings else _matchings[0](tenant, self)

    def profile(self, record: Any, visible: Collection[str] | None = None) -> Profile:
        """What a record is compared by; ``visible`` leaves out what a viewer may not see."""
        assert self.matching is not None
        return self.matching.profile(self._read(record), visible)

    def _read(self, record: Any) -> Callable[[str], Any]:
        return partial(self.value, record) if self.custom_id or custom_fields(self.key) else partial(getattr, record)

    @property
    def match(self) -> Callable[[Any], list[str]] | None:
        """Gives the keys under which twins of a record meet, where the type knows matching."""
        matching = self.matching
        return None if matching is None else lambda record: matching.keys_of(self._read(record))

    @property
    def links(self) -> dict[str, Link | Links]:
        """The fields that lead to other records."""
        return {n: k for n, k in self.fields.items() if isinstance(k, Link | Links)}

    def personal_fields(self) -> list[str]:
        """The fields that say something about a person."""
        return [n for n, k in self.fields.items() if k.privacy != Privacy.PUBLIC]

    def value(self, record: Any, name: str) -> Any:
        """The canonical value of a field, custom ones too."""
        kind = self.fields[name]
        if not kind.custom:
            return getattr(record, name)
        if kind.computed:
            return getattr(record, "computed", {}).get(name, kind.blank_value())
        return kind.from_plain(record.extra.get(name))

    def put(self, record: Any, name: str, value: Any) -> None:
        """Set a field in memory, custom ones too."""
        kind = self.fields[name]
        if not kind.custom:
            setattr(record, name, value)
        elif kind.is_empty(value) and not isinstance(value, bool):
            record.extra = {k: v for k, v in record.extra.items() if k != name}
        else:
            record.extra = record.extra | {name: kind.plain(value)}

    def sample(self, n: int = 1) -> dict[str, Any]:
        """Valid JSON-like values for every field that people fill in, links left out."""
        made: dict[str, Any] = {}
        for field_name, kind in self.fields.items():
            if not kind.readonly and not isinstance(kind, Link | Links):
                made[field_name] = kind.plain(kind.accept(kind.sample(n)))
        return made


_types: dict[str, RecordType] = {}

#: filled by the storey that keeps tenants' custom fields and types; keys -> kinds, and keys -> types, of a tenant
_custom_fields: list[Callable[[UUID], dict[str, dict[str, Kind]]]] = []
_custom_types: list[Callable[[UUID], dict[str, RecordType]]] = []


def provide_custom(
    fields: Callable[[UUID], dict[str, dict[str, Kind]]], types: Callable[[UUID], dict[str, RecordType]]
) -> None:
    """Say where a tenant's own fields and types come from. Called once, by the storey that stores them."""
    _custom_fields[:] = [fields]
    _custom_types[:] = [types]


#: filled by the storey that keeps tenants' rules of matching
_matchings: list[Callable[[UUID, RecordType], Matching | None]] = []


def provide_matching(of: Callable[[UUID, RecordType], Matching | None]) -> None:
    """Say where a tenant's own rules of matching come from. Called once, by the storey that stores them."""
    _matchings[:] = [of]


def custom_fields(key: str) -> dict[str, Kind]:
    """The current tenant's own fields of a type; none outside a tenant."""
    tenant = peek()[0]
    if tenant is None or not _custom_fields:
        return {}
    return _custom_fields[0](tenant).get(key, {})


def _own_types() -> dict[str, RecordType]:
    tenant = peek()[0]
    return {} if tenant is None or not _custom_types else _custom_types[0](tenant)


def declare(model: type[Record]) -> RecordType:
    """The record type of a model, from its ``About``."""
    about = model.About
    key = f"{model._meta.app_label}.{model._meta.model_name}"
    known = {k: v for k, v in vars(about).items() if not k.startswith("_")}
    known["declared_match"] = known.pop("match", None)
    title = known.pop("title", None)
    if isinstance(title, str):
        name = title
        known["title"] = lambda record: getattr(record, name)
        known.setdefault("made_of", (name,))
    elif title is not None:
        known["title"] = title
    known.setdefault("face", known.get("personal", False))
    known.setdefault("slug", f"{model._meta.model_name}s")
    return RecordType(key=key, model=model, **known)


def declared(key: str) -> RecordType | None:
    """The type that a model declares under this key, or nothing."""
    return _types.get(key)


def declare_all() -> None:
    """Declare every record model; called once when all models are loaded. Declaration is registration."""
    for model in apps.get_models():
        if issubclass(model, Record) and model.About is not Record.About:
            made = declare(model)
            _types[made.key] = made


def all_types() -> list[RecordType]:
    """Every record type that the current tenant has, in a steady order."""
    return sorted([*_types.values(), *_own_types().values()], key=lambda t: t.key)


def type_of(thing: Any) -> RecordType:
    """The type of a record, a model, or a key; :class:`Missing` where there is none."""
    if isinstance(thing, RecordType):
        return thing
    if isinstance(thing, str):
        found = _types.get(thing.lower()) or _own_types().get(thing.lower())
        if found is None:
            raise Missing("no_such_type", _("There is no such kind of record."))
        return found
    own = getattr(thing, "type_id", None) if not isinstance(thing, type) else None
    if own is not None:
        return next(t for t in _own_types().values() if t.custom_id == own)
    return _types[f"{thing._meta.app_label}.{thing._meta.model_name}"]


def by_slug(slug: str) -> RecordType:
    """The type with this word in addresses, or :class:`Missing`."""
    for rtype in (*_types.values(), *_own_types().values()):
        if rtype.slug == slug:
            return rtype
    raise Missing("no_such_type", _("There is no such kind of record."))


@dataclass(frozen=True)
class Reverse:
    """A way from a record to the records that lead to it: ``source`` type, by its link ``field``."""

    name: str
    source: RecordType
    field: str
    many: bool

    @property
    def label(self) -> str:
        """How people call it."""
        return str(self.source.fields[self.field].reverse or self.source.plural)


def reverses(rtype: RecordType) -> dict[str, Reverse]:
    """Every type and link that leads to this type, by name (``work.task.concerns``)."""
    found: dict[str, Reverse] = {}
    for source in all_types():
        for field_name, kind in source.links.items():
            if kind.to in (rtype.key, "*"):
                name = f"{source.key}.{field_name}"
                found[name] = Reverse(name, source, field_name, kind.many)
    return found
