"""Days and instants as people and machines write them."""

import calendar
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from klientel.lib.sentences import Unreadable
from klientel.lib.words import fold

_MONTH_NAMES = {
    1: "januar january janner jan", 2: "februar february feber feb", 3: "marz march maerz mrz mar", 4: "april apr",
    5: "mai may",
    6: "juni june jun", 7: "juli july jul", 8: "august aug", 9: "september sept sep", 10: "oktober october okt oct",
    11: "november nov", 12: "dezember december dez dec",
}  # fmt: skip
_MONTHS = {fold(name): month for month, names in _MONTH_NAMES.items() for name in names.split()}
GERMAN_MONTHS = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
_ISO = re.compile(
    r"^(\d{4})-(\d{1,2})-(\d{1,2})$|^(\d{4})/(\d{1,2})/(\d{1,2})$|^(\d{4})(\d{2})(\d{2})$|^(\d{4})\.(\d{1,2})\.(\d{1,2})$"
)
_DOTTED = re.compile(r"^(\d{1,2})\s?\.\s?(\d{1,2})\s?\.\s?(\d{4}|\d{2})$")
_SLASHED = re.compile(r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})$")
_DAY_FIRST = re.compile(r"^(\d{1,2})(?:\.|st|nd|rd|th)?[\s-]*([^\W\d_]+)\.?,?[\s-]*(\d{4}|\d{2})$")
_MONTH_FIRST = re.compile(r"^([^\W\d_]+)\.?\s*(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})$")
_SERIAL = re.compile(r"^(\d{5})(?:\.(\d+)|\.0)?$")
_WEEKDAY = re.compile(r"^(?:(?:mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun)\w*)\.?,?\s+", re.IGNORECASE)
_EXCEL_ZERO = date(1899, 12, 30)
_SERIALS = range(10959, 73051)
_TIME = re.compile(
    r"^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(am|pm|a\.m\.|p\.m\.)?\s*(?:uhr|h)?$", re.IGNORECASE
)
_ZONED = re.compile(r"^(.*?\d)\s*(z|utc|gmt|[+-]\d{2}:?\d{2}|[+-]\d{2})$", re.IGNORECASE)


_BEHIND = re.compile(
    r"(?<=\d)(?:T| +)\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?$",
    re.IGNORECASE,
)


def without_time(text: str) -> str:
    """A day without the time of day that stands behind it, as exports write moments ("2026-03-01 12:30:00")."""
    return _BEHIND.sub("", text)


def read_date(text: str, *, order: str | None = None, today: date | None = None) -> date:
    """The day that a text means: 21.11.2026, 21.11.26, 21. November 2026, 2026-11-21, Nov 21, 2026, or an Excel
    serial (46347).

    Two numbers before a slash count only where one reading exists (12/31/2026), unless `order` ("dmy" or "mdy") says
    which. Two-digit years lie between 80 years ago and 19 years ahead of `today`. A time of midnight behind the day is
    dropped. Raises Unreadable: date.unreadable, date.ambiguous, date.impossible.
    """
    plain = " ".join(text.replace("\xa0", " ").split())
    shown = plain[:40]
    plain = re.sub(r"[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?$", "", plain)
    year, month, day = _parts(_WEEKDAY.sub("", plain), shown, order)
    if year < 100:
        year = _century(year, today or datetime.now(UTC).date())
    try:
        return date(year, month, day)
    except ValueError as reason:
        raise Unreadable("date.impossible", text=shown) from reason


def _parts(plain: str, shown: str, order: str | None) -> tuple[int, int, int]:
    if found := _ISO.match(plain):
        year, month, day = (int(part) for part in found.groups() if part)
        return year, month, day
    if found := _DOTTED.match(plain):
        return int(found[3]), int(found[2]), int(found[1])
    if found := _SLASHED.match(plain):
        return _slashed(int(found[1]), int(found[2]), int(found[3]), shown, order)
    if (found := _DAY_FIRST.match(plain)) and fold(found[2]) in _MONTHS:
        return int(found[3]), _MONTHS[fold(found[2])], int(found[1])
    if (found := _MONTH_FIRST.match(plain)) and fold(found[1]) in _MONTHS:
        return int(found[3]), _MONTHS[fold(found[1])], int(found[2])
    if (found := _SERIAL.match(plain)) and int(found[1]) in _SERIALS:
        day_meant = _EXCEL_ZERO + timedelta(days=int(found[1]))
        return day_meant.year, day_meant.month, day_meant.day
    raise Unreadable("date.unreadable", text=shown)


def _slashed(first: int, second: int, year: int, shown: str, order: str | None) -> tuple[int, int, int]:
    if first == second or (first > 12 and second <= 12):
        return year, second, first
    if second > 12 and first <= 12:
        return year, first, second
    if first > 12:
        raise Unreadable("date.impossible", text=shown)
    if order is None:
        raise Unreadable("date.ambiguous", text=shown)
    return (year, second, first) if order == "dmy" else (year, first, second)


def _century(two_digits: int, today: date) -> int:
    year = today.year // 100 * 100 + two_digits
    if year > today.year + 19:
        return year - 100
    return year + 100 if year <= today.year - 81 else year


def guess_order(samples: Iterable[str]) -> str | None:
    """ "dmy" or "mdy": how a column writes its slashed days, by those samples that allow one reading.

    None where they do not tell.
    """
    votes = {"dmy": 0, "mdy": 0}
    for sample in samples:
        found = _SLASHED.match(sample.strip().partition(" ")[0].rstrip(","))
        if found and int(found[1]) > 12 >= int(found[2]):
            votes["dmy"] += 1
        elif found and int(found[2]) > 12 >= int(found[1]):
            votes["mdy"] += 1
    if (votes["dmy"] > 0) == (votes["mdy"] > 0):
        return None
    return "dmy" if votes["dmy"] else "mdy"


def read_datetime(text: str, zone: ZoneInfo, *, order: str | None = None) -> datetime:
    """The instant (aware, UTC) that a text means; a text without offset is local time in `zone`.

    ISO 8601, "21.11.2026 14:30", "21. November 2026, 14:30 Uhr", "11/21/2026 2:30 PM", Excel serials with fraction, or
    a day alone (its midnight). In the hour that a clock change repeats the first is meant; a local time that is skipped
    lies one hour on. Raises Unreadable: time.unreadable and the codes of `read_date`.
    """
    plain = " ".join(text.replace("\xa0", " ").split())
    if serial := _SERIAL.match(plain):
        return _instant_of_serial(plain, int(serial[1]), zone)
    try:
        iso = datetime.fromisoformat(plain)
        return _in_utc(iso if iso.tzinfo else iso.replace(tzinfo=zone))
    except ValueError:
        pass
    offset: ZoneInfo | timedelta = zone
    if (zoned := _ZONED.match(plain)) and ":" in zoned[1]:
        plain, offset = zoned[1], _offset(zoned[2])
    day_text, clock = _day_and_clock(plain, text)
    local = datetime.combine(read_date(day_text, order=order), clock)
    if isinstance(offset, timedelta):
        return (local - offset).replace(tzinfo=UTC)
    return _in_utc(local.replace(tzinfo=offset))


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as reason:
        raise Unreadable("time.unreadable", text=str(moment)) from reason


def _instant_of_serial(plain: str, days: int, zone: ZoneInfo) -> datetime:
    if days not in _SERIALS:
        raise Unreadable("time.unreadable", text=plain[:40])
    seconds = round(float(f"0.{plain.partition('.')[2] or 0}") * 86400)
    return _in_utc(datetime.combine(_EXCEL_ZERO + timedelta(days=days), time(tzinfo=zone)) + timedelta(seconds=seconds))


def _offset(text: str) -> timedelta:
    if not text.startswith(("+", "-")):
        return timedelta()
    digits = text[1:].replace(":", "").ljust(4, "0")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -span if text.startswith("-") else span


def _day_and_clock(plain: str, text: str) -> tuple[str, time]:
    if ":" not in plain:
        return plain, time()
    for position, sign in enumerate(plain):
        if sign in " T" and (found := _TIME.match(plain[position + 1 :].strip())):
            return plain[:position].rstrip(" ,"), _clock(found, text)
    raise Unreadable("time.unreadable", text=text.strip()[:40])


def _clock(found: re.Match[str], text: str) -> time:
    hour = int(found[1])
    if found[5]:
        if not 1 <= hour <= 12:
            raise Unreadable("time.unreadable", text=text.strip()[:40])
        hour = hour % 12 + (12 if found[5].lower().startswith("p") else 0)
    try:
        return time(hour, int(found[2]), int(found[3] or 0), int((found[4] or "0")[:6].ljust(6, "0")))
    except ValueError as reason:
        raise Unreadable("time.unreadable", text=text.strip()[:40]) from reason


def format_date(day: date, language: str = "de", *, long: bool = False) -> str:
    """A day for people: 21.11.2026, long 21. November 2026 (de); 21/11/2026, long 21 November 2026 (en)."""
    if language.lower().startswith("de"):
        return (
            f"{day.day}. {GERMAN_MONTHS[day.month - 1]} {day.year}"
            if long
            else f"{day.day:02}.{day.month:02}.{day.year:04}"
        )
    return (
        f"{day.day} {calendar.month_name[day.month]} {day.year}"
        if long
        else f"{day.day:02}/{day.month:02}/{day.year:04}"
    )


def format_datetime(instant: datetime, zone: ZoneInfo, language: str = "de", *, seconds: bool = False) -> str:
    """An instant for people in their time zone: 21.11.2026, 14:30."""
    local = instant.astimezone(zone)
    return (
        f"{format_date(local.date(), language)}, {local:%H:%M:%S}"
        if seconds
        else f"{format_date(local.date(), language)}, {local:%H:%M}"
    )


def add_months(day: date, months: int) -> date:
    """The same day some months on (or back).

    The last day of the month where that day does not exist (§ 188 (3) BGB).
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    """The last day of the month of a day."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def month_ends(first: date, last: date) -> Iterator[date]:
    """Every last day of a month from `first` to `last`, both included."""
    current = month_end(first)
    while current <= last:
        yield current
        current = month_end(current + timedelta(days=1))
