"""Public holidays by country, in the language of who reads.

Not with the other days of a calendar: what it stands on takes long to import, and only pages that draw days need it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache

import holidays


@lru_cache(maxsize=64)
def _holidays(country: str, year: int, language: str) -> dict[dt.date, str]:
    if country not in holidays.list_supported_countries():
        return {}
    known = holidays.country_holidays(country, years=year)
    spoken = next((one for one in known.supported_languages if one.split("_")[0] == language), None)
    return dict(holidays.country_holidays(country, years=year, language=spoken).items())


def festive(country: str, days: Iterable[dt.date], language: str) -> dict[dt.date, str]:
    """The public holidays among these days, those of the whole country, in a language where they are known in it."""
    return {d: name for d in days if (name := _holidays(country.upper(), d.year, language).get(d))}
