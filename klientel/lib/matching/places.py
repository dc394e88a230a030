"""Postal addresses compared: abbreviations of streets, house numbers, postcodes, places with typos."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from klientel.lib.matching.evidence import Evidence
from klientel.lib.words import fold

_SHORTER = {
    "strasse": "str", "str": "str", "platz": "pl", "pl": "pl", "allee": "al", "weg": "weg", "street": "st", "st": "st",
    "road": "rd", "rd": "rd", "avenue": "av", "ave": "av", "av": "av", "drive": "dr", "place": "pl", "crescent": "cr",
    "cres": "cr", "court": "ct", "lane": "ln", "square": "sq", "boulevard": "bd", "blvd": "bd", "sankt": "st",
    "saint": "st", "doktor": "dr", "professor": "prof", "circuit": "cct", "highway": "hwy", "terrace": "tce",
}  # fmt: skip
_ENDINGS = (("strasse", "str"), ("platz", "pl"), ("allee", "al"))
_NUMBER = re.compile(r"\d+")
_GIVEN_TWICE = 0.88


@dataclass(frozen=True, slots=True)
class Place:
    """A postal address, folded: street without its number, house number, further line, postcode, town, region."""

    street: str = ""
    number: str = ""
    more: str = ""
    postcode: str = ""
    town: str = ""
    region: str = ""


@lru_cache(maxsize=8192)
def read_place(street: str, postcode: str = "", town: str = "", region: str = "", more: str = "") -> Place:
    """The parts of an address by which it is compared; the number is the first that stands in the street."""
    plain = fold(street)
    found = _NUMBER.search(plain)
    words = [_short(w) for w in plain.split() if not (found and w == found.group())]
    number = found.group().lstrip("0") if found else ""
    return Place(" ".join(words), number, fold(more), fold(postcode).replace(" ", ""), _town(fold(town)), fold(region))


def _short(word: str) -> str:
    known = _SHORTER.get(word)
    if known is not None:
        return known
    for ending, short in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending):
            return word[: -len(ending)] + short
    return word


def _town(town: str) -> str:
    """The name of a town without what is often left out: am Main, a. d. Saale, (Westf.)."""
    words = town.split()
    for position, word in enumerate(words):
        if position and word in ("am", "an", "a", "bei", "b", "im", "in", "ob", "der", "westf"):
            return " ".join(words[:position])
    return town


def place_keys(place: Place) -> list[str]:
    """The house, under which those who live there meet whatever their names."""
    if place.postcode and place.number and place.street:
        return [f"{place.postcode}.{place.number}{place.street[0]}"]
    return []


def compare_places(left: tuple[Place, ...], right: tuple[Place, ...]) -> list[Evidence]:
    """What the nearest two of their addresses say; a different town says little, for people move."""
    found: list[Evidence] | None = None
    for one in left:
        for two in right:
            some = _compared(one, two)
            if some and (found is None or sum(e.bits for e in some) > sum(e.bits for e in found)):
                found = some
    return found or []


@lru_cache(maxsize=8192)
def _compared(one: Place, two: Place) -> list[Evidence]:
    town = _towns(one, two)
    street = _streets(one, two)
    if street is None and town is None:
        return []
    found = []
    if town is not None:
        found.append(Evidence("address", *town))
    if street is not None:
        code, bits = street
        if bits > 0 and town is not None and town[1] < 0:
            bits /= 2  # a main street stands in every town
        found.append(Evidence("address", code, bits))
    if one.more and two.more and (_alike(one.more, two.more) or one.more in two.more or two.more in one.more):
        found.append(Evidence("address", "same_address_line", 4.0))
    return found


def _towns(one: Place, two: Place) -> tuple[str, float] | None:
    codes = _same(one.postcode, two.postcode)
    towns = _same(one.town, two.town)
    if codes is None and towns is None:
        return None
    if codes and towns:
        return "same_town", 6.0
    nearly = bool(one.postcode and two.postcode) and _nearly(one.postcode, two.postcode)
    alike = bool(one.town and two.town) and _one_street(one.town, two.town)
    if codes or towns:
        if codes is None or towns is None:
            return "same_town", 5.0
        slip = alike if codes else nearly and _moved(one.postcode, two.postcode)
        return "same_town", 5.5 if slip else 4.0
    if nearly and alike:
        return "similar_town", 5.0
    if nearly:
        return "similar_postcode", 2.0
    return ("similar_town", 3.5) if alike else ("other_town", -2.0)


def _streets(one: Place, two: Place) -> tuple[str, float] | None:
    if not one.street or not two.street:
        return None
    if not (_one_street(one.street, two.street) or _crosswise(one, two)):
        return "other_street", -1.5
    if one.number and one.number == two.number:
        return "same_house", 8.0
    if one.number and two.number:
        return ("same_street", 6.0) if _nearly(one.number, two.number) else ("same_street", 4.0)
    return "same_street", 6.0


def _one_street(left: str, right: str) -> bool:
    return left == right or _alike(left.replace(" ", ""), right.replace(" ", ""))


def _crosswise(one: Place, two: Place) -> bool:
    """The street of one stands in the further line of the other, as the address of a house with a name is given."""
    lines = ((one.street, two.more), (two.street, one.more))
    return any(more and _one_street(street, _bare_street(more)) for street, more in lines)


@lru_cache(maxsize=65536)
def _bare_street(line: str) -> str:
    """A folded further line as a street is compared: shortened, without its number."""
    return " ".join(_short(word) for word in line.split() if not word.isdigit())


def _same(left: str, right: str) -> bool | None:
    return left == right if left and right else None


def _alike(left: str, right: str) -> bool:
    return JaroWinkler.similarity(left, right) >= _GIVEN_TWICE


def _moved(left: str, right: str) -> bool:
    """A digit stands elsewhere or is left out; one that differs is as likely the next district of a large town."""
    return len(left) != len(right) or sorted(left) == sorted(right)


def _nearly(left: str, right: str) -> bool:
    return DamerauLevenshtein.distance(left, right, score_cutoff=1) == 1 or sorted(left) == sorted(right)
