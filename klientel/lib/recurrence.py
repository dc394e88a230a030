"""Days that come again: a part of RFC 5545 (RRULE), read from its own form or from words, and said in words.

Understood are FREQ (DAILY, WEEKLY, MONTHLY, YEARLY), INTERVAL, BYDAY (in months also the nth: ``2TU``, ``-1FR``),
BYMONTHDAY, COUNT and UNTIL. Days are those of the calendar: what comes at ten comes at ten whatever the clocks do.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace

from dateutil import rrule

from klientel.lib.sentences import Unreadable
from klientel.lib.words import fold

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
WORKDAYS = DAYS[:5]
_FREQUENCIES = {"DAILY": rrule.DAILY, "WEEKLY": rrule.WEEKLY, "MONTHLY": rrule.MONTHLY, "YEARLY": rrule.YEARLY}
_UNITS = {
    "tag": "DAILY", "tage": "DAILY", "day": "DAILY", "days": "DAILY", "woche": "WEEKLY", "wochen": "WEEKLY",
    "week": "WEEKLY", "weeks": "WEEKLY", "monat": "MONTHLY", "monate": "MONTHLY", "month": "MONTHLY",
    "months": "MONTHLY", "jahr": "YEARLY", "jahre": "YEARLY", "year": "YEARLY", "years": "YEARLY",
    "taglich": "DAILY", "daily": "DAILY", "wochentlich": "WEEKLY", "weekly": "WEEKLY", "monatlich": "MONTHLY",
    "monthly": "MONTHLY", "jahrlich": "YEARLY", "yearly": "YEARLY", "annually": "YEARLY",
}  # fmt: skip
_NAMES = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
_BY_NAME = {fold(n): DAYS[i] for names in _NAMES.values() for i, n in enumerate(names)} | {"sonnabend": "SA"}
_WORKDAY = {"werktag", "workday", "weekday", "arbeitstag", "werktags"}
_EVERY = re.compile(r"^(?:jede[nrsm]?|alle|every|each)\s+(.*)$")
_NTH = re.compile(r"^(?:(\d{1,3})(?:\.|st|nd|rd|th)?|(other|zweite[nrs]?|letzte[nrs]?|last))\s+(.+)$")
_SAID_ON = re.compile(r"^(.+?)\s+(?:on|am)\s+(.+)$")
_DAY_SAID = re.compile(
    rf"(?:the )?(?:([1-5])(?:\.|st|nd|rd|th)? |(letzten|last) )?({'|'.join(_BY_NAME)})(?:,? (?:and |und )?|$)"
)
_PART = re.compile(r"^([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)$")
_UNIT_WORDS = {
    "en": {"DAILY": ("every day", "days"), "WEEKLY": ("every week", "weeks"), "MONTHLY": ("every month", "months"),
           "YEARLY": ("every year", "years")},
    "de": {"DAILY": ("jeden Tag", "Tage"), "WEEKLY": ("jede Woche", "Wochen"), "MONTHLY": ("jeden Monat", "Monate"),
           "YEARLY": ("jedes Jahr", "Jahre")},
}  # fmt: skip
#: every workday; every (so many); on (a day of the week); and; on (a day of the month)
_WORDS = {"en": ("every workday", "every", "on", "and", "on day"), "de": ("jeden Werktag", "alle", "am", "und", "am")}
_ORDINALS = {"1": "1st", "2": "2nd", "3": "3rd", "4": "4th", "5": "5th", "-1": "last"}


@dataclass(frozen=True)
class Rule:
    """How something comes again; ``days`` are those of BYDAY, ``month_days`` those of BYMONTHDAY."""

    frequency: str
    every: int = 1
    days: tuple[str, ...] = ()
    month_days: tuple[int, ...] = ()
    count: int | None = None
    until: dt.date | None = None

    def __str__(self) -> str:
        """As RFC 5545 writes it, its parts always in the same order."""
        parts = [f"FREQ={self.frequency}"]
        parts += [f"INTERVAL={self.every}"] if self.every > 1 else []
        parts += [f"BYDAY={','.join(self.days)}"] if self.days else []
        parts += [f"BYMONTHDAY={','.join(map(str, self.month_days))}"] if self.month_days else []
        parts += [f"COUNT={self.count}"] if self.count else []
        return ";".join([*parts, *([f"UNTIL={self.until:%Y%m%d}"] if self.until else [])])

    def after(self, day: dt.date) -> dt.date | None:
        """The next day after one of its days; none where it has come to its end."""
        if self.count == 1:
            return None
        start = dt.datetime.combine(day, dt.time())
        days = [_weekday(d) for d in self.days] or None
        again = rrule.rrule(
            _FREQUENCIES[self.frequency], dtstart=start, interval=self.every, byweekday=days,
            bymonthday=self.month_days or None, until=start + dt.timedelta(days=366 * 8 * self.every), wkst=rrule.MO,
        )  # fmt: skip
        found: dt.datetime | None = again.after(start)
        if found is None or (self.until and found.date() > self.until):
            return None
        return found.date()

    def from_day(self, day: dt.date, earliest: dt.date) -> tuple[dt.date, Rule] | None:
        """The next day after one of its days that is not before ``earliest``, and the rule from that day on.

        Those it leaves out count, so that a series of ten that began long ago has not ten still to come.
        """
        rule, found = self, self.after(day)
        while found is not None and found < earliest:
            rule = rule.rest()
            found = rule.after(found)
        return None if found is None else (found, rule.rest())

    def rest(self) -> Rule:
        """The rule from its next day on."""
        return replace(self, count=self.count - 1) if self.count else self


def _weekday(text: str) -> rrule.weekday:
    found = _PART.match(text)
    assert found is not None
    day = rrule.weekday(DAYS.index(found[2]))
    return day(int(found[1])) if found[1] else day


def read(text: str) -> Rule:
    """From RFC 5545 or from words: "every 2nd Tuesday", "jeden 2. Dienstag", "alle 3 Tage", "weekly", "werktags".

    As people mean it, every second Tuesday is that of every other week. Raises Unreadable (recurrence.unreadable).
    """
    plain = text.strip()
    if "=" in plain:
        return _formal(plain)
    rule = _spoken(fold(plain.lower()).strip(" ."))
    if rule is None:
        raise Unreadable("recurrence.unreadable", text=plain[:60])
    return rule


def _formal(text: str) -> Rule:
    try:
        parts = dict(p.split("=", 1) for p in text.upper().removeprefix("RRULE:").strip(";").split(";"))
        until = parts.get("UNTIL", "")
        rule = Rule(
            parts["FREQ"], int(parts.get("INTERVAL", 1)), tuple(filter(None, parts.get("BYDAY", "").split(","))),
            tuple(int(n) for n in parts.get("BYMONTHDAY", "").split(",") if n),
            int(parts["COUNT"]) if "COUNT" in parts else None,
            dt.datetime.strptime(until[:8], "%Y%m%d").date() if until else None,  # noqa: DTZ007 - a day
        )  # fmt: skip
    except (KeyError, ValueError) as reason:
        raise Unreadable("recurrence.unreadable", text=text[:60]) from reason
    known = parts.keys() <= {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "COUNT", "UNTIL", "WKST"}
    nth = any(d[0] in "+-123456789" for d in rule.days)
    fits = rule.frequency in _FREQUENCIES and 1 <= rule.every <= 366 and all(map(_PART.match, rule.days))
    sound = (rule.count is None or 1 <= rule.count <= 1000) and all(1 <= abs(n) <= 31 for n in rule.month_days)
    if not (known and fits and sound) or (nth and rule.frequency not in ("MONTHLY", "YEARLY")):
        raise Unreadable("recurrence.unreadable", text=text[:60])
    return rule


def _spoken(text: str) -> Rule | None:
    if text in _UNITS and text not in ("tag", "day", "woche", "week", "monat", "month", "jahr", "year"):
        return Rule(_UNITS[text])
    if text in _WORKDAY:
        return Rule("WEEKLY", days=WORKDAYS)
    if said := _SAID_ON.match(text):
        return _on_days(_spoken(said[1]), said[2])
    found = _EVERY.match(text)
    rest = found[1] if found else text
    number, what = 1, rest
    if nth := _NTH.match(rest):
        number = int(nth[1]) if nth[1] else -1 if nth[2] in ("last",) or nth[2].startswith("letzte") else 2
        what = nth[3]
    monthly = re.sub(r"\s+(?:im monat|des monats|of the month|in the month)$", "", what)
    names = [_BY_NAME.get(n) for n in re.split(r"\s*(?:,|\bund\b|\band\b)\s*", monthly)]
    if monthly != what or number == -1:
        ok = len(names) == 1 and names[0] and number in (-1, 1, 2, 3, 4, 5)
        return Rule("MONTHLY", days=(f"{number}{names[0]}",)) if ok else None
    if not found:
        return None
    if what in _WORKDAY and number == 1:
        return Rule("WEEKLY", days=WORKDAYS)
    if what in _UNITS and 1 <= number <= 366:
        return Rule(_UNITS[what], number)
    days = tuple(n for n in names if n)
    return Rule("WEEKLY", number, days) if len(days) == len(names) and 1 <= number <= 52 else None


def _on_days(rule: Rule | None, text: str) -> Rule | None:
    """A rule of weeks or months on days of the week, as :func:`say` says it: "every 2 weeks on Monday and Friday"."""
    days = tuple(f"{nth or ('-1' if last else '')}{_BY_NAME[day]}" for nth, last, day in _DAY_SAID.findall(text))
    if rule is None or rule.days or _DAY_SAID.sub("", text):
        return None
    fits = all(len(d) == 2 for d in days) if rule.frequency == "WEEKLY" else rule.frequency == "MONTHLY"
    return replace(rule, days=days) if fits else None


def say(rule: Rule, language: str) -> str:
    """The rule in words, German or English."""
    german = language.startswith("de")
    text = _often(rule, "de" if german else "en")
    if rule.count:
        text += f", noch {rule.count}-mal" if german else f", {rule.count} times"
    if rule.until:
        text += f" bis {rule.until:%d.%m.%Y}" if german else f" until {rule.until.day} {rule.until:%B %Y}"
    return text


def _often(rule: Rule, language: str) -> str:
    workday, every, on, also, on_day = _WORDS[language]
    if rule.days == WORKDAYS and rule.every == 1:
        return workday
    one, many = _UNIT_WORDS[language][rule.frequency]
    text = one if rule.every == 1 else f"{every} {rule.every} {many}"
    if rule.days:
        text += f" {on} {_joined([_day(d, language) for d in rule.days], also)}"
    if rule.month_days:
        dot = "." if language == "de" else ""
        text += f" {on_day} {_joined([f'{n}{dot}' for n in rule.month_days], also)}"
    return text


def _day(text: str, language: str) -> str:
    """A day of the week, perhaps the nth."""
    name, nth = _NAMES[language][DAYS.index(text[-2:])], text[:-2].lstrip("+")
    if not nth:
        return name
    if language == "de":
        return f"{'letzten' if nth == '-1' else f'{nth}.'} {name}"
    return f"the {_ORDINALS.get(nth, nth)} {name}"


def _joined(parts: list[str], word: str) -> str:
    return f" {word} ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
