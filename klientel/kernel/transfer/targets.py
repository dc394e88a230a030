"""Where a column can lead: to a field, to one entry of several, to one part of it. Made from the declarations.

A target is named by a path: ``first_name``; ``emails.work`` or ``phones.mobile2`` (slot: purpose and number);
``addresses.private.street`` (slot and part); ``x_colour`` (a tenant's own field). The same paths name the columns of
an export.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.errors import LANGUAGES
from klientel.kernel.kinds import PURPOSES, Addresses, Entries, File, Json, Kind, Link, Links, Text
from klientel.kernel.records import RecordType, all_types, type_of

SLOT = re.compile(r"([a-z]*)([0-9]{0,2})\Z")
_NUMBERED = 3  # how many numbered slots are offered; files with more name them themselves
_PART_LABELS = {
    "street": _("street"),
    "postcode": _("postcode"),
    "city": _("city"),
    "region": _("region"),
    "country": _("country"),
    "house_number": _("house number"),
    "street_2": _("address supplement"),
    "purpose": _("purpose"),
    "state": _("state"),
}
#: the column that says which record a row is; our own exports have it
ID = "id"
#: parts that are written into another part: the house number behind the street, the supplement below it
ADDED = {"house_number": "street", "street_2": "street"}


@dataclass(frozen=True)
class Part:
    """A column that is no field of its own: ``read`` gets its text and the row's values so far, and fills fields."""

    path: str
    label: Any
    synonyms: tuple[str, ...]
    read: Callable[[str, dict[str, Any]], None]
    fields: tuple[str, ...]  # which fields it fills: all must be writable


@dataclass(frozen=True)
class Beside:
    """A column that becomes a record of its own beside the row's: a note about a person, a further place of work.

    ``to`` is the field of that record that leads to the row's, ``field`` the one that takes the text; a type that is
    not there is not offered.
    """

    path: str
    label: Any
    synonyms: tuple[str, ...]
    type: str
    to: str
    field: str


@dataclass(frozen=True)
class Lines:
    """Columns that say a line of a record, such as the articles of an order: a field holds what all its rows say.

    ``parts`` are the columns with their labels; rows with the same texts in the fields ``by`` are one record. ``read``
    makes of its lines, each part -> text, what the field accepts; it also gets the decimal sign of the file (None:
    unknown) and may raise :class:`Refused`.
    """

    field: str
    parts: dict[str, Any]
    by: tuple[str, ...]
    read: Callable[[list[dict[str, str]], str | None], Any]

    def part(self, path: str) -> str:
        """The part that a path names, or nothing."""
        name, _dot, part = path.partition(".")
        return part if name == self.field and part in self.parts else ""


#: the records that texts of a link mean, each beside the other values of its row
Guide = Callable[[ActorScope, Sequence[tuple[str, Mapping[str, Any]]]], list[UUID | None]]


@dataclass
class Preset:
    """What the owner of a record type knows about the files that people bring."""

    synonyms: dict[str, tuple[str, ...]] = field(default_factory=dict)  # path -> what columns are called
    parts: tuple[Part, ...] = ()
    values: dict[str, Callable[[str], str]] = field(default_factory=dict)  # field -> a cell's text as the kind knows it
    known_by: tuple[str, ...] = ()  # fields by which other files name a record of this type: a customer number
    keys: tuple[str, ...] = ()  # fields that say which record a row means, unless somebody chooses others
    creates: tuple[str, ...] = ()  # links whose record is made where no such name is known
    #: path -> where a column leads whose name says this path, by its values
    doubts: dict[str, Callable[[list[str]], str]] = field(default_factory=dict)
    #: link -> which record a row's text means where that is more than a name; it gets the row's other values, too
    guides: dict[str, Guide] = field(default_factory=dict)
    beside: tuple[Beside, ...] = ()
    cards: bool = False  # can be written as vCard
    lines: Lines | None = None


_presets: dict[str, Preset] = {}


def preset(key: str, chosen: Preset) -> None:
    """Say what is known about the files of a record type."""
    _presets[key] = chosen


def preset_of(rtype: RecordType) -> Preset:
    """What is known about the files of a record type; nothing for most."""
    return _presets.get(rtype.key) or Preset()


@dataclass(frozen=True)
class Target:
    """One place a column can lead to."""

    path: str
    label: str
    group: str
    field: str  # empty for a part of its own
    required: bool = False


def targets(scope: ActorScope, rtype: RecordType) -> dict[str, Target]:
    """Everything a column of this type's file can lead to, by path, in the order of the form."""
    writable, found = scope.writable(rtype), {}
    groups = {name: str(title) for title, names in rtype.sections for name in names}
    for name in _in_order(rtype, writable):
        kind = writable[name]
        group = groups.get(name, str(rtype.label)).capitalize()
        if (lines := preset_of(rtype).lines) is not None and name == lines.field:
            for each, label in lines.parts.items():
                path = f"{name}.{each}"
                found[path] = Target(path, _capital(label), _capital(kind.verbose_name), name)
        if isinstance(kind, Json | File):
            continue
        for path, label in _paths(kind):
            found[path] = Target(path, label, group, name, bool(kind.required) and path == name)
        for part in preset_of(rtype).parts:
            if part.fields[0] == name and all(f in writable for f in part.fields):
                found[part.path] = Target(part.path, _capital(part.label), group, "")
    for one in offered(scope, rtype):
        found[one.path] = Target(one.path, _capital(one.label), _capital(type_of(one.type).plural), "")
    found[ID] = Target(ID, str(_("ID of the record")), str(rtype.label).capitalize(), "")
    return found


def offered(scope: ActorScope, rtype: RecordType) -> list[Beside]:
    """The records beside the row's that this actor may make."""
    known = {t.key for t in all_types()}
    return [
        one
        for one in preset_of(rtype).beside
        if one.type in known
        and scope.may(type_of(one.type), "create")
        and {one.to, one.field} <= scope.writable(type_of(one.type)).keys()
    ]


def id_label(kind: Kind) -> str:
    """What the column of the ids that a link leads to is called."""
    return f"{_capital(kind.verbose_name)} (ID)"


def _in_order(rtype: RecordType, writable: dict[str, Kind]) -> list[str]:
    ordered = [n for _title, names in rtype.sections for n in names if n in writable]
    return ordered + [n for n in writable if n not in ordered]


def _capital(text: Any) -> str:
    words = str(text)
    return words[:1].upper() + words[1:]


def _paths(kind: Kind) -> list[tuple[str, str]]:
    label = _capital(kind.verbose_name)
    if not isinstance(kind, Entries):
        return [(kind.name, label)]
    return [(kind.name, label), *(one for slot, said in _slots(kind) for one in _of_slot(kind, slot, said))]


def _of_slot(kind: Entries, slot: str, said: str) -> list[tuple[str, str]]:
    """The paths of one entry of several, and what they are called."""
    label, found = _capital(kind.verbose_name), []
    if isinstance(kind, Addresses):
        parts = [*kind.parts, *ADDED]
        found += [(f"{kind.name}.{slot}.{p}", f"{label} ({said}): {_PART_LABELS[p]}") for p in parts]
    else:
        found.append((f"{kind.name}.{slot}", f"{label} ({said})"))
    if slot[-1:].isdigit():
        found.append((f"{kind.name}.{slot}.purpose", f"{label} ({said}): {_PART_LABELS['purpose']}"))
    return found


def further(path: str, fields: Mapping[str, Kind], like: Mapping[str, Target]) -> Target:
    """A path beyond the numbered entries that are offered, called as they are: "E-mail (7): purpose"."""
    name, _dot, rest = path.partition(".")
    kind, slot = fields.get(name), rest.partition(".")[0]
    said = dict(_of_slot(kind, slot, slot)) if isinstance(kind, Entries) and slot else {}
    return Target(path, said.get(path, path), like[name].group if name in like else "", name)


def _slots(kind: Entries) -> list[tuple[str, str]]:
    names = dict(PURPOSES)
    numbered = [(str(n), str(n)) for n in range(1, _NUMBERED + 1)]
    by_purpose = [(p, str(names[p])) for p in kind.purposes]
    second = [(f"{p}2", f"{names[p]} 2") for p in kind.purposes if p != "other" and not isinstance(kind, Addresses)]
    return numbered + by_purpose + second


@dataclass(frozen=True)
class Path:
    """A path taken apart."""

    field: str
    slot: str = ""
    part: str = ""

    @property
    def purpose(self) -> str:
        """The purpose the slot names, or nothing."""
        found = SLOT.match(self.slot)
        return found.group(1) if found else ""


def parse(path: str, fields: dict[str, Kind]) -> Path | None:
    """A path taken apart, or ``None`` where it leads nowhere."""
    name, *rest = path.split(".")
    kind = fields.get(name)
    if kind is None or len(rest) > 2 or isinstance(kind, Json | File):
        return None
    if not rest:
        return Path(name)
    if isinstance(kind, Link | Links) and rest == [ID]:
        return Path(name, "", ID)
    if not isinstance(kind, Entries) or not _is_slot(rest[0]):
        return None
    part = rest[1] if len(rest) > 1 else ""
    many = isinstance(kind, Addresses)
    known = {"purpose", "state", *(kind.parts if many else ("value",)), *(ADDED if many else ())}
    if (part and part not in known) or (many and not part):
        return None
    return Path(name, rest[0], "" if part == "value" else part)


def _is_slot(text: str) -> bool:
    found = SLOT.match(text)
    return bool(text and found and (not found.group(1) or found.group(1) in dict(PURPOSES)))


def names(scope: ActorScope, rtype: RecordType) -> dict[str, list[str]]:
    """Path -> what columns may be called that lead there, in every language: for guessing a mapping."""
    known, said = preset_of(rtype), targets(scope, rtype)
    found: dict[str, list[str]] = {path: list(known.synonyms.get(path, ())) for path in said if path != ID}
    for path, synonyms in [(p.path, p.synonyms) for p in known.parts] + [(b.path, b.synonyms) for b in known.beside]:
        if path in found:
            found[path] += synonyms
    called = "" if any(p.path == "full_name" for p in known.parts) else name_field(rtype)
    for language in dict.fromkeys((get_language() or "en", *LANGUAGES)):
        with override(language):
            for path, target in targets(scope, rtype).items():
                if path == ID:
                    continue
                found[path] += [target.label, *_short(path, rtype)]
            if called in found:
                found[called] += [str(rtype.label), str(rtype.plural)]
    return {path: list(dict.fromkeys(labels)) for path, labels in found.items()}


def name_field(rtype: RecordType) -> str:
    """The field that a record is called by."""
    if "name" in rtype.fields:
        return "name"
    return next((n for n, k in rtype.fields.items() if k.required and isinstance(k, Text)), next(iter(rtype.fields)))


def _short(path: str, rtype: RecordType) -> list[str]:
    """How the parts of an address or the first of several entries are called without more: "city", "e-mail"."""
    name, *rest = path.split(".")
    kind = rtype.fields.get(name)
    if not isinstance(kind, Entries) or not rest or "purpose" in rest:
        return []
    word = str(_PART_LABELS[rest[1]]) if len(rest) > 1 else str(kind.verbose_name)
    slot = str(dict(PURPOSES).get(rest[0].rstrip("0123456789"), ""))
    number = "" if rest[0] == "1" else rest[0].lstrip("abcdefghijklmnopqrstuvwxyz")
    return [" ".join(w for w in (word, slot, number) if w), " ".join(w for w in (slot, word, number) if w)]


def ordered(paths: Iterable[str]) -> list[str]:
    """Paths, each once."""
    return list(dict.fromkeys(p for p in paths if p))
