"""What a file is: its kind, by its bytes, and a name that fits everywhere."""

from __future__ import annotations

import os
import re
import unicodedata
from functools import cache
from typing import Any

import puremagic

HEAD = 8192  # bytes at the beginning of a file by which its kind is told
LONGEST_NAME = 120
#: what a file of text is called by the end of its name; its bytes do not tell
TEXTS = {
    ".csv": "text/csv",
    ".vcf": "text/vcard",
    ".ics": "text/calendar",
    ".eml": "message/rfc822",
    ".md": "text/markdown",
}
#: lines such as those at the head of a mail: text, whatever any table of signatures has to say
_FIELDS = re.compile(rb"[A-Z][A-Za-z]+(?:-[A-Za-z]+)+: [^\x00]*\Z")
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))}


def sniff(head: bytes, name: str) -> str:
    """What a file is, by its bytes; the end of its name only tells kinds of plain text apart."""
    if not head:
        return "application/x-empty"
    found = "" if _FIELDS.match(head) else _by_magic(head)
    if found and not found.startswith("text/plain"):
        return found
    try:
        text = head.decode("utf-8") if len(head) < HEAD else head[:-4].decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return found or "application/octet-stream"
    if "\x00" in text:
        return "application/octet-stream"
    return TEXTS.get(os.path.splitext(name)[1].lower(), "text/plain")


def _by_magic(head: bytes) -> str:
    if not any(head[place] in known for place, known in _signatures()):
        return ""
    try:
        return str(puremagic.from_string(head, mime=True))
    except (puremagic.PureError, ValueError):
        return ""


@cache
def _signatures() -> list[tuple[slice, frozenset[bytes]]]:
    """Where a signature that puremagic knows may lie, and what stands there then: it tries all 1,400 one by one, and
    in most texts there is none."""
    found: dict[tuple[int, int | None], set[bytes]] = {}
    for one in (*puremagic.magic_header_array, *puremagic.magic_footer_array):
        end = one.offset + len(one.byte_match)
        found.setdefault((one.offset, end or None), set()).add(one.byte_match)
    return [(slice(*place), frozenset(some)) for place, some in found.items()]


def clean_name(given: Any) -> str:
    """A file name without a path, control and direction signs; never empty, never longer than 120 characters."""
    text = unicodedata.normalize("NFC", str(given or "")).replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
    text = " ".join("".join("_" if c in '<>:"|?*' else c for c in text).split()).strip(". ")
    stem, end = os.path.splitext(text)
    if stem.lower() in _RESERVED:
        stem = f"_{stem}"
    end = end[:16]
    return f"{stem[: LONGEST_NAME - len(end)].rstrip('. ')}{end}" if stem else "file"
