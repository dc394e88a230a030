"""Small stories of customers: calls, notes, meetings and tasks that belong together. See ``words/stories.txt``."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from functools import cache
from typing import Any

from klientel.site.demo.words_of import text

LATE = 6  # days by which a story may lie further back


@dataclass(frozen=True)
class Entry:
    """One thing that happened, ``day`` days from today."""

    day: int
    what: str
    facts: tuple[str, ...]
    subject: str
    words: str


@cache
def stories() -> tuple[tuple[Entry, ...], ...]:
    """All stories, each in the order of its days."""
    found: list[list[Entry]] = []
    for line in text("stories").splitlines():
        if line.startswith("#"):
            found.append([])
        elif line.strip():
            found[-1].append(_entry(line))
    return tuple(tuple(story) for story in found)


def _entry(line: str) -> Entry:
    head, *parts = [part.strip() for part in line.split("|")]
    day, what, *facts = head.split()
    subject, words = ([*parts, ""])[:2] if what != "note" else ("", parts[0])
    return Entry(int(day), what, tuple(facts), subject, words)


def spoken(person: dict[str, Any]) -> dict[str, str]:
    """How a story speaks of somebody: „Frau Köhler“, „Herrn Koch“, „sie“."""
    full = f"{person['first_name']} {person['last_name']}"
    title = {"ms": "Frau ", "mr": "Herr "}.get(person.get("salutation", ""), "")
    name = f"{title}{person['last_name']}" if title else full
    oblique = name.replace("Herr ", "Herrn ", 1) if title == "Herr " else name
    she = {"ms": "sie", "mr": "er"}.get(person.get("salutation", ""), full)
    return {"Frau": name, "herrn": oblique, "sie": she}


@dataclass(frozen=True)
class Cast:
    """Who a story is told about and who of ours was there."""

    person: dict[str, Any]
    firm: str
    concerns: list[str]
    owner: str


@dataclass(frozen=True)
class Told:
    """One record of a story, and when it is written down (local time): nobody notes a call before it was made."""

    rtype: str
    values: dict[str, Any]
    at: dt.datetime


def told(story: tuple[Entry, ...], cast: Cast, today: dt.date, dice: random.Random) -> list[Told]:
    """The story, shifted by some days so that no two customers run in step."""
    names = spoken(cast.person) | {"firma": cast.firm}
    shift = dice.randint(-LATE, 0)
    found: list[Told] = []
    for entry in story:
        day = today + dt.timedelta(days=entry.day + (shift if entry.day < -9 else 0))
        day += dt.timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0) if entry.day not in (0, -1) else 0)
        at = dt.datetime.combine(day, dt.time(dice.randint(8, 16), dice.choice((0, 15, 30, 45))))
        rtype, values = _values(entry, cast, names, at)
        found.append(Told(rtype, values, _written(entry, rtype, at, today, found)))
    return found


def _written(entry: Entry, rtype: str, at: dt.datetime, today: dt.date, before: list[Told]) -> dt.datetime:
    """Notes, calls and meetings once they took place; what is to be done when what came before it was."""
    if entry.day < 0 and rtype != "work.task":
        took = {"call": entry.facts[-1:], "meeting": entry.facts[:1]}.get(entry.what, ())
        return at + dt.timedelta(minutes=3 + sum(map(int, took)))
    if before:
        return before[-1].at + dt.timedelta(minutes=7)
    return min(at, dt.datetime.combine(today, dt.time(9))) - dt.timedelta(days=3)


def _values(entry: Entry, cast: Cast, names: dict[str, str], when: dt.datetime) -> tuple[str, dict[str, Any]]:
    words, subject = entry.words.format(**names), entry.subject.format(**names)
    day, at = when.date(), when.isoformat()
    base: dict[str, Any] = {"concerns": cast.concerns, "owner": cast.owner}
    match entry.what:
        case "note":
            return "work.note", base | {"text": f"<p>{words}</p>"}
        case "call":
            way, result, minutes = entry.facts
            more = {"phone": cast.person["phones"][0]["value"]} if cast.person.get("phones") else {}
            return "work.call", base | more | {
                "subject": subject,
                "direction": way,
                "result": result,
                "minutes": int(minutes),
                "at": at,
                "notes": words,
            }
        case "meeting":
            return "work.meeting", base | _meeting(entry, cast, at) | {"subject": subject, "notes": words}
        case _:
            state, priority = entry.facts
            more = {"subject": subject, "state": state, "priority": priority, "description": words}
            return "work.task", base | more | {"due": day.isoformat()}


def _meeting(entry: Entry, cast: Cast, at: str) -> dict[str, Any]:
    minutes = int(entry.facts[0])
    end = (dt.datetime.fromisoformat(at) + dt.timedelta(minutes=minutes)).isoformat()
    place = cast.firm if minutes > 45 else "Video"
    return {"begins": at, "ends": end, "place": place, "participants": [cast.owner]}
