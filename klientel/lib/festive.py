"""Public holidays by country and state, in the language of who reads.

Not with the other days of a calendar: what it stands on takes long to import, and only pages that draw days need it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import holidays


@lru_cache(maxsize=256)
def _holidays(country: str, year: int, language: str, state: str = "", catholic: bool = False) -> dict[dt.date, str]:
    if country not in holidays.list_supported_countries():
        return {}
    known = holidays.country_holidays(country, years=year)
    spoken = next((one for one in known.supported_languages if one.split("_")[0] == language), None)
    kinds = {"public", "catholic"} if catholic and "catholic" in known.supported_categories else {"public"}
    found = holidays.country_holidays(country, subdiv=state or None, years=year, language=spoken, categories=kinds)
    return dict(found.items())


@dataclass(frozen=True)
class DaysOff:
    """The public holidays of a place, asked ``day in days_off``, and days of its own.

    ``state`` as in `lib.states`; ``catholic`` adds those that only Catholic municipalities of the state have.
    ``yearly`` are days of every year as month and day.
    """

    country: str
    state: str = ""
    catholic: bool = False
    own: frozenset[dt.date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, dt.date):
            return False
        return day in self.own or (day.month, day.day) in self.yearly or bool(self.named(day, "de"))

    def named(self, day: dt.date, language: str) -> str:
        """What the public holiday is called; empty where the day is none."""
        return _holidays(self.country.upper(), day.year, language, self.state, self.catholic).get(day, "")


def festive(country: str, days: Iterable[dt.date], language: str) -> dict[dt.date, str]:
    """The public holidays among these days, those of the whole country, in a language where they are known in it."""
    return {d: name for d in days if (name := _holidays(country.upper(), d.year, language).get(d))}
