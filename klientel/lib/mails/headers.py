"""Header fields of a mail (RFC 5322, 2047, 2231, 6532), read as they come: nothing refuses; all of it is linear."""

import binascii
import codecs
import datetime as dt
import re
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from klientel.lib.emails import read_email
from klientel.lib.sentences import Unreadable

Fields = dict[str, list[str]]
Address = tuple[str, str]  # name and address; the address is empty where there is none that could be written to

LONGEST_ID = 400
MOST_IDS = 200
MOST_ADDRESSES = 500
_TEXT_CODECS = re.compile(
    r"utf-?(7|8|16|32)([-_][bl]e)?(-sig)?|ascii|latin|iso8859|iso2022|cp\d|koi8|mac|gb|big5|euc|shift|johab|hz|tis|"
    r"kz|ptcp", re.ASCII,
)  # fmt: skip
_ALIASES = {
    "unicode-1-1-utf-7": "utf-7", "utf8mb4": "utf-8", "ansi": "cp1252", "x-user-defined": "cp1252",
    "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "ks_c_5601-1987": "cp949", "x-sjis": "shift_jis",
    "x-gbk": "gbk", "cp-850": "cp850", "unknown-8bit": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252",
    "iso-8859-1": "cp1252", "latin1": "cp1252",
}  # fmt: skip
_FIELD = re.compile(rb"^([!-9;-~]{1,200})[ \t]*:[ \t]*(.*)", re.MULTILINE)
_FOLD = re.compile(rb"\n[ \t]+")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_ID = re.compile(r"<\s*\[?([^<>\s\[\]\x00-\x1f\x7f]{1,400})\]?\s*>")
_MESSAGE_ID = re.compile(rb"^message-id[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)?)", re.IGNORECASE | re.MULTILINE)
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_COMMENT = re.compile(r"\([^()]*\)")
_BARE = re.compile(r"[^\s<>()\[\],;:\"]{1,80}@[^\s<>()\[\],;:\"]{1,255}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def letters(data: bytes, charset: str = "") -> str:
    """Bytes as text: by the named charset if it is one, else UTF-8, else Windows-1252. Never fails."""
    for one in (_codec(charset), "utf-8") if charset else ("utf-8",):
        try:
            if one:
                return data.decode(one)
        except (LookupError, UnicodeError, ValueError):
            continue
    return data.decode("cp1252", "replace")


@lru_cache(maxsize=256)
def _codec(charset: str) -> str:
    """The codec of a charset of text; "" where there is none, or where UTF-8 is tried before it."""
    name = charset.strip(" \"'").lower()
    name = _ALIASES.get(name, name)
    try:
        known = codecs.lookup(name).name if name and name != "cp1252" else ""
    except (LookupError, UnicodeError, ValueError):
        return ""
    return known if _TEXT_CODECS.match(known) or known.startswith("charmap") else ""


def tidy(text: str) -> str:
    """One line without signs that are not for reading."""
    return " ".join((text if text.isprintable() else _CONTROL.sub(" ", text)).split())


def fields(head: bytes) -> Fields:
    """All header fields by their name in lower case, unfolded and decoded."""
    found: Fields = {}
    for name, value in _FIELD.findall(_FOLD.sub(b" ", head)):
        found.setdefault(name.decode("ascii").lower(), []).append(letters(value).strip())
    return found


def first(given: Fields, name: str) -> str:
    """The first field of a name; "" where there is none."""
    return given.get(name, [""])[0]


def decoded(text: str) -> str:
    """Encoded words (RFC 2047) as text; letters that are split between two words come together again."""
    if "=?" not in text:
        return tidy(text)
    pieces: list[str] = []
    waiting, charset, position = b"", "", 0
    joined = _BETWEEN_WORDS.sub(r"\1", text)
    for word in _WORD.finditer(joined):
        between = joined[position : word.start()]
        name = word[1].partition("*")[0].lower()
        if waiting and (between or name != charset):
            pieces.append(letters(waiting, charset))
            waiting = b""
        pieces.append(between)
        waiting, charset, position = waiting + _word(word[2], word[3]), name, word.end()
    pieces += [letters(waiting, charset), joined[position:]]
    return tidy("".join(pieces))


def _word(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    return unbase64(data) if encoding in "bB" else binascii.a2b_qp(data, header=True)


def unbase64(data: bytes) -> bytes:
    """Base64 with whatever stands between; what cannot be read at its end is left out."""
    clean = _NOT_BASE64.sub(b"", data)
    clean = clean[: len(clean) - (len(clean) % 4 == 1)]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def ids(text: str) -> list[str]:
    """The Message-IDs of a field, without brackets, in order and once each; at most the first and the last hundred."""
    found = list(dict.fromkeys(one for one in _ID.findall(text)))
    if not found and "@" in text and len(text) <= LONGEST_ID and text.isprintable() and " " not in text:
        found = [text.strip("<>[] ")]
    return found if len(found) <= MOST_IDS else found[: MOST_IDS // 2] + found[-MOST_IDS // 2 :]


def message_id(head: bytes) -> str:
    """The Message-ID of a header that nobody read yet; "" where there is none."""
    found = _MESSAGE_ID.search(head.replace(b"\r", b""))
    return next(iter(ids(letters(found[1]).strip())), "") if found else ""


def parameters(text: str) -> tuple[str, dict[str, str]]:
    """A structured value and its parameters (RFC 2045, continued and encoded ones by RFC 2231)."""
    value = text.partition(";")[0].strip().lower()
    if ";" not in text:
        return value, {}
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for name, given in _PARAMETER.findall(text[:20_000]):
        content = _ESCAPED.sub(r"\1", given[1:-1]) if given[:1] == '"' and given[-1:] == '"' else given.strip()
        base, star, rest = name.lower().partition("*")
        if not star:
            plain.setdefault(base, content)
            continue
        number = rest.rstrip("*")
        place = int(number) if number.isdigit() and len(number) < 4 else 0
        pieces.setdefault(base, []).append((place, rest.endswith("*") or not rest, content))
    for base, found in pieces.items():
        plain[base] = _continued(sorted(found))
    return value, plain


def _continued(pieces: list[tuple[int, bool, str]]) -> str:
    charset, data = "", b""
    for number, (_place, encoded, content) in enumerate(pieces):
        if encoded and number == 0 and content.count("'") >= 2:
            charset, _language, content = content.split("'", 2)
        data += unquote_to_bytes(content) if encoded else content.encode("utf-8", "replace")
    return letters(data, charset or "utf-8")


def addresses(text: str) -> list[Address]:
    """Names and addresses of a field, groups and comments included."""
    found = []
    for one in _apart(text):
        name, address = _address(one)
        if name or address:
            found.append((name, address))
        if len(found) == MOST_ADDRESSES:
            break
    return found


def _apart(text: str) -> list[str]:
    """What stands between commas and semicolons that are in no quotation, bracket or comment."""
    if "," not in text and ";" not in text and ":" not in text:
        return [text]
    pieces: list[str] = []
    start = depth = 0
    quoted = inside = escaped = False
    for place, sign in enumerate(text):
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == '"' and not depth:
            quoted = not quoted
        elif quoted:
            continue
        elif sign == "(":
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
        elif sign in "<>" and not depth:
            inside = sign == "<"
        elif sign in ",;" and not inside and not depth:
            pieces.append(text[start:place])
            start = place + 1
        elif sign == ":" and not inside and not depth and "@" not in text[start:place]:
            start = place + 1  # the name of a group
    return [*pieces, text[start:]]


def _address(text: str) -> Address:
    before, bracket, rest = text.rpartition("<")
    written = rest.partition(">")[0] if bracket else ""
    name = before if bracket else ""
    if not written:
        bare = _BARE.search(_COMMENT.sub(" ", text))
        written = bare[0] if bare else ""
        comment = re.search(r"\(([^()]*)\)", text)
        name = comment[1] if comment else "" if written else text
    name = decoded(_ESCAPED.sub(r"\1", name.strip().strip("\"'")))
    try:
        return name[:200], read_email("".join(decoded(written).split()).rpartition(":")[2])
    except Unreadable:
        return (name or tidy(written))[:200], ""


def instant(text: str) -> dt.datetime | None:
    """The instant of a Date field; nothing where it says none."""
    try:
        found = parsedate_to_datetime(_COMMENT.sub(" ", text[:200]).strip())
        found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        return found.astimezone(dt.UTC) if 1970 <= found.year < 2200 else None
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
