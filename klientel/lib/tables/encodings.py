"""Which characters the bytes of a text file mean."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from charset_normalizer import from_bytes

_CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EIGHT_BIT = ("cp1252", "mac_roman", "cp850", "latin-1")
_USUAL = frozenset("äöüÄÖÜßéèêëáàâãåíìîïóòôõúùûçñøæœšžÉÈÁÀÅØÆÇŠŽ")
_MARKS_BESIDE_WORDS = frozenset("„“”‘’‚–—«»§°€©®™·•…\xa0²³½´`")
_WITH_NEIGHBOURS = re.compile(rb"[\x20-\x7e]?[\x80-\xff]+[\x20-\x7e]?")


def _bad_byte_as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", errors="replace"), error.end


codecs.register_error("klientel_cp1252", _bad_byte_as_cp1252)


def guess_encoding(stream: BinaryIO, known: str = "") -> str:
    """The encoding of a seekable text file, by its mark or by reading all of it once, a piece at a time.

    `known`: what the same file turned out to be before; its mark may say it more exactly.

    A name Python's codecs know: utf-8-sig, utf-16 (with mark), utf-16-le, utf-16-be, utf-8, cp1252, mac_roman, cp850,
    latin-1. A UTF-8 file with few wrong bytes stays UTF-8; `ERRORS` says how those are read.
    """
    stream.seek(0)
    start = stream.read(4096)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    if wide := _wide_without_mark(start):
        return wide
    if known:
        return known
    stream.seek(0)
    valid, invalid, samples = _count_utf8(stream)
    if not invalid or valid >= 10 * invalid:
        return "utf-8"
    name, score = _best_eight_bit(samples)
    return name if score > 0 else _rare_encoding(stream) or name


def _rare_encoding(stream: BinaryIO) -> str:
    """Cyrillic, Greek, Chinese … of old: left to a library that knows the letter frequencies of many languages."""
    stream.seek(0)
    best = from_bytes(stream.read(100_000)).best()
    return best.encoding if best else ""


ERRORS = {"utf-8": "klientel_cp1252", "utf-8-sig": "klientel_cp1252"}
"""How a decoder treats wrong bytes, by encoding; "replace" for all others."""


def _wide_without_mark(start: bytes) -> str:
    even, odd = start[0::2], start[1::2]
    if len(start) < 8:
        return ""
    if odd.count(0) > 0.6 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.6 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return ""


_PART = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def _count_utf8(stream: BinaryIO) -> tuple[int, int, Counter[bytes]]:
    """Valid and invalid signs beyond ASCII; what stands around them (at most some thousand places)."""
    valid = invalid = 0
    samples: Counter[bytes] = Counter()
    rest = b""
    while chunk := stream.read(_CHUNK):
        chunk = rest + chunk
        cut = len(chunk) if len(chunk) < 8 else len(chunk) - 4
        while 0 < cut < len(chunk) and chunk[cut] & 0xC0 == 0x80:
            cut -= 1
        piece, rest = chunk[:cut], chunk[cut:]
        good, bad = _count_piece(piece, samples)
        valid, invalid = valid + good, invalid + bad
    good, bad = _count_piece(rest, samples)
    return valid + good, invalid + bad, samples


_NO_SIGN_BEGINS = bytes(range(0xC0))  # ASCII, and the later bytes of signs beyond it


def _count_piece(piece: bytes, samples: Counter[bytes]) -> tuple[int, int]:
    if piece.isascii():
        return 0, 0
    try:
        piece.decode("utf-8")
        return len(piece.translate(None, _NO_SIGN_BEGINS)), 0
    except UnicodeDecodeError:
        good = len(_PART.findall(piece))
        left = _PART.sub(b"", piece)
        bad = sum(1 for byte in left if byte > 127)
        if len(samples) < 5000:
            samples.update(_WITH_NEIGHBOURS.findall(piece[:200_000]))
        return good, bad


def _best_eight_bit(samples: Counter[bytes]) -> tuple[str, float]:
    scores = {name: _score(name, samples) for name in _EIGHT_BIT}
    best = max(_EIGHT_BIT, key=lambda name: scores[name])
    return best, scores[best]


def _score(name: str, samples: Counter[bytes]) -> float:
    total = 0.0
    for sample, count in samples.items():
        try:
            text = sample.decode(name)
        except UnicodeDecodeError:
            return float("-inf")
        in_word = sum(1 for sign in text if sign.isascii() and sign.isalpha())
        for sign in text:
            if sign.isascii():
                continue
            total += count * _worth(sign, beside_letters=in_word > 0, before_small=text[:1].islower())
    return total


def _worth(sign: str, *, beside_letters: bool, before_small: bool) -> float:
    if sign in _USUAL:
        return (0.3 if sign.isupper() and before_small else 1.0) if beside_letters else 0.5
    if sign in _MARKS_BESIDE_WORDS:
        return 0.4
    return -1.0 if not sign.isalpha() else -0.4


def decoded_lines(stream: BinaryIO, encoding: str, *, longest: int) -> Iterator[str]:
    r"""The lines of a file with their ends (\n, \r\n or \r), decoded piece by piece.

    Memory stays bounded by `longest`.

    A line longer than `longest` characters is given in pieces of about that length, all but the last without a line
    end.
    """
    decoder = codecs.getincrementaldecoder(encoding)(ERRORS.get(encoding, "replace"))
    held: list[str] = []  # an unfinished line as it came, so that a long one is looked through once
    while True:
        chunk = stream.read(1 << 16)
        text = decoder.decode(chunk, final=not chunk)
        if held and held[-1].endswith("\r") and text[:1] != "\n":
            yield "".join(held)
            held = []
        pieces = _LINE.findall(text) if "\n" in text or "\r" in text else [text]
        rest = pieces.pop() if pieces and not _is_whole(pieces[-1]) else ""
        if pieces:
            yield "".join((*held, pieces[0]))
            yield from pieces[1:]
            held = []
        if rest:
            held.append(rest)
        if held and (not chunk or sum(map(len, held)) > longest):
            yield "".join(held)
            held = []
        if not chunk:
            return


_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\n|\r)|[^\r\n]++\Z")


def _is_whole(piece: str) -> bool:
    return piece.endswith("\n")
