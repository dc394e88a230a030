"""What follows from a new record's own values, worked out before its turn comes: an import has a thread with time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from klientel.kernel.actions.warning import Found, checkable, looks_wrong
from klientel.kernel.kinds import Kind, Link, Links
from klientel.kernel.records import RecordType
from klientel.kernel.search.fields import searched, text_of


@dataclass(slots=True)
class Beforehand:
    """Kept with the record as ``beforehand``; holds as long as only its links change until it is written."""

    title: str
    sort_key: str
    words: dict[str, str]  # class of the search index -> text
    changes: dict[str, list[Any]]  # of what is no link
    wrong: dict[str, set[Found]]


class Forerunner:
    """Works it out for one type; made inside a transaction, used in any thread."""

    def __init__(self, rtype: RecordType, fields: Mapping[str, Kind]) -> None:
        self._rtype, self._classes, self._checked = rtype, searched(rtype), checkable(rtype)
        self._own = {n: k for n, k in fields.items() if not isinstance(k, Link | Links)}
        named = {*rtype.made_of, *rtype.stand_ins}.union(*self._classes.values())
        self._possible = rtype.derive is None and not any(isinstance(rtype.static.get(n), Link | Links) for n in named)

    def look(self, record: Any, values: Mapping[str, Any]) -> None:
        """Let the record have what follows from these values, its own; one without a name is called by its id."""
        rtype = self._rtype
        if not self._possible or not rtype.title(record):
            return
        record.title = rtype.title_of(record)
        record.sort_key = rtype.sort_of(record, record.title)
        own = [(n, v, self._own[n]) for n, v in values.items() if n in self._own]
        filled = [(n, v, k) for n, v, k in own if isinstance(v, bool) or not k.is_empty(v)]
        record.beforehand = Beforehand(
            record.title,
            record.sort_key,
            {letter: text_of(rtype, record, letter, names) for letter, names in self._classes.items()},
            {n: [None, k.plain(v)] for n, v, k in filled},
            {n: some for n, v, k in filled if n in self._checked and (some := set(looks_wrong(k, v)))},
        )
