"""What a step takes from the record it is about: values by a path, dates from now on, and texts with placeholders.

Placeholders are names only (``{{organisation.name}}``): nothing is worked out. What a value says is never read again.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import get, names, worked_out
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.kinds import Kind, Link, Links, today, zone
from klientel.kernel.records import RecordType, type_of
from klientel.lib import clock

_PLACE = re.compile(r"\{\{\s*([a-z_0-9.]*)\s*\}\}")
_DOUBLE = re.compile(r"(\{(?=\{)|\}(?=\}))")
ITSELF = "id"  # the path of the record itself
TEXTS = ("text", "long_text", "rich_text")
HOURS = {"minutes": dt.timedelta(minutes=1), "hours": dt.timedelta(hours=1), "days": dt.timedelta(days=1),
         "weeks": dt.timedelta(weeks=1)}  # fmt: skip


@dataclass
class Seen:
    """A record as one actor sees it, with what it leads to; read once."""

    scope: ActorScope
    rtype: RecordType
    record: Any
    answers: dict[str, tuple[Kind, Any]] = field(default_factory=dict)  # to questions of the workflow's own, by name
    _others: dict[UUID, Any] = field(default_factory=dict)

    def value(self, path: str) -> tuple[Kind | None, Any]:
        """The kind and canonical value at the end of a path; nothing where the way leads nowhere."""
        if path == ITSELF:
            return None, self.record.pk
        if path in self.answers:
            return self.answers[path]
        rtype, record = self.rtype, self.record
        *steps, last = path.split(".")
        for name in steps:
            kind = self.scope.visible(rtype).get(name)
            if not isinstance(kind, Link) or (other := rtype.value(record, name)) is None:
                return None, None
            rtype = type_of(kind.to)
            record = self._other(rtype, other)
            if record is None:
                return None, None
        if last == ITSELF:
            return None, record.pk
        found = self.scope.visible(rtype).get(last)
        if found is not None and found.computed and not hasattr(record, "computed"):
            worked_out(self.scope, rtype, record)
        return found, rtype.value(record, last) if found is not None else None

    def _other(self, rtype: RecordType, record_id: UUID) -> Any:
        if record_id not in self._others:
            try:
                self._others[record_id] = get(self.scope, rtype, record_id)
            except Missing:
                self._others[record_id] = None
        return self._others[record_id]

    def fill(self, text: str, *, html: bool = False) -> str:
        """A text with its placeholders replaced, as people read values."""

        return replaced(text, lambda path: escape(inert(self.shown(path))) if html else inert(self.shown(path)))

    def shown(self, path: str) -> str:
        """A value for people; links by the names of what they lead to."""
        if path in ("title", ITSELF):
            return self.rtype.title_for(self.record, self.scope.visible(self.rtype))
        kind, value = self.value(path)
        if kind is None or value in (None, "", []):
            return ""
        if isinstance(kind, Link | Links):
            ids = value if isinstance(kind, Links) else [value]
            known = names(self.scope, ids, kind.to)
            return ", ".join(known[i].title for i in ids if i in known)
        return kind.show(value)


def inert(told: str) -> str:
    """A value in a text that an action may fill in once more: braces that somebody typed ask for nothing there."""
    return _DOUBLE.sub(r"\1 ", told)


def replaced(text: str, by: Callable[[str], str]) -> str:
    """A text in which every placeholder gave way to what its path stands for; that is never read again."""
    return _PLACE.sub(lambda found: by(found[1]), text)


def paths_in(value: Any) -> Iterator[str]:
    """The paths that a parameter reads."""
    if isinstance(value, str):
        yield from (found[1] for found in _PLACE.finditer(value) if found[1] != "title")
    elif isinstance(value, dict) and isinstance(value.get("of"), str):
        yield value["of"]
    elif isinstance(value, list):
        for one in value:
            yield from paths_in(one)


def params(seen: Seen, kinds: dict[str, Kind], given: dict[str, Any], me: UUID | None) -> dict[str, Any]:
    """Parameters of an action as JSON-like values; checking them is the kinds' business."""
    made: dict[str, Any] = {}
    for name, value in given.items():
        kind = kinds.get(name)
        if kind is None:
            raise Refused("unknown_field", _("There is no such field."), name)
        made[name] = _one(seen, kind, value, me)
    return made


def _one(seen: Seen, kind: Kind, value: Any, me: UUID | None) -> Any:
    if isinstance(value, dict) and set(value) == {"of"}:
        return _taken(seen, kind, value["of"])
    if isinstance(value, dict) and set(value) == {"in", "unit"}:
        return ahead(kind, int(value["in"]), value["unit"])
    if value == {"me": True}:
        return str(me) if me else None
    if isinstance(value, list):
        found = [_one(seen, kind, v, me) for v in value]
        return [x for v in found for x in (v if isinstance(v, list) else [v]) if x is not None]
    if isinstance(value, str) and "{{" in value and kind.key in TEXTS:
        text = seen.fill(value, html=kind.key == "rich_text")
        return text[:longest] if (longest := getattr(kind, "max_length", None)) else text
    return value


def _taken(seen: Seen, kind: Kind, path: str) -> Any:
    source, value = seen.value(path)
    if value is None:
        return [] if isinstance(kind, Links) else None
    if isinstance(kind, Links):
        return [str(v) for v in (value if isinstance(value, list) else [value])]
    if isinstance(kind, Link):
        return str(value)
    if source is None:
        return str(value)
    return seen.shown(path) if kind.key in TEXTS and source.key not in TEXTS else source.plain(value)


def later(n: int, unit: str) -> dt.datetime:
    """The instant so much later; days and weeks keep the time of day of the tenant's clock where clocks change."""
    now = clock.now()
    if unit in ("days", "weeks"):
        return (now.astimezone(zone()) + HOURS[unit] * n).astimezone(dt.UTC)
    return now + HOURS[unit] * n


def ahead(kind: Kind, n: int, unit: str) -> str:
    """So much time from now on, as a day or a moment."""
    if kind.key == "date":
        return (today() + HOURS[unit] * n if unit in ("days", "weeks") else today()).isoformat()
    return later(n, unit).isoformat()


def moment(day: dt.date, at: str) -> dt.datetime:
    """A day at a time of the tenant's clock, as an instant; ``at`` is such as ``08:30``."""
    hour, _colon, minute = (at or "08:00").partition(":")
    return dt.datetime.combine(day, dt.time(int(hour), int(minute or 0)), zone()).astimezone(dt.UTC)
