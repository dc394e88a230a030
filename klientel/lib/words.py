"""Comparing words as people do: folding of spelling variants, phonetics, similarity."""

import re
import sys
import unicodedata
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

_SPECIAL = {
    "ß": "ss", "ẞ": "ss", "æ": "a", "œ": "o", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i",
    "ħ": "h", "ŋ": "n", "ſ": "s",
}  # fmt: skip
_WORD_CATEGORIES = frozenset("LN")
_LENGTHENED = ("ae", "oe", "ue")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_CACHED_LENGTH = 200


class _Folding(dict[int, str]):
    """Translation table that works out each character once."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = _SPECIAL.get(character)
        if folded is None:
            folded = "".join(self._part(part) for part in unicodedata.normalize("NFKD", character).lower())
        self[code] = sys.intern(folded)
        return folded

    @staticmethod
    def _part(part: str) -> str:
        category = unicodedata.category(part)[0]
        if category == "M":
            return ""
        return _SPECIAL.get(part, part) if category in _WORD_CATEGORIES else " "


_folding = _Folding()


def fold(text: str) -> str:
    """One spelling for all the spellings of a word, to be applied to both sides of a comparison.

    Lower case; ä and ae become a, ö and oe o, ü and ue u, ß ss; other accents fall away; punctuation becomes
    a single blank. Mueller, Müller and Muller meet, and so do Bauer and Baur. Idempotent.
    """
    return _fold_cached(text) if len(text) <= _CACHED_LENGTH else fold_once(text)


def fold_once(text: str) -> str:
    """As :func:`fold`, for a text that hardly comes a second time: nothing of it is remembered."""
    if len(text) > _CACHED_LENGTH and not text.isascii():
        text = _to_ascii(text)
    plain = " ".join(_folded(text).split())
    for long in _LENGTHENED:
        while long in plain:
            plain = plain.replace(long, long[0])
    return plain


def _to_ascii(text: str) -> str:
    """A long text with its few characters beyond ASCII folded, where that can be: as ASCII it is translated, and made
    lower case, some 20 times faster. Other scripts stay what they are.
    """
    first = _BEYOND_ASCII.search(text)
    if first is None or not _folded(first[0]).isascii():
        return text
    some = {character: _folded(character) for character in set("".join(_BEYOND_ASCII.findall(text)))}
    if all(folded.isascii() for folded in some.values()):
        for character, folded in some.items():
            text = text.replace(character, folded)
    return text


def _folded(text: str) -> str:
    return text.lower().translate(_folding)


_fold_cached = lru_cache(maxsize=16384)(fold_once)

_SIMPLE_CODES = {
    **dict.fromkeys("aeijouy", "0"), "b": "1", **dict.fromkeys("fvw", "3"), **dict.fromkeys("gkq", "4"),
    "l": "5", **dict.fromkeys("mn", "6"), "r": "7", **dict.fromkeys("sz", "8"),
}  # fmt: skip


@lru_cache(maxsize=16384)
def koelner(word: str) -> str:
    """Kölner Phonetik of a word: equal codes sound alike in German (Postel, IBM-Nachrichten 19, 1969, 925-931)."""
    letters = [letter for letter in word.lower().replace("ß", "s").translate(_folding) if "a" <= letter <= "z"]
    codes: list[str] = []
    for position, letter in enumerate(letters):
        before = letters[position - 1] if position else ""
        after = letters[position + 1] if position + 1 < len(letters) else ""
        for code in _koelner_code(letter, before, after):
            if not codes or codes[-1] != code:
                codes.append(code)
    return "".join(code for position, code in enumerate(codes) if code != "0" or position == 0)


def _koelner_code(letter: str, before: str, after: str) -> str:
    simple = _SIMPLE_CODES.get(letter)
    if simple is not None:
        return simple
    if letter == "p":
        return "3" if after == "h" else "1"
    if letter in "dt":
        return "8" if after and after in "csz" else "2"
    if letter == "x":
        return "8" if before and before in "ckq" else "48"
    if letter == "c":
        return _koelner_code_of_c(before, after)
    return ""


def _koelner_code_of_c(before: str, after: str) -> str:
    if not before:
        return "4" if after and after in "ahkloqrux" else "8"
    if before in "sz":
        return "8"
    return "4" if after and after in "ahkoqux" else "8"


def initials(name: str) -> str:
    """One or two capital letters that stand for a name, e.g.

    in an avatar: first and last word that begins with a letter.
    """
    words = [word for word in re.split(r"[\s\-_.,()&+/]+", name) if word and word[0].isalnum()]
    if not words:
        return ""
    chosen = [words[0]] if len(words) == 1 else [words[0], words[-1]]
    return "".join(word[0] for word in chosen).upper()[:2]


def similarity(a: str, b: str) -> float:
    """How alike two names are, 0 to 1: the better of Jaro-Winkler and the order-free token ratio of the folded
    texts.
    """
    left, right = fold(a), fold(b)
    if not left or not right:
        return 0.0
    if left == right:
        return 1.0
    return max(JaroWinkler.similarity(left, right), fuzz.token_sort_ratio(left, right) / 100)
