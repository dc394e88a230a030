"""Numbers and money as people write them, German, Swiss and English."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import format_currency, list_currencies
from babel.numbers import format_decimal as babel_decimal

from klientel.lib.sentences import Unreadable

# of what is copied from a page, too: marks without width (U+200B to U+200F, U+2060, U+2066 to U+2069, U+FEFF)
_BLANKS = re.compile(r"[\s\u00a0\u2007\u2009\u200a-\u200f\u202f\u2060\u2066-\u2069\ufeff'’`´_]+")
_MACHINE = re.compile(r"^[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,3}$")
_BODY = re.compile(r"^\d[\d.,]*$|^[.,]\d+$")
_GROUPED = {",": re.compile(r"^\d{1,3}(?:,\d{3})+$"), ".": re.compile(r"^\d{1,3}(?:\.\d{3})+$")}
_INDIAN = re.compile(r"^\d{1,2}(?:,\d{2})*,\d{3}$")
_SYMBOLS = {
    "€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "fr": "CHF", "sfr": "CHF", "franken": "CHF", "euro": "EUR",
    "dollar": "USD",
    "us$": "USD", "zł": "PLN", "kč": "CZK",
}  # fmt: skip
_CURRENCY = re.compile(
    r"(?<![A-Za-z])(?:us\$|sfr\.?|fr\.|franken|euro|dollar|zł|kč|[€$£¥]|[A-Za-z]{3})(?![A-Za-z])", re.IGNORECASE
)
_TWO_WAYS = re.compile(r"[1-9]\d{0,2}([.,])(\d{3})")
_LONGEST = 60


def read_decimal(text: str, *, decimal: str | None = None) -> Decimal:
    """The number that "1.234,56", "1,234.56", "1 234,56", "1'234.50", "-5", "5-", "(5)" or "12 %" means.

    `decimal` ("," or ".") settles what one sign before exactly three digits means ("1.234"); without it such a text
    raises Unreadable (number.ambiguous). Raises Unreadable (number.unreadable) for what is no number. Per cent are not
    divided.
    """
    shown = text.strip()[:_LONGEST]
    body, negative = _bare(text)
    if len(body) > _LONGEST:
        raise Unreadable("number.unreadable", text=shown)
    if _MACHINE.match(body):
        value = Decimal(body)
    else:
        if not _BODY.match(body):
            raise Unreadable("number.unreadable", text=shown)
        value = Decimal(_pointed(body, decimal, shown))
    return -value if negative else value


def settled(text: str, decimal: str | None) -> str:
    """A text whose "1.234" can be read one way only, as `decimal` ("," or ".") says; every other text as it is."""
    found = _TWO_WAYS.fullmatch(_bare(_CURRENCY.sub("", text))[0])
    if not found or not decimal:
        return text
    sign, fraction = found.groups()
    return text.replace(sign + fraction, f"{sign}{fraction}0" if sign == decimal else fraction)


def decimal_sign(language: str) -> str:
    """The sign before the fraction in a language: a comma in German."""
    return "," if language.startswith("de") else "."


def _bare(text: str) -> tuple[str, bool]:
    body = _BLANKS.sub("", text).replace("−", "-").replace("–", "-").replace("—", "-").removesuffix("%")
    body = re.sub(r"([.,])-{1,2}$", r"\g<1>00", body)
    if body.startswith("(") and body.endswith(")"):
        return body[1:-1], True
    if body.startswith("-"):
        return body[1:], True
    if body.endswith("-"):
        return body[:-1], True
    return body.removeprefix("+"), False


def _pointed(body: str, decimal: str | None, shown: str) -> str:
    signs = {sign for sign in ".," if sign in body}
    if not signs:
        return body
    if len(signs) == 2:
        last = max(".,", key=body.rfind)
        whole, _sign, fraction = body.rpartition(last)
        other = "," if last == "." else "."
        if last in whole or not (_GROUPED[other].match(whole) or (other == "," and _INDIAN.match(whole))):
            raise Unreadable("number.unreadable", text=shown)
        return f"{whole.replace(other, '')}.{fraction}"
    (sign,) = signs
    if body.count(sign) > 1:
        if not _GROUPED[sign].match(body) and not (sign == "," and _INDIAN.match(body)):
            raise Unreadable("number.unreadable", text=shown)
        return body.replace(sign, "")
    whole, _sign, fraction = body.partition(sign)
    could_be_grouped = len(fraction) == 3 and 1 <= len(whole) <= 3 and whole.lstrip("0") == whole
    if could_be_grouped and decimal is None:
        raise Unreadable("number.ambiguous", text=shown)
    if could_be_grouped and decimal != sign:
        return whole + fraction
    return f"{whole or '0'}.{fraction or '0'}"


def guess_decimal(samples: Iterable[str]) -> str | None:
    """The decimal sign of a column, "," or ".", by those samples that allow only one reading; None where none tells."""
    votes = {",": 0, ".": 0}
    for sample in samples:
        body, _negative = _bare(_CURRENCY.sub("", sample))
        if not _BODY.match(body):
            continue
        readings = {sign: _reading(body, sign) for sign in votes}
        unsettled = _reading(body, None)
        if unsettled is None and readings[","] != readings["."]:
            continue
        if "." in body or "," in body:
            last = max(".,", key=body.rfind)
            grouping = body.count(last) > 1
            votes[("," if last == "." else ".") if grouping else last] += 1
    if votes[","] == votes["."]:
        return None
    return max(votes, key=lambda sign: votes[sign])


def _reading(body: str, decimal: str | None) -> Decimal | None:
    try:
        return Decimal(_pointed(body, decimal, body))
    except Unreadable:
        return None


def read_money(text: str, *, currency: str = "EUR", decimal: str | None = None) -> tuple[Decimal, str]:
    """Amount and currency (ISO 4217) of "1.234,56 €", "CHF 1'234.50", "$5", "1.200,- EUR".

    `currency` where none is named.

    Raises Unreadable: number.unreadable, number.ambiguous, money.currency (two currencies named).
    """
    rest, named = without_currency(text)
    return read_decimal(rest, decimal=decimal), named or currency


def without_currency(text: str) -> tuple[str, str]:
    """A text without the currency that it names, and that one (ISO 4217); as it is, and "", where it names none.

    Raises Unreadable (money.currency) where it names two.
    """
    named = {_code(match.group(0)) for match in _CURRENCY.finditer(text)} & list_currencies()
    if len(named) > 1:
        raise Unreadable("money.currency", text=text.strip()[:_LONGEST])
    rest = _CURRENCY.sub(lambda match: "" if _code(match.group(0)) in named else match.group(0), text).strip()
    return rest, named.pop() if named else ""


def currency_in(text: str) -> str:
    """The currency (ISO 4217) that a text names; empty where it names none, or two."""
    try:
        return without_currency(text)[1]
    except Unreadable:
        return ""


def _code(word: str) -> str:
    plain = word.lower().rstrip(".")
    return _SYMBOLS.get(plain, plain.upper())


@lru_cache(maxsize=4096)
def format_decimal(value: Decimal, language: str = "de", *, places: int | None = None) -> str:
    """A number for people: 1.234,5 (de) or 1,234.5 (en); all its digits, or exactly `places` after the decimal sign."""
    digits = max(0, -int(value.normalize().as_tuple().exponent)) if places is None else places
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return babel_decimal(value, format=pattern, locale=_locale(language))


def format_percent(value: Decimal, language: str = "de", *, places: int | None = None) -> str:
    """A share of a hundred for people: 16,98 % with a space that does not break (de), 16.98% (en)."""
    number = format_decimal(value, language, places=places)
    return f"{number}\u00a0%" if language.startswith("de") else f"{number}%"


def format_money(value: Decimal, currency: str, language: str = "de") -> str:
    """An amount for people: 1.234,50 € (de) or €1,234.50 (en)."""
    return format_currency(value, currency, locale=_locale(language))


def format_round_money(value: Decimal, currency: str, language: str = "de") -> str:
    """An amount at a glance, without cents: 1.235 € (de) or €1,235 (en)."""
    before, group, after = _around_money(currency, _locale(language))
    whole = int(value.quantize(Decimal(1), ROUND_HALF_UP))
    return f"{'-' if whole < 0 else ''}{before}{abs(whole):,}{after}".replace(",", group)


@lru_cache(maxsize=256)
def _around_money(currency: str, language: str) -> tuple[str, str, str]:
    """What stands before an amount, between its groups of three, and after it: taken from a formatted one."""
    locale = Locale.parse(language)
    pattern = locale.currency_formats["standard"].pattern.replace(".00", "")
    text = format_currency(Decimal(1111), currency, pattern, locale=locale, currency_digits=False)
    before, _one, rest = text.partition("1")
    group, _three, after = rest.partition("111")
    return before, group, after


def _locale(language: str) -> str:
    known = {"de": "de_DE", "de-at": "de_AT", "de-ch": "de_CH", "en": "en_GB", "en-us": "en_US"}
    return known.get(language.lower().replace("_", "-"), "de_DE" if language.lower().startswith("de") else "en_GB")
