"""Names of persons compared: as sounds and letters, in either order, with short forms, initials and double names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from klientel.lib.matching.commonness import SHIPPED, Commonness
from klientel.lib.matching.evidence import Evidence
from klientel.lib.matching.shortnames import full_form, stand_for_one_another
from klientel.lib.matching.spelling import digits_of
from klientel.lib.names import PARTICLES
from klientel.lib.words import fold, koelner

_TITLES = frozenset(
    str.split(
        "prof professor professorin dr doktor dres mag magister ing di dipl diplom lic med phil jur rer nat herr frau "
        "mr mrs ms miss hc h c e"
    )
)
_YOUNGER = frozenset(["jun", "junior", "jr", "ii", "iii"])
_ELDER = frozenset(["sen", "senior", "sr"])
#: bits that a grade of likeness lies below equal spelling, and the least it weighs
_GRADES = {
    "equal": (0.0, 0.0),
    "sound": (3.5, 1.0),
    "typo": (4.0, 1.0),
    "part": (2.5, 2.0),
    "short": (4.0, 1.0),
    "initial": (6.0, 1.0),
    "near": (6.5, 0.0),
}
#: what different names weigh: a last name changes with a marriage, a first name hardly ever
_DIFFERENT = {"family": -5.5, "given": -6.5}
_SOMEWHAT = {"family": -2.5, "given": -3.0}
_SWAPPED = 3.0
#: first and last names go together (by region, language, age), so a whole name never weighs more than this
_WHOLE = 17.5


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name, folded: words without titles and particles, and whether the younger or the elder is meant."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    age: str = ""


@lru_cache(maxsize=16384)
def read_name(first: str, last: str) -> Name:
    """The parts of a name by which it is compared."""
    given, family = fold(first).split(), fold(last).split()
    age = next((a for a, words in (("j", _YOUNGER), ("s", _ELDER)) if words & {*given[1:], *family[1:]}), "")
    return Name(_bare(given), _bare(family), age)


def _bare(words: list[str]) -> tuple[str, ...]:
    kept = [w for w in words if w not in _TITLES and w not in PARTICLES and w not in _YOUNGER and w not in _ELDER]
    return tuple(kept or words)


@lru_cache(maxsize=16384)
def name_keys(name: Name) -> list[str]:
    """Sounds under which twins meet: both names in either order, each part of a last name with the initial."""
    family = [koelner(part) for part in (name.family if len(name.family) < 4 else name.family[-1:])]
    whole = koelner("".join(name.family))
    if not whole:
        return [f"n:{''.join((*name.given, *name.family))}"] if name.given or name.family else []
    initial = name.given[0][0] if name.given else ""
    parts = [whole, *(part for part in family if len(part) > 1)] if len(family) > 1 else [whole]
    keys = [f"n:{part}.{initial}" for part in parts]
    if name.given:
        given = koelner(full_form(name.given[0]))
        keys.append("n:" + "+".join(sorted((given, koelner(full_form("".join(name.family)))))))
        keys.append(f"g:{given}.{name.family[-1][:2]}")
    return keys


def anchors(name: Name) -> tuple[str, ...]:
    """The first letters of first and last name: together with a day or a place they narrow enough."""
    return tuple(dict.fromkeys(words[0][0] for words in (name.given, name.family) if words))


def compare_names(a: Name, b: Name, common: Commonness = SHIPPED) -> list[Evidence]:
    """What two names say; nothing where either is empty."""
    straight = _both(a.given, a.family, b.given, b.family, common)
    if a.given and b.given and a.family and b.family and straight[0] < 6.0:
        crossed = _both(a.given, a.family, b.family, b.given, common)
        if (bits := crossed[0] - _SWAPPED) > straight[0] and (code := _swapped(straight[1:3], crossed[1:3])):
            return _aged(a, b, [Evidence("name", code, bits if code == "swapped_name" else min(bits, 0.0))])
    bits, given, family, given_bits, family_bits = straight
    if given == family == "equal":
        return _aged(a, b, [Evidence("name", "same_name", min(bits, _WHOLE))])
    if bits > _WHOLE:
        family_bits -= bits - _WHOLE
    found = [
        Evidence("name", _CODES[feature, grade], weight)
        for feature, grade, weight in (("family", family, family_bits), ("given", given, given_bits))
        if grade
    ]
    return _aged(a, b, found)


def _swapped(straight: tuple[str, str], crossed: tuple[str, str]) -> str:
    """Whether names stand in each other's place: both, or one where nothing else agrees. The latter is as likely
    by chance as by a slip, so it never speaks for two being one.
    """
    if "differs" not in crossed:
        return "swapped_name"
    half = straight == ("differs", "differs") and ("equal" in crossed or "sound" in crossed or "typo" in crossed)
    return "half_swapped_name" if half else ""


_CODES = {
    (feature, grade): f"{code}_{word}_name"
    for feature, word in (("family", "last"), ("given", "first"))
    for grade, code in {
        "equal": "same", "sound": "sounding", "typo": "similar", "part": "part_of", "short": "short", "initial":
        "initial", "near": "similar", "somewhat": "differing", "differs": "differing",
    }.items()
}  # fmt: skip


def _aged(a: Name, b: Name, found: list[Evidence]) -> list[Evidence]:
    if a.age != b.age and (a.age and b.age):
        found.append(Evidence("name", "younger_and_elder", -9.0))
    return found


def _both(
    given_a: tuple[str, ...],
    family_a: tuple[str, ...],
    given_b: tuple[str, ...],
    family_b: tuple[str, ...],
    common: Commonness,
) -> tuple[float, str, str, float, float]:
    given, given_bits = _weighed("given", given_a, given_b, common)
    family, family_bits = _weighed("family", family_a, family_b, common)
    return given_bits + family_bits, given, family, given_bits, family_bits


def _weighed(feature: str, left: tuple[str, ...], right: tuple[str, ...], common: Commonness) -> tuple[str, float]:
    if not left or not right:
        return "", 0.0
    grade = grade_of(feature, left, right)
    if grade == "differs":
        return grade, _DIFFERENT[feature]
    if grade == "somewhat":
        return grade, _SOMEWHAT[feature]
    below, least = _GRADES[grade]
    word_a, word_b = "".join(left[-1:]), "".join(right[-1:])
    if feature == "given":
        word_a, word_b = left[0], right[0]
    full = min(common.bits(feature, word_a), common.bits(feature, word_b))
    return grade, max(least, full - below)


@lru_cache(maxsize=32768)
def grade_of(feature: str, left: tuple[str, ...], right: tuple[str, ...]) -> str:
    """How two names agree: equal, sound, typo, part (of a double name), short (form), initial, near, somewhat,
    differs.
    """
    one, two = "".join(left), "".join(right)
    if one == two:
        return "equal"
    if feature == "given" and (found := _given_grade(left, right)):
        return found
    shared = set(left) & set(right)
    if any(len(word) > 2 for word in shared) and (len(shared) == min(len(left), len(right))):
        return "part"
    return _letters(one, two)


def _given_grade(left: tuple[str, ...], right: tuple[str, ...]) -> str:
    short, long = sorted((left[0], right[0]), key=len)
    if len(short) == 1:
        return "initial" if long.startswith(short) else "differs"
    if left[0] == right[0] or set(left) == set(right):
        return "part"
    if stand_for_one_another(left[0], right[0]) or stand_for_one_another("".join(left), "".join(right)):
        return "short"
    return ""


def _letters(one: str, two: str) -> str:
    if not (one.isalpha() and two.isalpha()) and digits_of(one) != digits_of(two):
        return "differs"  # numbered on purpose, not by a slip
    likeness = JaroWinkler.similarity(one, two)
    longest = max(len(one), len(two))
    if likeness > 0.75 and longest > 2 and koelner(one) == koelner(two) != "":
        return "sound"
    distance = DamerauLevenshtein.distance(one, two, score_cutoff=3)
    if distance == 1 and longest > 3:
        return "typo"
    if (distance == 2 and longest > 6) or (distance == 3 and longest > 9) or likeness >= 0.9:
        return "near"
    return "somewhat" if likeness >= 0.8 else "differs"
