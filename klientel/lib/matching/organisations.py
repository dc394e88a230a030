"""Names of organisations compared word by word: rare words weigh much, words of the trade little."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from klientel.lib.legal_forms import core_name, leading_form, legal_form
from klientel.lib.matching.evidence import Evidence
from klientel.lib.matching.spelling import digits_of
from klientel.lib.words import koelner

#: words that say what a firm does or how large it is, not which one it is: little information each
_COMMON = frozenset(
    [
        "gruppe",
        "group",
        "grupp",
        "holding",
        "holdings",
        "international",
        "internationale",
        "global",
        "worldwide",
        "europe",
        "europa",
        "deutschland",
        "germany",
        "german",
        "deutsche",
        "deutscher",
        "austria",
        "osterreich",
        "schweiz",
        "swiss",
        "services",
        "service",
        "dienstleistungen",
        "dienste",
        "solutions",
        "losungen",
        "systems",
        "systeme",
        "system",
        "technik",
        "technologie",
        "technologies",
        "technology",
        "tech",
        "handel",
        "handels",
        "trade",
        "trading",
        "vertrieb",
        "vertriebs",
        "vertriebsgesellschaft",
        "verwaltung",
        "verwaltungs",
        "beteiligung",
        "beteiligungs",
        "beteiligungsgesellschaft",
        "gesellschaft",
        "company",
        "companies",
        "firma",
        "betrieb",
        "betriebe",
        "werk",
        "werke",
        "bau",
        "hochbau",
        "tiefbau",
        "immobilien",
        "real",
        "estate",
        "verlag",
        "media",
        "medien",
        "consulting",
        "beratung",
        "unternehmensberatung",
        "partner",
        "partners",
        "management",
        "marketing",
        "design",
        "software",
        "it",
        "edv",
        "digital",
        "logistik",
        "logistics",
        "transport",
        "transporte",
        "spedition",
        "versicherung",
        "versicherungen",
        "insurance",
        "bank",
        "finanz",
        "finance",
        "capital",
        "invest",
        "investment",
        "investments",
        "industrie",
        "industries",
        "industry",
        "energie",
        "energy",
        "gas",
        "oil",
        "ol",
        "stadtwerke",
        "kanzlei",
        "steuerberatung",
        "rechtsanwalte",
        "praxis",
        "apotheke",
        "hotel",
        "restaurant",
        "cafe",
        "gasthof",
        "backerei",
        "metzgerei",
        "autohaus",
        "garage",
        "elektro",
        "sanitar",
        "heizung",
        "maler",
        "dach",
        "holz",
        "metall",
        "stahl",
        "maschinenbau",
        "maschinen",
        "anlagenbau",
        "druckerei",
        "druck",
        "reisen",
        "reiseburo",
        "verein",
        "stiftung",
        "foundation",
        "institut",
        "institute",
        "zentrum",
        "center",
        "centre",
        "haus",
        "schule",
        "akademie",
        "academy",
        "club",
        "fonds",
        "fund",
        "trust",
        "sohne",
        "son",
        "sons",
        "bruder",
        "brothers",
        "gebruder",
        "cie",
        "erben",
        "nachf",
        "nachfolger",
        "inhaber",
        "construction",
        "enterprise",
        "enterprises",
        "corporation",
        "products",
        "produkte",
        "organization",
        "organisation",
        "association",
        "federation",
        "ministry",
        "department",
        "office",
        "electronics",
        "motors",
        "motor",
        "motoren",
        "aviation",
        "airlines",
        "shipping",
        "food",
        "foods",
        "pharma",
        "medical",
        "health",
        "petroleum",
        "mining",
        "steel",
        "power",
    ]
)
#: words at the end of a name that only say that it is a firm
_SAYS_FIRM = frozenset(["co", "company", "corp", "corporation", "inc", "ltd"])
_GLUED = re.compile(r"(?<=[a-zäöüß])()(GmbH|AG|KG|SE|OHG|SA|BV|Inc|Ltd)$")
_WEIGHTS = {"equal": 1.0, "sound": 0.8, "typo": 0.75, "near": 0.55}
_RARE, _USUAL, _NUMERAL = 11.0, 3.5, 4.0
_SHORT = 7.0
_WHOLE = 5.0
_MOST = 17.0  # a name alone is never quite certain: branches and sisters share it
_FORM = {"same": 1.0, "other": -6.0}
_NUMERALS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eins": "1", "zwei": "2", "drei": "3", "vier": "4", "first": "1", "second": "2",
    "erste": "1", "zweite": "2", "1st": "1", "2nd": "2", "ii": "2", "iii": "3", "iv": "4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Firm:
    """An organisation's name: folded words without legal form, the words in one, and the form."""

    words: tuple[str, ...]
    whole: str
    form: str


@lru_cache(maxsize=16384)
def read_firm(name: str, legal: str = "") -> Firm:
    """The parts of an organisation's name; ``legal`` where the legal form stands apart."""
    plain = _GLUED.sub(r" \2", name)
    core, form = legal_form(plain)
    if not form:
        core, form = leading_form(plain)
    folded = core_name(core).split()
    while len(folded) > 1 and folded[-1] in _SAYS_FIRM:
        folded.pop()
    words = tuple(_joined([_NUMERALS.get(word, word) for word in folded]))
    return Firm(words, "".join(words), form or (legal_form(f"x {legal}")[1] if legal else ""))


def _joined(words: list[str]) -> list[str]:
    """Letters that stand alone, one after another, are one abbreviation: a b c becomes abc."""
    made: list[str] = []
    open_ = False
    for word in words:
        alone = len(word) == 1 and word.isalpha()
        if alone and open_:
            made[-1] += word
        else:
            made.append(word)
        open_ = alone
    return made


def firm_keys(firm: Firm) -> list[str]:
    """The name in one word, the sound of its first two words and of its first."""
    if not firm.whole:
        return []
    words = [word for word in firm.words if len(word) > 2] or list(firm.words)
    telling = [word for word in words if word not in _COMMON] or words
    keys = [f"o:{firm.whole}"]
    if sound := koelner("".join(words[:2])):
        keys.append(f"n:{sound}")
    if len(words) > 1 and len(first := koelner(telling[0])) > 1:
        keys.append(f"n:{first}")
    return keys


def compare_firms(a: Firm, b: Firm) -> list[Evidence]:
    """What two names of organisations say, and their legal forms: a GmbH and an AG are sisters, not one."""
    if not a.whole or not b.whole:
        return []
    found = [_compared(a, b)]
    if a.form and b.form and a.form != b.form and found[0].bits > 0:
        found.append(Evidence("name", "other_legal_form", _FORM["other"]))
    elif a.form and a.form == b.form and found[0].bits > 0:
        found.append(Evidence("name", "same_legal_form", _FORM["same"]))
    return found


def _compared(a: Firm, b: Firm) -> Evidence:
    if a.whole == b.whole:
        full = sum(_weight(word) for word in a.words) + _WHOLE
        return Evidence("name", "same_name", min(_MOST, max(full, 12.0)))
    return _by_words(a, b)


@lru_cache(maxsize=16384)
def _by_words(a: Firm, b: Firm) -> Evidence:
    one, two = (a, b) if len(a.words) <= len(b.words) else (b, a)
    free = list(two.words)
    agreed, missing = 0.0, 0.0
    exact = True
    for word in one.words:
        grade, at = _nearest(word, free)
        if at < 0:
            missing += _weight(word)
            continue
        exact = exact and grade == "equal"
        agreed += _WEIGHTS[grade] * min(_weight(word), _weight(free.pop(at)))
    left = sum(_weight(word) for word in free)
    if (missing or left) and (whole := _whole(a, b)):
        return whole
    bits = agreed + (_WHOLE if not missing and not left else 0.0) - 2.0 * missing - _lost(left, free, missing)
    if bits > 0:
        return Evidence("name", "similar_name", min(bits, _MOST))
    return Evidence("name", "other_name", max(bits, -8.0))


def _lost(left: float, free: list[str], missing: float) -> float:
    """What words weigh that only the longer name has: it may be a longer spelling of the same, or a daughter."""
    return 2.0 * left if missing else 1.3 * left + 7.0 * sum(word.isdigit() for word in free)


def _whole(a: Firm, b: Firm) -> Evidence | None:
    """Names that differ in blanks and a slip only: SiemensAG, van der Bilt."""
    if min(len(a.whole), len(b.whole)) < 6:
        return None
    distance = DamerauLevenshtein.distance(a.whole, b.whole, score_cutoff=2)
    if distance > (2 if min(len(a.whole), len(b.whole)) > 11 else 1) or digits_of(a.whole) != digits_of(b.whole):
        return None
    return Evidence("name", "similar_name", max(11.0, sum(map(_weight, a.words)) + _WHOLE - 4.0 * distance - 1.0))


def _nearest(word: str, others: list[str]) -> tuple[str, int]:
    if word in others:
        return "equal", others.index(word)
    best, at = "", -1
    for position, other in enumerate(others):
        grade = _grade(word, other)
        if grade and (not best or _WEIGHTS[grade] > _WEIGHTS[best]):
            best, at = grade, position
    return best, at


@lru_cache(maxsize=32768)
def _grade(one: str, two: str) -> str:
    if min(len(one), len(two)) < 3 or digits_of(one) != digits_of(two):
        return ""
    distance = DamerauLevenshtein.distance(one, two, score_cutoff=3)
    shortest = min(len(one), len(two))
    if distance == 1 and shortest > 3:
        return "typo"
    likeness = JaroWinkler.similarity(one, two)
    if shortest > 3 and likeness > 0.85 and koelner(one) == koelner(two) != "":
        return "sound"
    if (distance == 2 and shortest > 6) or (distance == 3 and shortest > 9):
        return "near"
    return ""


def _weight(word: str) -> float:
    if word in _COMMON:
        return _USUAL
    if word.isdigit():
        return _NUMERAL
    return _SHORT if len(word) < 3 else _RARE
