"""Which column of a foreign table belongs to which field of ours: guessed by names first, by values where names
are silent.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from klientel.lib.dates import read_date
from klientel.lib.sentences import Unreadable
from klientel.lib.tables.synonyms import (
    CONCEPT_OF,
    EXPLAINING,
    FILLER,
    NAMES_OF_CONTACTS,
    PARTS_OF_WORDS,
    PURPOSE_OF,
    SOMEBODY_ELSE,
)
from klientel.lib.words import fold

_CAMEL = re.compile(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_MAIL = re.compile(r"^[^@\s,;]+@[^@\s,;]+\.[a-z]{2,}$", re.IGNORECASE)
_PHONE = re.compile(r"^(?:\+|00|0|\()[\d\s()./\-–]{5,22}(?:\s*(?:x|ext\.?|-)\s*\d+)?$")
_MOBILE = re.compile(r"^(?:\+|00)?(?:49|43|41|0)[\s(0)/]*(?:1[567]|6[5-9]|7[5-9])")
_URL = re.compile(r"^(?:https?://|www\.)\S+\.\S+$", re.IGNORECASE)
_POSTCODE = re.compile(r"^(?:[DAF]-|CH-|AT-|DE-)?\d{4,5}$")
_IBAN = re.compile(r"^[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}$")
_GOOD = 0.55


@dataclass(frozen=True, slots=True)
class Facet:
    """What a header says: concept ("email"), purpose ("work", "home", "") and number (1 where none is said)."""

    concept: str = ""
    purpose: str = ""
    number: int = 1
    certain: bool = True


def guess(
    columns: Sequence[str], sample_rows: Sequence[Sequence[str]], targets: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Column -> target path for all columns that seem to fit.

    Each target is used once, doubtful columns are left out.

    `targets` maps a path such as "email" or "addresses.work.city" to its labels and synonyms in any language. A column
    that carries a target's own label wins; then names in common use; then what the values look like.
    """
    wanted = {path: _target(path, labels) for path, labels in targets.items()}
    facets, prefix = {column: facet(column) for column in columns}, _prefix(columns)
    firms = _names_of_firms(columns, facets) if {"full_name", "organisation"} <= wanted.keys() else []
    for order, firm in enumerate(firms):
        facets[firm] = Facet("" if order else "organisation")
    scored: list[tuple[float, int, int, str, str]] = []
    for position, column in enumerate(columns):
        values = [row[position].strip() for row in sample_rows if position < len(row) and row[position].strip()]
        said, seen = facets[column], value_concept(values)
        names = set() if column in firms else {fold(_spaced(column)), fold(column)}
        if prefix and column.startswith(prefix) and names:
            names.add(fold(_spaced(column.removeprefix(prefix))))
        if said.concept == "birthday" and values and not _dates(values):
            continue
        for order, (path, (labels, likes)) in enumerate(wanted.items()):
            score = _score(names, said, seen, labels, likes)
            if score >= _GOOD:
                scored.append((score + (0.01 if values else -0.02), -position, -order, column, path))
    mapping: dict[str, str] = {}
    for _score_value, _position, _order, column, path in sorted(scored, reverse=True):
        second = path == "last_name" and facets[column].concept == "full_name" and "full_name" in mapping.values()
        if column not in mapping and path not in mapping.values() and not second:
            mapping[column] = path
    return {column: mapping[column] for column in columns if column in mapping}


def _prefix(columns: Sequence[str]) -> str:
    """What most columns begin with where they name their table first ("Deal - Title", "Deal - Stage"); else nothing."""
    found = Counter(column[: column.index(" - ") + 3] for column in columns if " - " in column)
    [(prefix, n)] = found.most_common(1) or [("", 0)]
    return prefix if n > 2 and n * 2 > len(columns) else ""


def _names_of_firms(columns: Sequence[str], said: Mapping[str, Facet]) -> list[str]:
    """Columns called "name" in a list of firms whose people stand in another one ("Name 1; Ansprechpartner")."""
    concepts = {facet.concept for facet in said.values()}
    names = [column for column in columns if said[column].concept == "full_name"]
    firms = [column for column in names if fold(_spaced(column)).replace(" ", "") not in NAMES_OF_CONTACTS]
    return firms if len(firms) < len(names) and not concepts & {"organisation", "last_name"} else []


def _target(path: str, labels: Sequence[str]) -> tuple[frozenset[str], list[Facet]]:
    names = [fold(_spaced(label)) for label in labels]
    last = path.replace("_", " ").replace(".", " ")
    facets = [facet(text) for text in (path, last, *labels)]
    return frozenset((*names, fold(_spaced(last)))), [one for one in facets if one.concept]


def _score(column: set[str], said: Facet, seen: str, labels: frozenset[str], facets: list[Facet]) -> float:
    if column & labels:
        return 1.0
    best = 0.0
    for wanted in facets:
        best = max(best, _likeness(said, wanted) if said.concept else 0.0)
        if not said.concept and seen and seen == wanted.concept:
            best = max(best, 0.6 if wanted.number == 1 and not wanted.purpose else 0.56)
    if (
        best
        and said.concept in ("email", "phone", "mobile", "website")
        and seen
        and seen != said.concept
        and "mobile" not in (seen, said.concept)
    ):
        best -= 0.3
    return best


def _likeness(said: Facet, wanted: Facet) -> float:
    score = _concept_likeness(said.concept, wanted.concept) - (0.0 if said.certain and wanted.certain else 0.1)
    if said.purpose == wanted.purpose:
        score += 0.05 if said.purpose else 0.02
    elif said.purpose and wanted.purpose:
        score -= 0.4
    else:
        score -= 0.04 if said.purpose in ("", "work") else 0.05
    return score - (0.0 if said.number == wanted.number else 0.4)


_RELATED = {
    ("mobile", "phone"): 0.72,
    ("phone", "mobile"): 0.5,
    ("full_name", "last_name"): 0.62,
    ("linkedin", "website"): 0.3,
}


def _concept_likeness(said: str, wanted: str) -> float:
    return 0.9 if said == wanted else _RELATED.get((said, wanted), 0.0)


def _spaced(text: str) -> str:
    return _CAMEL.sub(" ", text.replace("_", " "))


def facet(header: str) -> Facet:
    """What a column name says: "Business Street 2" is street, work, 2; "E-Mail 1 - Value" is email, 1; "Foo" is
    nothing.
    """
    words = [part for word in fold(_spaced(header)).split() for part in _apart(word)]
    if not words or (words[-1] in EXPLAINING and len(words) > 1) or not SOMEBODY_ELSE.isdisjoint(words):
        return Facet()
    if len(words) > 2 and words[-1] in ("2", "3") and CONCEPT_OF.get(words[-2], CONCEPT_OF.get(words[0])) == "street":
        words = ["street", "2", *(w for w in words if w in PURPOSE_OF)]  # Outlook's further lines of one address
        return Facet("street_2", next((PURPOSE_OF[w] for w in words if w in PURPOSE_OF), ""))
    direct = CONCEPT_OF.get(" ".join(words)) or CONCEPT_OF.get("".join(words))
    if direct and (direct == "organisation" or not any(word in PURPOSE_OF for word in words)):
        return Facet(direct)
    numbers = [int(word) for word in words if word.isdigit()]
    number = numbers[0] if numbers and 0 < numbers[0] < 10 else 1
    purpose = next((PURPOSE_OF[word] for word in words if word in PURPOSE_OF), "")
    bare = [word for word in words if not word.isdigit() and word not in PURPOSE_OF]
    if not bare:
        return Facet(direct or "", "" if direct else purpose, number)
    if concept := CONCEPT_OF.get(" ".join(bare)) or CONCEPT_OF.get("".join(bare)) or direct:
        return Facet(concept, purpose, number)
    short = [word for word in bare if word not in FILLER]
    if concept := CONCEPT_OF.get(" ".join(short)) or _compound(short):
        return Facet(concept, purpose, number, certain=False)
    return Facet()


@cache
def _apart(word: str) -> tuple[str, ...]:
    """A word written together, as its parts: "companycity", "homepostalcode", "rechnungsort". Others stay whole."""
    if word.isdigit() or word in _PIECES or word in CONCEPT_OF:
        return (word,)
    best: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(1, len(word) + 1):
        ways = [(*best[start], word[start:end]) for start in best if word[start:end] in _PIECES]
        if ways:
            best[end] = min(ways, key=len)
    found = best.get(len(word), ())
    return found if any(part in PURPOSE_OF or part in CONCEPT_OF for part in found) else (word,)


_PIECES = frozenset(w for w in (*CONCEPT_OF, *PURPOSE_OF, *FILLER, *PARTS_OF_WORDS) if len(w) > 2 and " " not in w)


def _compound(words: list[str]) -> str:
    """The last word of a German compound or an English phrase: "Kundenmailadresse", "Kontakt-PLZ", "customer city"."""
    if not words:
        return ""
    if concept := CONCEPT_OF.get(words[-1]) or CONCEPT_OF.get(" ".join(words[-2:])):
        return concept
    known = sorted((name for name in CONCEPT_OF if len(name) >= 6 and " " not in name), key=len, reverse=True)
    return next((CONCEPT_OF[name] for name in known if words[-1].endswith(name)), "")


def value_concept(values: Sequence[str]) -> str:
    """What the values of a column look like: "email", "phone", "mobile", "website", "iban", "postcode", "birthday"
    or "" (anything).
    """
    if not values:
        return ""
    for concept, pattern in (
        ("email", _MAIL),
        ("website", _URL),
        ("iban", _IBAN),
        ("postcode", _POSTCODE),
        ("phone", _PHONE),
    ):
        if _share(values, pattern) >= 0.7:
            if concept == "phone":
                return "birthday" if _dates(values) else "mobile" if _share(values, _MOBILE) >= 0.7 else "phone"
            return concept
    return ""


def _share(values: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(1 for value in values if pattern.match(value)) / len(values)


def _dates(values: Sequence[str]) -> bool:
    found = 0
    for value in values[:20]:
        try:
            read_date(value, order="dmy")
        except Unreadable:
            continue
        found += 1
    return found >= 0.7 * min(20, len(values))
