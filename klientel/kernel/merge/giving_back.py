"""Which links and values go back to whom when records are taken apart. Pure: nothing here reads or writes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from klientel.kernel.kinds import Json, Kind, Link, Links
from klientel.kernel.merge.deciding import entry_key, several
from klientel.kernel.merge.leading import in_json
from klientel.kernel.merge.models import Merge, Moved

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Apart:
    """What is taken apart: the survivor, whom it gives back, and who else stays part of it."""

    survivor: UUID
    out: tuple[UUID, ...]
    inside: frozenset[UUID]


def _ids(value: Any) -> list[UUID]:
    """The ids in a plain value: of a link, of links, or anywhere in JSON such as the lines of a quote."""
    if isinstance(value, list | dict):
        return [i for one in (value.values() if isinstance(value, dict) else value) for i in _ids(one)]
    return [UUID(value)] if isinstance(value, str) and _ID.fullmatch(value) else []


def concerns(row: Moved, apart: Apart) -> bool:
    """Whether a row of the ledger says that a link of one of those who leave was moved."""
    if row.field == "archived_at" or not isinstance(row.before, str | list):
        return True
    return any(str(i) in str(row.before) for i in apart.out)


def link_back(kind: Kind, now: Any, rows: list[Moved], mine: list[Moved], apart: Apart) -> tuple[bool, Any]:
    """Whether a link field can go back, and its value then.

    ``rows`` are all of the ledger about this field of this record, oldest first; ``mine`` those of the merges that are
    taken back. As it stood before, where nothing changed since; else each who leaves takes the survivor's place, who
    stays where they had a link of their own or others who are still part of them had one.
    """
    last, plain = rows[-1], kind.plain(now)
    stay = absorbed(last) & apart.inside
    if mine == [last] and plain == last.after and (not stay or isinstance(kind, Json)):
        return True, kind.from_plain(in_json(last.before, {str(i): str(apart.survivor) for i in stay}))
    if isinstance(kind, Links) and apart.survivor in (now or []):
        stays = _stays(rows, apart)
        leaving = _leaving(mine, apart)
        return bool(leaving), _instead(now, apart.survivor, leaving, stays=stays)
    if isinstance(kind, Link) and now == apart.survivor and mine and mine[-1] is last:
        return True, kind.from_plain(last.before)
    return False, now


def absorbed(row: Moved) -> set[UUID]:
    """Whose place the survivor took in this field."""
    return set(_ids(row.before)) - set(_ids(row.after))


def _leaving(rows: list[Moved], apart: Apart) -> list[UUID]:
    return list(dict.fromkeys(i for row in rows for i in _ids(row.before) if i in apart.out and i in absorbed(row)))


def _stays(rows: list[Moved], apart: Apart) -> bool:
    """Whether the survivor has a place of its own there, or that of others who are still part of it."""
    return apart.survivor in _ids(rows[0].before) or any(absorbed(row) & apart.inside for row in rows)


def _instead(now: list[UUID], survivor: UUID, leaving: list[UUID], *, stays: bool) -> list[UUID]:
    made: list[UUID] = []
    for one in now:
        made += [*([one] if one != survivor or stays else []), *(leaving if one == survivor else [])]
    return list(dict.fromkeys(made))


def ledger_after(kind: Kind, rows: list[Moved], before: Any, after: Any, apart: Apart) -> list[Moved]:
    """The rows of the merges that still stand, as if those who leave had never been part of the survivor.

    ``before`` and ``after`` are the plain values of the field around the taking apart.
    """
    changed = []
    for n, row in reversed(list(enumerate(rows))):  # each is judged by those before it as they stood
        if row.after == before:
            row.after = after
        if isinstance(kind, Links) and n:
            earlier = rows[:n]
            leaving = _leaving(earlier, apart)
            if leaving and str(apart.survivor) in (row.before or []):
                stays = _stays(earlier, apart)
                row.before = [str(i) for i in _instead(_ids(row.before), apart.survivor, leaving, stays=stays)]
        changed.append(row)
    return changed


@dataclass
class Values:
    """What becomes of the survivor's own fields, and of those fields whose values were changed since."""

    back: dict[str, Any] = field(default_factory=dict)
    conflicts: dict[str, dict[str, Any]] = field(default_factory=dict)  # before, after, now: plain


def values_back(
    kinds: dict[str, Kind],
    now: dict[str, Any],
    merge: Merge,
    later: list[Merge],
    lists: dict[UUID, dict[str, Any]],
    apart: Apart,
) -> Values:
    """Fields that go back to what they were before a merge; ``now`` and ``lists`` (of the losers) are canonical.

    Of lists those entries leave that came only from those who leave. ``merge`` and ``later`` (merges that still stand)
    are brought in line.
    """
    made = Values()
    whole = not (set(merge.losers) & apart.inside)
    for name, told in list(merge.values.items()):
        kind = kinds.get(name)
        if kind is None:
            continue
        plain = kind.plain(now[name])
        if whole and plain == told["after"]:
            made.back[name] = kind.from_plain(told["before"])
        elif several(kind):
            made.back[name] = _entries_back(kind, now[name], told, lists, name, apart)
            told["after"] = kind.plain(made.back[name])
            continue
        elif told["from"] not in {str(i) for i in apart.out} and not (whole and told["from"] is None):
            continue
        elif plain == told["after"]:
            made.back[name] = kind.from_plain(told["before"])
        elif not _inherited(name, told, later) and plain != told["before"]:
            made.conflicts[name] = {"before": told["before"], "after": told["after"], "now": plain}
        del merge.values[name]
    return made


def _inherited(name: str, told: dict[str, Any], later: list[Merge]) -> bool:
    """Whether a later merge changed the field again: then that one remembers what was before this one."""
    for one in later:
        if name in one.values and one.values[name]["before"] == told["after"]:
            one.values[name]["before"] = told["before"]
            return True
    return False


def _entries_back(
    kind: Kind, now: Any, told: dict[str, Any], lists: dict[UUID, dict[str, Any]], name: str, apart: Apart
) -> list[Any]:
    before = kind.from_plain(told["before"]) or []
    own = {entry_key(kind, e) for e in before}
    others = {entry_key(kind, e) for i in apart.inside for e in lists.get(i, {}).get(name) or ()}
    theirs = {entry_key(kind, e) for i in apart.out for e in lists.get(i, {}).get(name) or ()}
    left = [e for e in now or () if (k := entry_key(kind, e)) not in theirs or k in own or k in others]
    dropped = {entry_key(kind, e) for e in kind.from_plain(told["after"]) or ()}
    known = {entry_key(kind, e) for e in left}
    return left + [e for e in before if (k := entry_key(kind, e)) not in dropped and k not in known]
