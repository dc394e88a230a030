"""The business rules of EN 16931-1 (section 6.4) that can be told from an invoice; its sums are those of `checking`.

Source: EN 16931-1:2017 and its validation artefacts (CEN/TC 434); the German ones are those of XRechnung 3.0 (KoSIT).
Not among them: rules of single code lists that concern no reader (units, classifications, kinds of identifiers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from klientel.lib.countries import COUNTRIES
from klientel.lib.einvoices.terms import Group

#: UNTDID 1001 as BR-CL-01 has it, invoices and credit notes
_TYPES = frozenset(
    {"71", *map(str, range(80, 85)), "102", "130", "202", "203", "204", "211", "218", "219", "261", "262", "295", "296",
     "308", "325", "326", "331", *map(str, range(380, 391)), "393", "394", "395", "396", "420", "456", "457", "458",
     "471", "472", "473", "500", "501", "502", "503", "527", "532", "553", "575", "623", "633", "751", "780", "817",
     "870", "875", "876", "877", "935"}
)  # fmt: skip
_MEANS = frozenset([*(str(n) for n in (*range(1, 71), *range(74, 79), *range(91, 99))), "ZZZ"])  # UNTDID 4461
_TAXES = frozenset(["AE", "L", "M", "E", "S", "Z", "G", "O", "K", "B"])  # UNTDID 5305 as far as invoices use it
_PLACES = frozenset([*COUNTRIES, "1A", "XI"])

#: (rule, the term that makes it hold or "", the terms of which one must be there)
_HEAD = (
    ("BR-01", "", "BT-24"), ("BR-04", "", "BT-3"), ("BR-06", "", "BT-27"), ("BR-07", "", "BT-44"),
    ("BR-08", "", "BG-5"), ("BR-09", "BG-5", "BT-40"), ("BR-10", "", "BG-8"), ("BR-11", "BG-8", "BT-55"),
    ("BR-12", "", "BT-106"), ("BR-13", "", "BT-109"), ("BR-14", "", "BT-112"), ("BR-15", "", "BT-115"),
    ("BR-17", "BG-10", "BT-59"), ("BR-18", "BG-11", "BT-62"), ("BR-19", "BG-11", "BG-12"), ("BR-20", "BG-12", "BT-69"),
    ("BR-56", "BG-11", "BT-63"), ("BR-57", "BG-15", "BT-80"), ("BR-62", "BT-34", "BT-34-1"),
    ("BR-63", "BT-49", "BT-49-1"), ("BR-CO-19", "BG-14", "BT-73 BT-74 BT-8"),
)  # fmt: skip
_GROUPS = {
    "BG-3": (("BR-55", "", "BT-25"),),
    "BG-16": (("BR-49", "", "BT-81"), ("BR-50", "BG-17", "BT-84")),
    "BG-20": (("BR-31", "", "BT-92"), ("BR-32", "", "BT-95"), ("BR-33", "", "BT-97 BT-98")),
    "BG-21": (("BR-36", "", "BT-99"), ("BR-37", "", "BT-102"), ("BR-38", "", "BT-104 BT-105")),
    "BG-23": (("BR-45", "", "BT-116"), ("BR-46", "", "BT-117"), ("BR-47", "", "BT-118")),
    "BG-24": (("BR-52", "", "BT-122"),),
    "BG-25": (
        ("BR-21", "", "BT-126"), ("BR-22", "", "BT-129"), ("BR-23", "BT-129", "BT-130"), ("BR-24", "", "BT-131"),
        ("BR-25", "", "BT-153"), ("BR-26", "", "BT-146"), ("BR-CO-04", "", "BT-151"), ("BR-64", "BT-157", "BT-157-1"),
        ("BR-CO-20", "BG-26", "BT-134 BT-135"),
    ),
}  # fmt: skip
_WITHIN_LINES = {
    "BG-27": (("BR-41", "", "BT-136"), ("BR-42", "", "BT-139 BT-140")),
    "BG-28": (("BR-43", "", "BT-141"), ("BR-44", "", "BT-144 BT-145")),
    "BG-32": (("BR-54", "", "BT-160"), ("BR-54", "", "BT-161")),
}
#: amounts with at most two decimals
_CENTS = {
    "": {"BT-106": "09", "BT-107": "10", "BT-108": "11", "BT-109": "12", "BT-112": "14", "BT-113": "16",
         "BT-114": "17", "BT-115": "18"},
    "BG-20": {"BT-92": "01"}, "BG-21": {"BT-99": "05"}, "BG-23": {"BT-116": "19", "BT-117": "20"},
    "BG-25": {"BT-131": "23"},
}  # fmt: skip
_CODES = {
    "": {"BT-3": ("01", _TYPES), **dict.fromkeys(("BT-40", "BT-55", "BT-69", "BT-80"), ("14", _PLACES))},
    "BG-16": {"BT-81": ("16", _MEANS)}, "BG-20": {"BT-95": ("17", _TAXES)}, "BG-21": {"BT-102": ("17", _TAXES)},
    "BG-23": {"BT-118": ("17", _TAXES)}, "BG-25": {"BT-151": ("18", _TAXES)},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule that an invoice does not keep: how it fails, by which term, in which line, what is said there."""

    rule: str
    code: str
    term: str = ""
    line: int = 0
    said: str = ""


def breaches(head: Group) -> Iterator[Breach]:
    """What an invoice lacks or says wrongly by the norm, its head first and then line by line."""
    yield from _parts(head, "", 0)
    yield from _whole(head)
    for name in _GROUPS:
        for n, one in enumerate(head.all(name), 1):
            line = n if name == "BG-25" else 0
            yield from _parts(one, name, line)
            if line:
                yield from _line(one, line)


def lacking(one: Group, needed: tuple[tuple[str, str, str], ...], line: int = 0) -> Iterator[Breach]:
    """Terms of a group that are missing."""
    for rule, when, terms in needed:
        if (not when or one.any(when)) and not one.any(*terms.split()):
            yield Breach(rule, "missing", terms.split()[0], line)


def _parts(one: Group, name: str, line: int) -> Iterator[Breach]:
    yield from lacking(one, _GROUPS[name] if name else _HEAD, line)
    for term, n in _CENTS.get(name, {}).items():
        if len(one[term].rpartition(".")[2]) > 2 and "." in one[term]:
            yield Breach(f"BR-DEC-{n}", "decimals", term, line, one[term])
    for term, (n, known) in _CODES.get(name, {}).items():
        if one[term] and one[term] not in known:
            yield Breach(f"BR-CL-{n}", "unknown_code", term, line, one[term])


def _whole(head: Group) -> Iterator[Breach]:
    if not head.all("BG-25"):
        yield Breach("BR-16", "no_lines")
    if not head.all("BG-23"):
        yield Breach("BR-CO-18", "missing", "BG-23")
    if head.any("BT-6") and all(one["currency"] != head["BT-6"] for one in head.all("BG-22")):
        yield Breach("BR-53", "missing", "BT-111")
    if _reversed(head["BT-73"], head["BT-74"]):
        yield Breach("BR-29", "period", "BT-74")
    if head.any("BT-7") and head.any("BT-8"):
        yield Breach("BR-CO-03", "tax_day_twice")
    for term in ("BT-31", "BT-63", "BT-48"):
        if head[term] and head[term][:2].upper() not in {*_PLACES, "EL"}:
            yield Breach("BR-CO-09", "no_country", term, said=head[term])
    if _above(head["BT-115"]) and not head.any("BT-9", "BT-20"):
        yield Breach("BR-CO-25", "no_due")
    if not head.any("BT-29", "BT-30", "BT-31"):
        yield Breach("BR-CO-26", "seller_unknown")
    yield from _payments(head)


def _payments(head: Group) -> Iterator[Breach]:
    for one in head.all("BG-16"):
        if one["BT-81"] in ("30", "58") and not one.any("BT-84", "BG-17"):
            yield Breach("BR-61", "missing", "BT-84")
        if len(one["BT-87"]) > 10:
            yield Breach("BR-51", "card_number", "BT-87")


def _line(one: Group, line: int) -> Iterator[Breach]:
    for term, rule in (("BT-146", "BR-27"), ("BT-148", "BR-28")):
        if one[term].startswith("-") and _above(one[term][1:]):
            yield Breach(rule, "negative", term, line, one[term])
    if _reversed(one["BT-134"], one["BT-135"]):
        yield Breach("BR-30", "period", "BT-135", line)
    for name, needed in _WITHIN_LINES.items():
        for inner in one.all(name):
            yield from lacking(inner, needed, line)


def _reversed(begin: str, end: str) -> bool:
    """Whether a period ends before it begins; both syntaxes write days so that they sort."""
    return bool(begin and end) and end < begin


def _above(amount: str) -> bool:
    """Whether an amount is above zero; one that is no number has been refused before."""
    return bool(amount) and Decimal(amount) > 0
