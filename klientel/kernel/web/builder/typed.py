"""What a form holds of a condition: plain nested words, as typed, so that nothing is ever lost; to and from JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import orjson

#: the ways a group binds its parts, and how each is written
HOWS = ("all", "any", "none", "not_all")
_DIGITS = re.compile(r"\d{1,4}\Z")
MOST = 200
_SIMPLE = ("what", "op", "upto", "when", "n", "unit", "currency", "times", "count", "event", "days", "view")


@dataclass
class Typed:
    """One part as typed: a group, a clause, or something only kept because no control can show it."""

    type: str = "clause"
    how: str = "all"
    parts: list[Typed] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    inner: Typed | None = None  # what must hold for related records
    kept: Any = None

    def word(self, name: str) -> str:
        """One of its words, empty where it was not given."""
        return self.words.get(name, "")


def group(how: str = "all", parts: list[Typed] | None = None) -> Typed:
    """A group of parts."""
    return Typed("group", how, parts or [])


# -- from what a browser sent -------------------------------------------------------------------------------------


def from_form(data: Any, prefix: str) -> Typed:
    """The parts that a form sent under this prefix (``where:0:1:op=…``); an empty group where it sent none."""
    tree: dict[str, Any] = {}
    for key in data:
        if key.startswith(f"{prefix}:"):
            *path, last = key[len(prefix) + 1 :].split(":")
            at = tree
            for step in path[:40]:
                at = at.setdefault(f":{step}", {})
            at[last] = data.getlist(key)
    return _group(tree, [MOST])


def _group(tree: dict[str, Any], left: list[int]) -> Typed:
    how = _first(tree, "how")
    made = group(how if how in HOWS else "all")
    for key, inner in tree.items():
        if key.startswith(":") and _DIGITS.match(key[1:]) and left[0] > 0:
            left[0] -= 1
            made.parts.append(_part(inner, left))
    return made


def _part(tree: dict[str, Any], left: list[int]) -> Typed:
    if "how" in tree:
        return _group(tree, left)
    if "kept" in tree:
        return Typed("kept", kept=_loaded(_first(tree, "kept")))
    words = {name: _first(tree, name) for name in _SIMPLE if name in tree}
    made = Typed(values=[v for v in tree.get("v", []) if v != ""], words=words)
    if ":w" in tree:
        made.inner = _group(tree[":w"], left)
    return made


def _first(tree: dict[str, Any], name: str) -> str:
    found = tree.get(name)
    return found[0].strip() if isinstance(found, list) and found else ""


def _loaded(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}


def pressed(data: Any, prefix: str) -> tuple[str, str]:
    """Which button of the builder was pressed: what it does, and at which part; empty where none was."""
    what, _colon, at = data.get(f"{prefix}!", "").partition(" ")
    return (what, at) if what in ("add", "group", "drop", "draw", "say") else ("", "")


def done(typed: Typed, prefix: str, what: str, at: str) -> Typed:
    """The same with a part added or taken away, as the button says."""
    steps = at[len(prefix) :].strip(":").split(":") if at != prefix else []
    found: Typed | None = typed
    for step in steps[:-1] if what == "drop" else steps:
        found = _below(found, step)
    if found is None:
        return typed
    if what == "drop" and steps and _DIGITS.match(steps[-1]) and int(steps[-1]) < len(found.parts):
        del found.parts[int(steps[-1])]
    elif what == "add":
        found.parts.append(Typed())
    elif what == "group":
        found.parts.append(group("any", [Typed()]))
    return typed


def _below(typed: Typed | None, step: str) -> Typed | None:
    if typed is None or step == "w":
        return typed.inner if typed else None
    return typed.parts[int(step)] if _DIGITS.match(step) and int(step) < len(typed.parts) else None
