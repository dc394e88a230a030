"""Days that come again, in words and as RFC 5545 writes them."""

from __future__ import annotations

import datetime as dt

import pytest

from klientel.lib.recurrence import read, say
from klientel.lib.sentences import Unreadable


@pytest.mark.parametrize(
    ("text", "rule"),
    [("every 2nd Tuesday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"), ("jeden 2. Dienstag", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"),
     ("alle 3 Tage", "FREQ=DAILY;INTERVAL=3"), ("weekly", "FREQ=WEEKLY"), ("wöchentlich", "FREQ=WEEKLY"),
     ("every Monday and Thursday", "FREQ=WEEKLY;BYDAY=MO,TH"), ("werktags", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
     ("every 1st Monday of the month", "FREQ=MONTHLY;BYDAY=1MO"), ("jeden letzten Freitag", "FREQ=MONTHLY;BYDAY=-1FR"),
     ("jedes Jahr", "FREQ=YEARLY"), ("RRULE:freq=daily;count=5", "FREQ=DAILY;COUNT=5")],
)  # fmt: skip
def test_words_become_a_rule(text: str, rule: str) -> None:
    assert str(read(text)) == rule
    assert str(read(str(read(text)))) == rule


@pytest.mark.parametrize("text", ["", "sometimes", "FREQ=HOURLY", "FREQ=DAILY;INTERVAL=0", "FREQ=WEEKLY;BYDAY=2TU",
                                  "FREQ=DAILY;BYSETPOS=1", "every blue moon", "COUNT=3",
                                  "FREQ=DAILY;COUNT=99999"])  # fmt: skip
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


@pytest.mark.parametrize(
    ("rule", "day", "then"),
    [("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "2026-11-24", "2026-12-08"), ("FREQ=MONTHLY", "2026-01-31", "2026-03-31"),
     ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", "2026-02-28"),
     ("FREQ=MONTHLY;BYDAY=-1FR", "2026-10-30", "2026-11-27"),
     ("FREQ=YEARLY", "2024-02-29", "2028-02-29"), ("FREQ=DAILY;COUNT=1", "2026-01-01", None),
     ("FREQ=WEEKLY;UNTIL=20261201", "2026-11-25", None),
     ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-11-27", "2026-11-30"),
     ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "2026-11-23", "2026-11-26")],
)  # fmt: skip
def test_the_next_day_follows(rule: str, day: str, then: str | None) -> None:
    assert read(rule).after(dt.date.fromisoformat(day)) == (dt.date.fromisoformat(then) if then else None)


@pytest.mark.parametrize(
    ("rule", "german", "english"),
    [("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "alle 2 Wochen am Dienstag", "every 2 weeks on Tuesday"),
     ("FREQ=MONTHLY;BYDAY=-1FR", "jeden Monat am letzten Freitag", "every month on the last Friday"),
     ("FREQ=DAILY;COUNT=3", "jeden Tag, noch 3-mal", "every day, 3 times"),
     ("FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20270131", "jede Woche am Montag und Donnerstag bis 31.01.2027",
      "every week on Monday and Thursday until 31 January 2027")],
)  # fmt: skip
def test_a_rule_is_said_in_words(rule: str, german: str, english: str) -> None:
    assert (say(read(rule), "de"), say(read(rule), "en")) == (german, english)


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(
    "rule",
    ["FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR", "FREQ=MONTHLY;BYDAY=-1FR",
     "FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=DAILY;INTERVAL=3"],
)  # fmt: skip
def test_what_is_said_is_read_again_as_the_same(rule: str, language: str) -> None:
    assert str(read(say(read(rule), language))) == rule


@pytest.mark.parametrize("text", ["every day on Monday", "every week on the 2nd Tuesday", "every week on Monday or so"])
def test_days_that_do_not_fit_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)
