"""Two versions of a quote side by side: lines added, removed and changed, sums, dates and texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext as _

from klientel.sales.models import telling
from klientel.sales.models.positions import SECTION

SAME, CHANGED, ADDED, REMOVED = "same", "changed", "added", "removed"
_SHOWN = ("name", "text", "quantity", "unit", "price", "discount", "rate", "net", "role")
_FIELDS = ("name", "date", "valid_until", "discount")
_TEXTS = ("salutation", "introduction", "terms")
_LIKE = 0.5  # how alike two names must be to be one line that was changed


@dataclass(frozen=True)
class Row:
    """One line of both versions; ``changed`` names the parts that differ."""

    what: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Said:
    """A value or text of both versions; ``parts`` are its words, each with whether it stands in both, or in which."""

    label: str
    before: str
    after: str
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def differs(self) -> bool:
        """Whether there is anything to see."""
        return self.before != self.after


def lines(before: Any, after: Any, language: str) -> list[Row]:
    """The lines in the order of the later version, removed ones where they stood."""
    old, new = (telling.told(one, one.positions or [], language)["lines"] for one in (before, after))
    was, is_now = ([_key(p) for p in one.positions or []] for one in (before, after))
    rows: list[Row] = []
    for tag, a, b, c, d in SequenceMatcher(None, was, is_now, autojunk=False).get_opcodes():
        if tag == "equal":
            rows += [_pair(x, y) for x, y in zip(old[a:b], new[c:d], strict=True)]
        else:
            rows += _replaced(old[a:b], new[c:d])
    return rows


def _key(position: dict[str, Any]) -> tuple[str, str]:
    return (position.get("product", ""), "" if position.get("product") else position.get("name", ""))


def _replaced(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[Row]:
    """Lines that took the place of others: alike ones are changed, the rest was removed and added."""
    rows: list[Row] = []
    for x, y in zip_longest(old, new):
        alike = x and y and (x["role"] == SECTION) == (y["role"] == SECTION)
        if alike and SequenceMatcher(None, x["name"], y["name"]).ratio() >= _LIKE:
            rows.append(_pair(x, y))
        else:
            rows += [Row(what, *both) for what, both in ((REMOVED, (x, None)), (ADDED, (None, y))) if any(both)]
    return rows


def _pair(x: dict[str, Any], y: dict[str, Any]) -> Row:
    changed = frozenset(name for name in _SHOWN if x.get(name) != y.get(name))
    return Row(CHANGED if changed else SAME, x, y, changed)


def sums(before: Any, after: Any, language: str) -> list[Said]:
    """The sums by their words, those of either version."""
    told = [telling.told(one, one.positions or [], language)["sums"] for one in (before, after)]
    old, new = ({(s["key"], s["label"]): s["value"] for s in one} for one in told)
    order = [*new, *(key for key in old if key not in new)]
    return [Said(key[1], old.get(key, ""), new.get(key, "")) for key in sorted(order, key=_rank)]


def _rank(key: tuple[str, str]) -> int:
    return ("lines", "discount", "net", "tax", "gross").index(key[0])


def facts(before: Any, after: Any, visible: Any) -> list[Said]:
    """Plain fields that people may see, as they are shown."""
    found = []
    for name in _FIELDS:
        if name in visible:
            kind = visible[name]
            found.append(Said(str(kind.verbose_name), *(kind.show(getattr(one, name)) for one in (before, after))))
    return found


def texts(before: Any, after: Any, visible: Any) -> list[Said]:
    """Texts with every word that was added or taken away."""
    found = []
    for name in _TEXTS:
        if name in visible:
            old, new = (getattr(one, name) or "" for one in (before, after))
            found.append(Said(str(visible[name].verbose_name), old, new, tuple(_words(old, new))))
    return found


def _words(old: str, new: str) -> list[tuple[str, str]]:
    a, b = (re.findall(r"\s+|[^\s]+", text) for text in (old, new))
    parts: list[tuple[str, str]] = []
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append((SAME, "".join(a[i:j])))
            continue
        parts += [(what, text) for what, text in ((REMOVED, "".join(a[i:j])), (ADDED, "".join(b[k:m]))) if text]
    return parts


def labels() -> dict[str, str]:
    """What became of a line, in a word."""
    return {SAME: "", CHANGED: _("different"), ADDED: _("added"), REMOVED: _("left out")}
