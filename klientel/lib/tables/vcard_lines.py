"""vCard files as properties: unfolding, parameters, quoted-printable, escapes (vCard 2.1, RFC 2426, RFC 6350)."""

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_BINARY = frozenset({"PHOTO", "LOGO", "SOUND", "KEY", "X-MS-CARDPICTURE", "X-THUMBNAIL", "X-EVOLUTION-X509"})
_SEPARATED = re.compile(r'((?:[^;:"]|"[^"]*")*)([;:])')
_BARE_TYPES = frozenset(
    str.split(
        "home work cell voice fax pager msg pref internet x400 dom intl postal parcel modem car isdn video "
        "bbs main other "
    )
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LONGEST_VALUE = 200_000


@dataclass(frozen=True, slots=True)
class Property:
    """One line of a card: `name` in capitals, `group` "item1" or "", lower-case `types`, `params` by capital name,
    raw `value`.
    """

    name: str
    value: str
    group: str = ""
    types: tuple[str, ...] = ()
    params: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The value as one text, escapes resolved."""
        return unescaped(self.value)

    def parts(self) -> list[str]:
        """A structured value (N, ADR, ORG), cut at each semicolon that is not escaped."""
        return [unescaped(part) for part in _cut(self.value, ";")]

    def lists(self) -> list[list[str]]:
        """A structured value whose parts are lists (the names in N), cut at semicolons, then at commas."""
        return [[unescaped(one) for one in _cut(part, ",")] for part in _cut(self.value, ";")]

    def items(self) -> list[str]:
        """A list value (CATEGORIES, NICKNAME), cut at each comma that is not escaped."""
        return [unescaped(part) for part in _cut(self.value, ",")]


def _cut(value: str, sign: str) -> list[str]:
    return _cut_slowly(value, sign) if "\\" in value else value.split(sign)


def _cut_slowly(value: str, sign: str) -> list[str]:
    parts: list[str] = []
    current: list[str] = []
    escaped = False
    for letter in value:
        if letter == sign and not escaped:
            parts.append("".join(current))
            current = []
            continue
        escaped = letter == "\\" and not escaped
        current.append(letter)
    return [*parts, "".join(current)]


def unescaped(value: str) -> str:
    r"""\n and \N become line breaks, \, \; \: and \\ lose their backslash."""
    if "\\" not in value:
        return value.strip()
    return _ESCAPE.sub(lambda match: "\n" if match.group(1) in "nN" else match.group(1), value).strip()


def cards(lines: Iterable[str]) -> Iterator[tuple[int, list[Property], bool]]:
    """(line, properties, whole) of each card.

    Cards inside cards (AGENT) are left out; `whole` is False where END is missing.
    """
    depth, started = 0, 0
    current: list[Property] = []
    for line, text in unfolded(lines):
        marker = text.strip().upper().replace(" ", "")
        if marker == "BEGIN:VCARD":
            if depth and not _may_nest(current):
                yield started, current, False
                depth = 0
            depth += 1
            if depth == 1:
                started, current = line, []
        elif marker == "END:VCARD":
            depth = max(0, depth - 1)
            if depth == 0 and started:
                yield started, current, True
                started, current = 0, []
        elif depth == 1 and (found := read_property(text)):
            current.append(found)
    if started:
        yield started, current, False


def _may_nest(current: list[Property]) -> bool:
    return bool(current) and current[-1].name == "AGENT" and not current[-1].value.strip()


def unfolded(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """(line number, logical line): folded lines and soft breaks of quoted-printable joined; pictures cut off."""
    held: list[str] = []
    held_line, size = 0, 0
    soft = False
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip("\r\n")
        if held and (soft or line[:1] in (" ", "\t")):
            addition = line if soft else line[1:]
            if soft:
                held[-1] = held[-1][:-1]
            if size < _LONGEST_VALUE and not _is_binary(held[0]):
                held.append(addition)
                size += len(addition)
        elif line.strip():
            if held:
                yield held_line, "".join(held)
            held, held_line, size = [line], number, len(line)
        soft = held != [] and held[-1].endswith("=") and _is_quoted_printable(held[0])
    if held:
        yield held_line, "".join(held)


def _is_quoted_printable(line: str) -> bool:
    return "QUOTED-PRINTABLE" in line.partition(":")[0].upper()


def _is_binary(line: str) -> bool:
    head = line[:200].partition(":")[0].upper()
    return head.partition(";")[0].rpartition(".")[2] in _BINARY or "BASE64" in head or "ENCODING=B" in head


def read_property(text: str) -> Property | None:
    """One logical line as a property; None for what is none."""
    heads: list[str] = []
    position, end = 0, ""
    while end != ":":
        found = _SEPARATED.match(text, position)
        if not found:
            return None
        heads.append(found.group(1))
        end, position = found.group(2), found.end()
    group, _dot, name = heads[0].strip().rpartition(".")
    params, types = _parameters(heads[1:])
    value = text[position:]
    if params.get("ENCODING", "").upper() in ("QUOTED-PRINTABLE", "Q"):
        value = _quoted_printable(value, params.get("CHARSET", ""))
    return Property(name.upper(), value, group.lower(), tuple(types), params) if name else None


def _parameters(heads: list[str]) -> tuple[dict[str, str], list[str]]:
    params: dict[str, str] = {}
    types: list[str] = []
    for head in heads:
        key, equals, value = head.partition("=")
        key, value = key.strip().upper(), value.strip()
        if not equals:
            if key.lower() in _BARE_TYPES or key.lower().startswith("x-"):
                types.append(key.lower())
            elif key in ("QUOTED-PRINTABLE", "BASE64"):
                params["ENCODING"] = key
            elif key:
                types.append(key.lower())
        elif key == "TYPE":
            types.extend(one.strip().lower() for one in value.replace('"', "").split(",") if one.strip())
        else:
            params[key] = value.strip('"')
    if params.get("PREF"):
        types.append("pref")
    return params, types


def _quoted_printable(value: str, charset: str) -> str:
    data = quopri.decodestring(value.encode("utf-8", errors="surrogateescape"))
    for name in (charset or "utf-8", "utf-8", "cp1252"):
        try:
            return data.decode(name).replace("\r\n", "\n").replace("\x00", "")
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("latin-1").replace("\x00", "")
