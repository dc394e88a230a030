"""The parts of a mail (RFC 2045, 2046), with bounds on size, number and depth before anything is decoded."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from klientel.lib.mails.headers import Fields, decoded, fields, first, letters, parameters, unbase64
from klientel.lib.sentences import Unreadable

MOST_BYTES = 40 * 2**20
MOST_HEADER = 128 * 1024  # bytes of the header of a mail or a part
MOST_PARTS = 200
DEEPEST = 20

_BLANK = re.compile(rb"\n\n")
_UU = re.compile(rb"^begin [0-7]{3} ([^\n]{1,200})\n(.*?)^end[ \t]*$", re.DOTALL | re.MULTILINE)


@dataclass
class Part:
    """A body or several, with its header."""

    head: Fields
    kind: str
    parameters: dict[str, str]
    body: bytes
    children: list["Part"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The file name it goes by; "" where it has none."""
        _way, given = parameters(first(self.head, "content-disposition"))
        return decoded(given.get("filename") or self.parameters.get("name") or "")[:200]

    @property
    def attached(self) -> bool:
        """Whether it is meant to lie beside the text."""
        return parameters(first(self.head, "content-disposition"))[0] == "attachment"

    @property
    def cid(self) -> str:
        """What a picture is called inside the text."""
        return first(self.head, "content-id").strip("<> ")[:200]

    def content(self) -> bytes:
        """The bytes, decoded."""
        way = first(self.head, "content-transfer-encoding").partition(";")[0].strip().lower()
        if way == "base64":
            return unbase64(self.body)
        if way == "quoted-printable":
            return binascii.a2b_qp(self.body)
        if way in ("x-uuencode", "uuencode", "x-uue"):
            found = _UU.search(self.body)
            return _uudecoded(found[2]) if found else self.body
        return self.body

    def text(self) -> str:
        """The letters of a text part."""
        return letters(self.content(), self.parameters.get("charset", "")).replace("\x00", "").lstrip("\ufeff")

    def walk(self) -> Iterator["Part"]:
        """This part and all inside it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


def _uudecoded(body: bytes) -> bytes:
    found = []
    for line in body.split(b"\n"):
        try:
            found.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(found)


def take_apart(raw: bytes) -> Part:
    """The tree of parts. Raises Unreadable (mail.too_large, header_too_large, too_many_parts, too_deep, empty)."""
    if len(raw) > MOST_BYTES:
        raise Unreadable("mail.too_large")
    text = raw.replace(b"\r\n", b"\n") if b"\n" in raw else raw.replace(b"\r", b"\n")
    text = text.lstrip(b"\n")
    if text.startswith((b"From ", b">From ")):  # of an mbox
        text = text.partition(b"\n")[2]
    if not text.strip():
        raise Unreadable("mail.empty")
    return _Reader().part(text, 0, "text/plain")


class _Reader:
    def __init__(self) -> None:
        self.count = 0

    def part(self, text: bytes, depth: int, usual: str) -> Part:
        self.count += 1
        if self.count > MOST_PARTS:
            raise Unreadable("mail.too_many_parts")
        if depth > DEEPEST:
            raise Unreadable("mail.too_deep")
        head, body = _halves(text)
        if len(head) > MOST_HEADER:
            raise Unreadable("mail.header_too_large")
        given = fields(head)
        kind, found = parameters(first(given, "content-type"))
        made = Part(given, kind if kind.count("/") == 1 else usual, found, body)
        boundary = found.get("boundary", "")
        if made.kind.startswith("multipart/") and boundary:
            inside = "message/rfc822" if made.kind == "multipart/digest" else "text/plain"
            made.children = [self.part(one, depth + 1, inside) for one in _between(body, boundary)]
        elif made.kind in ("message/rfc822", "message/global"):
            inner = made.content().lstrip(b"\n")
            made.children = [self.part(inner, depth + 1, "text/plain")] if inner.strip() else []
        if made.kind.startswith("multipart/") and not made.children:
            made.kind = "text/plain"
        return made


def _halves(text: bytes) -> tuple[bytes, bytes]:
    """Header and body; what begins without a header is all body."""
    if text[:1] == b"\n":
        return b"", text[1:]
    end = _BLANK.search(text)
    head, body = (text[: end.start()], text[end.end() :]) if end else (text, b"")
    line = head.partition(b"\n")[0]
    if b":" not in line and not end:
        return b"", text
    return head, body


def _between(body: bytes, boundary: str) -> list[bytes]:
    """The bodies between the lines of a boundary; a last one that was cut off counts too."""
    mark = b"--" + boundary.rstrip().encode("utf-8", "replace")
    found: list[bytes] = []
    start, here = -1, body.find(mark)
    while here >= 0:
        after = here + len(mark)
        end = body.find(b"\n", after)
        if end < 0:
            end = len(body)
        rest = body[after:end].rstrip(b" \t")
        if rest in (b"", b"--") and (not here or body[here - 1 : here] == b"\n"):
            if start >= 0:
                found.append(body[start:here].removesuffix(b"\n"))
            start = -1 if rest else end + 1
            if len(found) > MOST_PARTS:
                raise Unreadable("mail.too_many_parts")
            after = end
        here = body.find(mark, after)
    if start >= 0:
        found.append(body[start:])
    return found
