"""Terms of contracts and periods of notice: when a term ends, and until when notice must have arrived.

Sources: § 187 and § 188 BGB. A term counts its first day (§ 187 (2)) and ends with the day before the one of the same
number; a period of notice counts from the day after notice arrived (§ 187 (1)) and ends with the day of the same
number; where that day does not exist, with the last one of the month (§ 188 (3)). § 193 BGB (weekends) does not move
periods of notice (BGH, 17 February 2005, III ZR 172/04).
"""

from datetime import date, timedelta

from klientel.lib.dates import add_months, month_end

DAY, WEEK, MONTH, YEAR = "day", "week", "month", "year"
_MONTHS = {MONTH: 1, YEAR: 12}
_DAYS = {DAY: 1, WEEK: 7}
#: after how many months what is counted to its end is over; "any": notice may end a contract on any day
ANY = "any"
_ANCHORS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_ONE = timedelta(days=1)


def later(day: date, length: int, unit: str) -> date:
    """The day on which a period ends that counts from the day after `day` (§ 187 (1), § 188 BGB)."""
    if unit in _DAYS:
        return day + timedelta(days=length * _DAYS[unit])
    return add_months(day, length * _MONTHS[unit])


def term_end(first: date, length: int, unit: str) -> date:
    """The last day of a term whose first day counts: of a year from 29 February 2024 on it is 28 February 2025."""
    end = later(first, length, unit)
    clamped = unit in _MONTHS and end.day != first.day
    return end if clamped else end - _ONE


def last_notice(end: date, length: int, unit: str) -> date:
    """The last day on which notice may arrive for a contract to end with `end`."""
    if unit in _DAYS:
        return end - timedelta(days=length * _DAYS[unit])
    day = add_months(end, -length * _MONTHS[unit])
    while later(day + _ONE, length, unit) <= end:  # at most three days: months are not of one length
        day += _ONE
    return day


def anchor_end(day: date, anchor: str) -> date:
    """The last day of the month, quarter, half-year or year in which a day lies; with `ANY` the day itself."""
    if anchor == ANY:
        return day
    months = _ANCHORS[anchor]
    return month_end(day.replace(day=1, month=(day.month - 1) // months * months + months))


def first_end(arrived: date, length: int, unit: str, anchor: str) -> date:
    """The first day with which a contract can end that runs until notice, where notice arrived on a day."""
    return anchor_end(later(arrived, length, unit), anchor)
