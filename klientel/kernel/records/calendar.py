"""How the records of a type stand in a calendar: from when to when, and for whom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Calendar:
    """From ``start`` (a day or an instant) to ``end``, or for ``minutes`` (a whole number), else for ``usual`` minutes.

    ``all_day`` names a yes-or-no field that says that only the days of the instants count. ``people`` names links to
    members who take part, beside the owner. ``over`` is a field that is filled once the thing is done with.
    ``longest`` is how many days an entry may reach: it lets the index on the beginning answer.
    """

    start: str
    end: str = ""
    minutes: str = ""
    all_day: str = ""
    people: str = ""
    over: str = ""
    usual: int = 60
    longest: int = 31
