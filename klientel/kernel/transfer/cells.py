"""Several entries in one cell, and back: ``a@b.de; c@d.de (private)``, ``Weg 1 | 10115 | Berlin || DE (billing)``.

``read(kind, write(kind, v)) == v``, purpose and state included; what people type by hand is read as well.
"""

from __future__ import annotations

import re
from functools import cache

import orjson
from django.utils.translation import override

from klientel.kernel.errors import LANGUAGES
from klientel.kernel.kinds import PURPOSES, STATES, Addresses, Entries
from klientel.lib.words import fold

_SEPARATORS = re.compile(r"(?<!\\);|\n(?!\\)")
_BAR = re.compile(r"(?<!\\)\|")
_TAIL = re.compile(r"^(.*\S)\s*\(([^()]*)\)$", re.DOTALL)
_SPECIAL = re.compile(r"([\\;|()])")
_MARKED = re.compile(r"[;\n|()\\]")
_PLAIN = re.compile(r"\\(.)", re.DOTALL)
_PLAIN_SIGNS = frozenset("\\;()")
_PHONE_EXTENSION = ";ext="


@cache
def _words() -> dict[str, tuple[str, str]]:
    """Every word for a purpose or a state, folded -> (part, key)."""
    found: dict[str, tuple[str, str]] = {}
    for language in LANGUAGES:
        with override(language):
            for part, known in (("purpose", PURPOSES), ("state", STATES)):
                for key, label in known:
                    found.setdefault(fold(str(label)), (part, key))
                    found.setdefault(fold(key), (part, key))
    for word, key in (("home", "private"), ("cell", "mobile"), ("office", "work"), ("main", "work"), ("buro", "work")):
        found.setdefault(word, ("purpose", key))
    return found


def purpose_of(text: str) -> str:
    """The purpose that a word or several mean ("Home", "fax work", "geschäftlich"), or nothing."""
    folded = fold(text)
    known = [_words().get(word) for word in (folded, *folded.split())]
    purposes = [one[1] for one in known if one is not None and one[0] == "purpose"]
    special = [p for p in purposes if p in ("mobile", "fax")]
    return (special or purposes or [""])[0]


def write(kind: Entries, value: list[dict[str, str]] | None) -> str:
    """Entries as one cell; the usual purpose and state go without saying."""
    return "; ".join(_written(kind, entry) for entry in value or ())


def _written(kind: Entries, entry: dict[str, str]) -> str:
    parts = [entry.get(p, "") for p in kind.parts]
    if parts[0].startswith("+"):
        parts[0] = parts[0].replace(_PHONE_EXTENSION, " ext. ", 1)
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    text = " | ".join(parts)
    if text.count("|") >= len(parts) or not text.isprintable() or not _PLAIN_SIGNS.isdisjoint(text):
        text = " | ".join(_escaped(part) for part in parts)
    purpose, state = entry.get("purpose", kind.purposes[0]), entry.get("state", "ok")
    if purpose == kind.purposes[0] and state == "ok":
        return text
    said = [word for word, usual in ((purpose, kind.purposes[0]), (state, "ok")) if word != usual]
    return f"{text} ({', '.join(said)})"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def read(kind: Entries, text: str) -> list[dict[str, str]]:
    """One cell as entries, not yet checked."""
    if text.startswith("[{") and (told := _json(kind, text)) is not None:
        return told
    if isinstance(kind, Addresses) and "|" not in text:
        return [_address(text)]
    if len(kind.parts) == 1 and _MARKED.search(text) is None:
        return [{kind.parts[0]: text.strip()}] if text.strip() else []
    found = []
    for piece in _SEPARATORS.split(text):
        piece, said = _tail(piece.strip())
        parts = [_PLAIN.sub(r"\1", part.strip()) for part in _BAR.split(piece)]
        entry = {name: part for name, part in zip(kind.parts, parts, strict=False) if part}
        if entry:
            found.append(entry | said)
    return found


def _json(kind: Entries, text: str) -> list[dict[str, str]] | None:
    """The entries of a cell that holds them as JSON, as JSON lines do; nothing where it is something else."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    known = (*kind.parts, "purpose", "state")
    if not all(isinstance(one, dict) and all(isinstance(v, str) for v in one.values()) for one in found):
        return None
    return [{part: one[part] for part in known if one.get(part)} for one in found]


def _tail(piece: str) -> tuple[str, dict[str, str]]:
    match = _TAIL.match(piece)
    if match is None or match.group(1).endswith("\\"):
        return piece, {}
    known = [_words().get(fold(word)) for word in match.group(2).split(",")]
    if not known or any(one is None for one in known):
        return piece, {}
    return match.group(1), dict(one for one in known if one is not None)


_PLACE = re.compile(r"^(?:([A-Z]{1,3})-)?(\d{4,5})\s+(\S.*)$")


def _address(text: str) -> dict[str, str]:
    """An address in one cell as people write it: lines or commas, the postcode before the town."""
    lines = [line.strip() for line in re.split(r"\n|,\s+", text) if line.strip()]
    for number, line in enumerate(lines):
        found = _PLACE.match(line)
        if found:
            entry = {"street": ", ".join(lines[:number]), "postcode": found.group(2), "city": found.group(3)}
            country = " ".join(lines[number + 1 :]) or (found.group(1) or "")
            return {k: v for k, v in (entry | {"country": country}).items() if v}
    return {"street": ", ".join(lines)}
