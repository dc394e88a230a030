"""The bytes of files: written whole or not at all, under a random name in the tenant's folder."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused, filled
from klientel.lib.files import HEAD, sniff

AT_ONCE, FEW = 256, 8  # files that are open together, and those that are waited for one by one
PICTURES = ("image/png", "image/jpeg", "image/webp")


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


def spare(path: str | os.PathLike[str] | None = None) -> int:
    """Bytes that may still be taken where a folder lies (the store, if none is named): what the database needs to go
    on, a gigabyte and at least 2 % of the disk, is left alone. Below nought where that is begun already.
    """
    usage = shutil.disk_usage(path or _standing(Path(settings.KLIENTEL_FILES)))
    return usage.free - max(2**30, usage.total // 50)


def _standing(path: Path) -> Path:
    """The folder, or the nearest one above it that is there already."""
    return next(one for one in (path, *path.parents) if one.exists())


def no_room(needed: int, path: str | os.PathLike[str] | None = None) -> Refused | None:
    """A refusal where so many bytes do not fit where a folder lies."""
    left = spare(path)
    if needed <= left:
        return None
    message = _("The server has not enough room: %(n)d MB are needed, %(free)d MB are left.")
    facts = {"n": max(1, -(-needed // 2**20)), "free": max(0, left) // 2**20}
    return Refused("no_room", filled(message, facts), "file")


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
                    raise too_large(most())
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

    The disk is waited for once for many of them, not once each.
    """
    where = folder(tenant)
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(len(one) > most() for one in contents):
        raise too_large(most())
    found: list[str] = []
    try:
        for start in range(0, len(contents), AT_ONCE):
            found += _kept_together(where, contents[start : start + AT_ONCE])
    except OSError as error:
        raise _not_stored() from error
    return found


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def _kept_together(where: Path, contents: Sequence[bytes]) -> list[str]:
    """All are written, then all are waited for; nobody knows their names before they are whole."""
    folder, numbers = str(where), list[int]()
    places = [secrets.token_hex(20) for _one in contents]
    try:
        for place, content in zip(places, contents, strict=True):
            number = os.open(f"{folder}/{place}", _NEW, 0o666)
            numbers.append(number)
            written = os.write(number, content)
            while written < len(content):
                written += os.write(number, content[written:])
        _wait_for_disk(numbers)
    finally:
        for number in numbers:
            os.close(number)
    return places


def _wait_for_disk(numbers: Sequence[int]) -> None:
    """Until these open files lie there for good: a few of them one by one, many with all that the file system still has
    to write (syncfs, which tells of errors since Linux 5.8)."""
    whole = _whole_file_system() if len(numbers) > FEW else None
    if whole is None:
        for number in numbers:
            os.fsync(number)
    elif whole(numbers[0]) != 0:
        raise OSError(ctypes.get_errno(), "syncfs")


@cache
def _whole_file_system() -> Any:
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if sys.platform != "linux" or release is None or (int(release[1]), int(release[2])) < (5, 8):
        return None
    return getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)


def too_large(size: int) -> Refused:
    """The refusal of what has more bytes than these."""
    message = filled(_("This file is too large: at most %(n)d MB are possible."), {"n": size // 2**20})
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
