"""The bytes of files: written whole or not at all, under a random name in the tenant's folder."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import puremagic
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused

HEAD = 8192
LONGEST_NAME = 120
SIDE_BY_SIDE = 32  # files that wait for the disk together
PICTURES = ("image/png", "image/jpeg", "image/webp")
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


@dataclass(frozen=True)
class Kept:
    """Bytes that lie in the store."""

    place: str
    size: int
    digest: str
    media_type: str


def folder(tenant: UUID) -> Path:
    """Where a tenant's files lie."""
    return Path(settings.KLIENTEL_FILES) / str(tenant)


def path_of(tenant: UUID, place: str) -> Path:
    """Where one file lies; ``place`` is a word of our own making and nothing else."""
    if not place.isalnum() or not place.isascii():
        raise ValueError(place)
    return folder(tenant) / place


def most() -> int:
    """The largest file that is taken, in bytes."""
    return int(getattr(settings, "KLIENTEL_FILE_SIZE", 25 * 2**20))


def keep(tenant: UUID, chunks: Iterable[bytes], name: str) -> Kept:
    """Write the bytes; :class:`Refused` where they are too many, and then nothing stays."""
    where = folder(tenant)
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    number, part = tempfile.mkstemp(dir=where, prefix=".part-")
    total, size, head = hashlib.sha256(), 0, b""
    try:
        with os.fdopen(number, "wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > most():
                    raise _too_large()
                head += chunk[: HEAD - len(head)]
                total.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        place = secrets.token_hex(20)
        os.replace(part, where / place)
    except OSError as error:
        raise _not_stored() from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)
    return Kept(place, size, total.hexdigest(), sniff(head, name))


def keep_all(tenant: UUID, contents: Sequence[bytes]) -> list[str]:
    """Write many small files, each whole or the call fails: their places, in order.

    The disk is waited for once for all of them, not once each: what is asked for side by side, it does in one go.
    """
    where = folder(tenant)
    where.mkdir(mode=0o700, parents=True, exist_ok=True)

    def written(some: Sequence[bytes]) -> list[str]:
        places = [secrets.token_hex(20) for _one in some]
        for place, content in zip(places, some, strict=True):
            with open(where / place, "xb") as file:  # nobody knows its name before it is whole
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        return places

    if any(len(one) > most() for one in contents):
        raise _too_large()
    size = -(-len(contents) // SIDE_BY_SIDE) or 1
    shares = [contents[start : start + size] for start in range(0, len(contents), size)]
    try:
        with ThreadPoolExecutor(SIDE_BY_SIDE, "keeping") as beside:
            return [place for places in beside.map(written, shares) for place in places]
    except OSError as error:
        raise _not_stored() from error


def described(content: bytes, name: str, place: str) -> Kept:
    """What is written down of bytes that lie at a place."""
    return Kept(place, len(content), hashlib.sha256(content).hexdigest(), sniff(content[:HEAD], name))


def _too_large() -> Refused:
    message = _("This file is too large: at most %(n)d MB are possible.") % {"n": most() // 2**20}
    return Refused("too_large", message, "file")


def _not_stored() -> Refused:
    return Refused("not_stored", _("The file could not be stored. Please try again later."), "file")


def intact(record: Any) -> bytes | None:
    """The bytes of a file as they came, by their SHA-256; nothing where they are gone or others."""
    path = path_of(record.tenant_id, record.place) if record.place else None
    content = path.read_bytes() if path is not None and path.is_file() else None
    return content if content is not None and hashlib.sha256(content).hexdigest() == record.digest else None


def drop(tenant: UUID, place: str) -> bool:
    """Remove the bytes; false where there were none."""
    if not place:
        return False
    try:
        path_of(tenant, place).unlink()
    except FileNotFoundError:
        return False
    return True


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
    try:
        return str(puremagic.from_string(head, mime=True))
    except (puremagic.PureError, ValueError):
        return ""


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
