"""Names of persons: titles, particles of nobility, parts."""

import re
from dataclasses import dataclass

from klientel.lib.words import fold

_SALUTATIONS: dict[str, tuple[str, ...]] = {
    "mr": ("herr", "herrn", "hr", "mr", "mister", "sir", "monsieur", "m", "signor", "señor", "mann", "male",
        "männlich"),
    "ms": ("frau", "fr", "fräulein", "ms", "mrs", "miss", "madam", "madame", "mme", "mlle", "signora", "señora",
        "female", "weiblich", "w", "f"),
    "mx": ("mx", "divers", "d", "diverse", "non binary", "nonbinary", "nicht binär"),
    "family": ("familie", "fam", "family"),
}  # fmt: skip
_SALUTATION_OF = {fold(word): key for key, words in _SALUTATIONS.items() for word in words}
_SPOKEN = frozenset(
    fold(word)
    for word in str.split("herr herrn hr frau fr fräulein mr mrs ms miss mx familie mister madame monsieur fam ")
)

_TITLES = frozenset(
    str.split(
        "prof professor professorin dr doktor doctor dres drs mag magister magistra ing di pd privatdozent "
        "privatdozentin dipl diplom lic "
    )
)
_TITLE_TAILS = frozenset(
    str.split(
        "med phil jur iur rer nat oec pol theol vet dent habil mult hc h c eh e univ ing inf paed sc agr tech "
        "techn math soc kfm kff kfr wirt volksw betriebsw psych biol chem phys arch soz pad fh tu dr prof "
    )
)
_TITLE_TOKEN = re.compile(
    r"^(?:prof|dr|dipl|mag|lic|ing|di|dres|bakk)\b|^(?:professor|professorin|doktor|pd|privatdozent|magister|magistra)$"
)
_SUFFIXES = frozenset(
    str.split("jr sr jun sen junior senior ii iii iv mba phd md esq ma ba msc bsc llm bed meng dds cpa rn ")
)
PARTICLES = frozenset(
    str.split(
        "von vom zu zum zur van vande vander de del della dello di da das dos du des den der ten ter te la le "
        "les lo el al bin ibn af av auf und freiherr freifrau freiin baron baronin graf grafin furst furstin "
        "prinz prinzessin ritter edler edle st san mac o d y "
    )
)
_PARTICLE_STARTS = PARTICLES - {"und", "y", "o", "d", "mac", "st", "san", "auf", "baron"}


@dataclass(frozen=True, slots=True)
class PersonName:
    """The parts of a person's name; `salutation` is "mr", "ms", "mx", "family" or "" (unknown)."""

    salutation: str = ""
    title: str = ""
    first_name: str = ""
    last_name: str = ""
    suffix: str = ""


def salutation_key(text: str) -> str:
    """ "Herr", "Mrs.", "divers" … as "mr", "ms", "mx", "family"; "" where the text says nothing we know."""
    if text in _SALUTATIONS:
        return text
    return _SALUTATION_OF.get(fold(text), "")


def split_name(full: str) -> PersonName:
    """The parts of a full name: "Herr Prof. Dr. Hans-Peter von der Heide jun." or "von der Heide, Hans-Peter".

    A single word is a last name. Particles (von, zu, van, de …) belong to the last name: after Art. 109 of the Weimar
    constitution, still in force as ordinary law, titles of nobility are part of the name.
    """
    text = " ".join(full.replace("\x00", "").split())
    text, suffix = _without_suffix(text)
    before, comma, after = text.partition(",")
    if comma and after.strip():
        given = _peel(after.split())
        family = _peel(before.split())
        title = " ".join(filter(None, (given.title, family.title)))
        first_words, moved = _particles_at_end(given.rest)
        return PersonName(
            given.salutation or family.salutation, title, " ".join(first_words), " ".join(moved + family.rest), suffix
        )
    peeled = _peel(before.split())
    first, last = _first_and_last(peeled.rest)
    if peeled.salutation and not last:
        first, last = "", first
    return PersonName(peeled.salutation, peeled.title, first, last, suffix)


@dataclass(frozen=True, slots=True)
class _Peeled:
    salutation: str
    title: str
    rest: list[str]


def _peel(words: list[str]) -> _Peeled:
    titles: list[str] = []
    salutation, position = "", 0
    if [fold(word) for word in words[:3]] in (["herr", "und", "frau"], ["frau", "und", "herr"]) and len(words) > 3:
        salutation, position = "family", 3
    while position < len(words) - 1 and fold(words[position]) in _SPOKEN:
        salutation = salutation or _SALUTATION_OF[fold(words[position])]
        position += 1
    while position < len(words) - 1 and _is_title(words[position], bool(titles)):
        titles.append(words[position])
        position += 1
    return _Peeled(salutation, " ".join(titles), words[position:])


def _is_title(word: str, after_title: bool) -> bool:
    plain = fold(word)
    if plain == "di" and word != "DI":
        return False
    if _TITLE_TOKEN.match(plain):
        return plain in _TITLES or "." in word or "-" in word
    if not after_title or not word.endswith((".", ".)", ")", "FH", "TU")):
        return False
    return all(part in _TITLE_TAILS for part in plain.split())


def _without_suffix(text: str) -> tuple[str, str]:
    suffixes: list[str] = []
    while " " in text:
        head, _blank, tail = text.rpartition(" ")
        squeezed = fold(tail).replace(" ", "")
        if squeezed not in _SUFFIXES or (squeezed in ("ma", "ba") and "." not in tail) or head == ",":
            break
        suffixes.insert(0, tail.strip(","))
        text = head.rstrip(", ")
    return text, " ".join(suffixes)


def _particles_at_end(words: list[str]) -> tuple[list[str], list[str]]:
    cut = len(words)
    while cut > 1 and fold(words[cut - 1]) in _PARTICLE_STARTS:
        cut -= 1
    return words[:cut], words[cut:]


def _first_and_last(words: list[str]) -> tuple[str, str]:
    if len(words) <= 1:
        return "", " ".join(words)
    for position, word in enumerate(words[:-1]):
        if fold(word) in _PARTICLE_STARTS and (position > 0 or word.islower()):
            return " ".join(words[:position]), " ".join(words[position:])
    return " ".join(words[:-1]), words[-1]


def tidy_name(text: str) -> str:
    """One name as people write it: blanks tidied; only all-capital or all-small words of two letters and more are
    recased.

    MÜLLER-LÜDENSCHEIDT becomes Müller-Lüdenscheidt; von der Heide, McDonald and O'Brien stay as they are.
    """
    words = " ".join(text.split())
    if not words or (words != words.upper() and words != words.lower()):
        return words
    return " ".join(_recased(word) for word in words.split(" "))


def _recased(word: str) -> str:
    if fold(word) in PARTICLES and len(word) > 1:
        return word.lower()
    return "-".join(part[:1].upper() + part[1:].lower() for part in word.split("-"))


def full_name(*, title: str = "", first_name: str = "", last_name: str = "", suffix: str = "") -> str:
    """The parts of a name as one line: "Dr. Anna von Müller"."""
    return " ".join(part for part in (title.strip(), first_name.strip(), last_name.strip(), suffix.strip()) if part)


def sort_name(last_name: str, first_name: str = "") -> str:
    """The folded key to sort by; leading particles do not count (DIN 5007, part 2: von der Heide stands at H)."""
    words = fold(last_name).split()
    while len(words) > 1 and words[0] in _PARTICLE_STARTS:
        words.pop(0)
    return f"{' '.join(words)} {fold(first_name)}".strip()
