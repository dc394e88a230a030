"""Numbers, money, days, HTML."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from klientel.lib.dates import (
    add_months,
    format_date,
    format_datetime,
    guess_order,
    month_ends,
    read_date,
    read_datetime,
)
from klientel.lib.html import html_to_text, sanitise, text_to_html
from klientel.lib.numbers import format_decimal, format_money, guess_decimal, read_decimal, read_money
from klientel.lib.relative_dates import read_relative_date, say_distance
from klientel.lib.sentences import SENTENCES, Unreadable

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 3, 31)


@pytest.mark.parametrize(("text", "value"), [
    ("1.234,56", "1234.56"), ("1,234.56", "1234.56"), ("1 234,56", "1234.56"), ("1'234.50", "1234.50"), ("0,5", "0.5"),
    ("-5", "-5"),
    ("5-", "-5"), ("(5)", "-5"), (".5", "0.5"), ("1.234.567", "1234567"), ("12 %", "12"), ("1e5", "1E+5"), ("1.200,--",
    "1200.00"),
    ("1\u202f234,5", "1234.5"), ("−7", "-7"), ("0.123", "0.123"), ("1234.567", "1234.567"),
])  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, value: str) -> None:
    assert read_decimal(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "1,2,3.4", "--5", "NaN", "Infinity", "1e9999999", "9" * 80])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_decimal(text)


def test_one_sign_before_three_digits_needs_an_answer() -> None:
    with pytest.raises(Unreadable, match="two different numbers"):
        read_decimal("1.234")
    assert (read_decimal("1.234", decimal=","), read_decimal("1.234", decimal=".")) == (Decimal(1234), Decimal("1.234"))
    assert guess_decimal(["1.234", "1.234,5"]) == ","
    assert guess_decimal(["1.234", "7.25"]) == "."
    assert guess_decimal(["1.234"]) is None


def test_money_names_its_currency() -> None:
    assert read_money("1.234,56 €") == (Decimal("1234.56"), "EUR")
    assert read_money("CHF 1'234.50") == (Decimal("1234.50"), "CHF")
    assert read_money("1.200,- EUR") == (Decimal("1200.00"), "EUR")
    assert read_money("5", currency="CHF") == (Decimal(5), "CHF")
    with pytest.raises(Unreadable, match="more than one"):
        read_money("5 € $")
    with pytest.raises(Unreadable):
        read_money("EUR 5 Mio")
    assert format_decimal(Decimal("1234.50")) == "1.234,5"
    assert format_decimal(Decimal("1E+3"), "en", places=2) == "1,000.00"
    assert format_money(Decimal("1234.5"), "EUR").replace("\xa0", " ") == "1.234,50 €"


@pytest.mark.parametrize(("text", "day"), [
    ("21.11.2026", (2026, 11, 21)), ("21.11.26", (2026, 11, 21)), ("21.11.56", (1956, 11, 21)), ("21. November 2026",
    (2026, 11, 21)),
    ("2026-11-21", (2026, 11, 21)), ("12/31/2012", (2012, 12, 31)), ("31/12/2012", (2012, 12, 31)), ("46347", (2026,
    11, 21)),
    ("20140102", (2014, 1, 2)), ("Nov 21, 2026", (2026, 11, 21)), ("1. Mär 2020", (2020, 3, 1)), ("Mo, 21.11.2022",
    (2022, 11, 21)),
    ("2024-01-01 00:00:00", (2024, 1, 1)), ("1. Jänner 2020", (2020, 1, 1)), ("21 Nov 2026", (2026, 11, 21)),
    ("1/1/20", (2020, 1, 1)),
])  # fmt: skip
def test_days_are_read(text: str, day: tuple[int, int, int]) -> None:
    assert read_date(text, today=TODAY) == date(*day)


@pytest.mark.parametrize(("text", "code"), [
    ("02/01/2014", "date.ambiguous"), ("31.02.2026", "date.impossible"), ("13/13/2020", "date.impossible"), ("4.5",
    "date.unreadable"),
    ("2020", "date.unreadable"), ("", "date.unreadable"), ("soon", "date.unreadable"), ("00.00.0000",
    "date.impossible"),
])  # fmt: skip
def test_days_are_refused_with_a_reason(text: str, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_date(text)
    assert caught.value.code == code


def test_a_column_settles_the_order_of_its_days() -> None:
    assert guess_order(["02/01/2014", "31/12/2012"]) == "dmy"
    assert guess_order(["8/9/14 19:00", "8/20/14 1:00"]) == "mdy"
    assert guess_order(["02/01/2014"]) is None
    assert read_date("02/01/2014", order="mdy") == date(2014, 2, 1)


@pytest.mark.parametrize(("text", "instant"), [
    ("21.11.2026 14:30", (2026, 11, 21, 13, 30)), ("21. November 2026, 14:30 Uhr", (2026, 11, 21, 13, 30)),
    ("11/21/2026 2:30 PM", (2026, 11, 21, 13, 30)), ("2026-11-21T14:30:00Z", (2026, 11, 21, 14, 30)), ("45000.5",
    (2023, 3, 15, 11, 0)),
    ("29.03.2026 02:30", (2026, 3, 29, 1, 30)), ("25.10.2026 02:30", (2026, 10, 25, 0, 30)), ("21.11.2026", (2026, 11,
    20, 23, 0)),
    ("21.11.2026 14:30 +05:00", (2026, 11, 21, 9, 30)),
])  # fmt: skip
def test_instants_are_read_in_their_zone(text: str, instant: tuple[int, ...]) -> None:
    assert read_datetime(text, BERLIN) == datetime(*instant, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize("text", ["21.11.2026 25:00", "14:30", "noon", "", "21.11.2026 13:00 PM"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_datetime(text, BERLIN)


def test_days_are_shown_and_counted() -> None:
    assert format_date(TODAY) == "31.03.2026"
    assert format_date(TODAY, long=True) == "31. März 2026"
    assert format_date(TODAY, "en", long=True) == "31 March 2026"
    assert format_datetime(datetime(2026, 11, 21, 13, 30, tzinfo=UTC), BERLIN) == "21.11.2026, 14:30"
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2026, 1, 31), -1) == date(2025, 12, 31)
    assert list(month_ends(date(2026, 1, 15), date(2026, 3, 31))) == [date(2026, 1, 31), date(2026, 2, 28), TODAY]


@pytest.mark.parametrize(("text", "day"), [
    ("heute", (3, 31)), ("Übermorgen", (4, 2)), ("in 3 Tagen", (4, 3)), ("vor 2 Wochen", (3, 17)), ("+10d", (4, 10)),
    ("-1m", (2, 28)),
    ("5 days ago", (3, 26)), ("in einem Monat", (4, 30)),
])  # fmt: skip
def test_days_said_from_today(text: str, day: tuple[int, int]) -> None:
    assert read_relative_date(text, TODAY) == date(2026, *day)


def test_distances_are_said() -> None:
    days = {
        date(2026, 4, 1): "morgen",
        date(2026, 3, 28): "vor 3 Tagen",
        date(2026, 4, 14): "in 2 Wochen",
        date(2025, 2, 1): "vor einem Jahr",
    }
    assert {day: say_distance(day, TODAY) for day in days} == days
    assert say_distance(date(2026, 3, 10), TODAY, "en") == "3 weeks ago"


def test_html_from_outside_is_harmless() -> None:
    dirty = (
        '<p onclick="x()">Hi <a href="javascript:1">x</a><script>1</script><img src="http://a/b"><style>p{}</style></p>'
    )
    assert sanitise(dirty) == '<p>Hi <a rel="noopener noreferrer nofollow">x</a></p>'
    assert '<img src="http://a/b">' in sanitise(dirty, images=True)
    assert text_to_html("a <b> https://x.de/a.\n\nc@d.de") == (
        '<p>a &lt;b&gt; <a href="https://x.de/a" rel="noopener noreferrer nofollow">https://x.de/a</a>.</p>'
        '<p><a href="mailto:c@d.de" rel="noopener noreferrer nofollow">c@d.de</a></p>'
    )
    assert html_to_text("<p>a&amp;b</p><style>x</style><p>c") == "a&b\nc"


def test_every_sentence_can_be_filled() -> None:
    details = dict.fromkeys(
        ("text", "limit", "found", "expected", "sheet", "percent", "at", "name", "what", "most", "family"), "x"
    )
    for code in SENTENCES:
        assert Unreadable(code, **details).message
