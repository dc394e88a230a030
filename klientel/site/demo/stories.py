"""Small stories of customers: calls, notes, meetings and tasks that belong together. See ``words/stories.txt``."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from functools import cache
from typing import Any

from klientel.site.demo.words_of import text


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


def told(story: tuple[Entry, ...], cast: Cast, today: dt.date, dice: random.Random) -> list[tuple[str, dict[str, Any]]]:
    """The story as ``(record type, values)``, shifted by some days so that no two customers run in step."""
    names = spoken(cast.person) | {"firma": cast.firm}
    shift = dice.randint(-6, 0)
    return [
        _values(e, cast, names, today + dt.timedelta(days=e.day + (shift if e.day < -9 else 0)), dice) for e in story
    ]


def _values(
    entry: Entry, cast: Cast, names: dict[str, str], day: dt.date, dice: random.Random
) -> tuple[str, dict[str, Any]]:
    words, subject = entry.words.format(**names), entry.subject.format(**names)
    day += dt.timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0) if entry.day not in (0, -1) else 0)
    at = dt.datetime.combine(day, dt.time(dice.randint(8, 16), dice.choice((0, 15, 30, 45)))).isoformat()
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
