"""Days said from today on: "in 3 Tagen", "yesterday", "+2w"."""

import re
from datetime import date, timedelta

from klientel.lib.dates import add_months
from klientel.lib.sentences import Unreadable
from klientel.lib.words import fold

_NAMED = {
    "heute": 0, "today": 0, "morgen": 1, "tomorrow": 1, "ubermorgen": 2, "gestern": -1, "yesterday": -1,
    "vorgestern": -2,
}  # fmt: skip
_UNITS = {
    "t": "day", "tag": "day", "tage": "day", "tagen": "day", "d": "day", "day": "day", "days": "day",
    "w": "week", "woche": "week", "wochen": "week", "week": "week", "weeks": "week",
    "m": "month", "monat": "month", "monate": "month", "monaten": "month", "month": "month", "months": "month",
    "j": "year", "y": "year", "jahr": "year", "jahre": "year", "jahren": "year", "year": "year", "years": "year",
}  # fmt: skip
_ONE = frozenset({"einem", "einer", "ein", "eine", "a", "an", "one"})
_STEP = re.compile(r"^(in|vor|\+|-)?\s*(\d{1,5}|[a-z]+)\s*([a-z]+)(\s+ago)?$")
_WORDS = {
    "de": {
        "day": ("Tag", "Tagen"),
        "week": ("Woche", "Wochen"),
        "month": ("Monat", "Monaten"),
        "year": ("Jahr", "Jahren"),
    },
    "en": {"day": ("day", "days"), "week": ("week", "weeks"), "month": ("month", "months"), "year": ("year", "years")},
}


def read_relative_date(text: str, today: date) -> date:
    """The day that "heute", "morgen", "in 3 Tagen", "vor 2 Wochen", "in a month", "5 days ago", "+10d" or "-1m" means.

    Raises Unreadable (date.unreadable).
    """
    bare = text.strip().lower()
    plain = fold(bare)
    if plain in _NAMED:
        return today + timedelta(days=_NAMED[plain])
    found = _STEP.match(bare[:1] + plain if bare[:1] in ("+", "-") else plain)
    unit = _UNITS.get(found[3]) if found else None
    amount = _amount(found[2]) if found else None
    if not found or not unit or amount is None:
        raise Unreadable("date.unreadable", text=text.strip()[:40])
    if found[1] in ("vor", "-") or found[4]:
        amount = -amount
    try:
        return moved(today, amount, unit)
    except (OverflowError, ValueError) as reason:
        raise Unreadable("date.impossible", text=text.strip()[:40]) from reason


def _amount(text: str) -> int | None:
    if text.isdigit():
        return int(text)
    return 1 if text in _ONE else None


def moved(day: date, amount: int, unit: str) -> date:
    """A day moved by an amount of "day", "week", "month", "quarter" or "year"."""
    if unit in ("day", "week"):
        return day + timedelta(days=amount * (7 if unit == "week" else 1))
    return add_months(day, amount * {"year": 12, "quarter": 3}.get(unit, 1))


def say_distance(day: date, today: date, language: str = "de") -> str:
    """How far a day is away, for people: "heute", "gestern", "in 3 Tagen", "vor 2 Wochen"; "today", "3 weeks ago"."""
    german = language.lower().startswith("de")
    days = (day - today).days
    near = {
        0: ("heute", "today"),
        1: ("morgen", "tomorrow"),
        -1: ("gestern", "yesterday"),
        2: ("übermorgen", ""),
        -2: ("vorgestern", ""),
    }
    if days in near and near[days][0 if german else 1]:
        return near[days][0 if german else 1]
    amount, unit = _rounded(abs(days))
    word = _WORDS["de" if german else "en"][unit][0 if amount == 1 else 1]
    one = (
        {"week": "einer", "month": "einem", "year": "einem"}.get(unit, "einem")
        if german and amount == 1
        else str(amount)
    )
    if german:
        return f"in {one} {word}" if days > 0 else f"vor {one} {word}"
    return f"in {amount} {word}" if days > 0 else f"{amount} {word} ago"


def _rounded(days: int) -> tuple[int, str]:
    if days < 14:
        return days, "day"
    if days < 60:
        return days // 7, "week"
    return (days // 30, "month") if days < 365 else (days * 100 // 36525 or 1, "year")
