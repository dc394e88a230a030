"""Which fields of a record type are searched, by class."""

from __future__ import annotations

from typing import Any

from klientel.kernel.kinds import Entries, Kind
from klientel.kernel.records import RecordType
from klientel.lib import words

LONGEST = 2000  # signs of a class that are searched
LONGEST_WORD = 100  # the rest of a longer word is not searched for

_known: dict[str, dict[str, list[str]]] = {}


def searched(rtype: RecordType) -> dict[str, list[str]]:
    """The fields of each class of the search index; ``A`` always stands, it is the record's title."""
    if rtype.custom_id is not None:
        return {"A": ["name"]}
    found = _known.get(rtype.key)
    if found is None:
        found = {"A": []}
        for name, kind in rtype.static.items():
            if kind.search:
                found.setdefault(kind.search, []).append(name)
        _known[rtype.key] = found
    return found


def text_of(rtype: RecordType, record: Any, letter: str, names: list[str]) -> str:
    """The folded words of one class; begins with a blank, so that a word's start can be searched for."""
    named = not rtype.stand_ins or any(getattr(record, n) for n in rtype.made_of)
    parts = [record.title] if letter == "A" and named else []  # what stands in for a name is in its own class
    for name in names:
        kind = rtype.static[name]
        parts.append(_words(kind, rtype.value(record, name) if kind.custom else getattr(record, name)))
    folded = _beginning(" ".join([p for p in parts if p]))
    if len(folded) > LONGEST_WORD:
        folded = " ".join(word[:LONGEST_WORD] for word in folded.split())
    return f" {folded}" if folded else ""


def _beginning(text: str) -> str:
    """The first words of a text, folded; of a long one only so much is folded as is kept, with some beyond the cut."""
    for some in (LONGEST * 5 // 4, LONGEST * 2, len(text)):
        folded = words.fold_once(text[:some])
        if len(folded) >= LONGEST + LONGEST_WORD or len(text) <= some:
            break
    return folded[:LONGEST]


def _words(kind: Kind, value: Any) -> str:
    if not value:
        return ""
    if isinstance(kind, Entries):
        return " ".join(e.get(p, "") for e in value for p in kind.parts if p != "country")
    return value if isinstance(value, str) else kind.show(value)
