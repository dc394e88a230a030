"""The files of imports: in a folder of the tenant under a name nobody can guess, until they are tidied away."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.kernel.files import keeping
from klientel.kernel.files.uploading import LARGEST

_PIECE = 1 << 18
_LOOKED = 1 << 26  # bytes after which the room is looked at again


def path_of(tenant: UUID, key: str) -> Path:
    """Where the file of this key lies."""
    if not key.isalnum() or not key.isascii():
        raise ValueError(key)
    return keeping.folder(tenant) / "imports" / key


def keep(tenant: UUID, upload: object) -> tuple[str, int]:
    """Store an uploaded file, a path or an open binary file; key and size. Written whole or not at all.

    :class:`Refused` where it is larger than is taken, or than the disk has room for.
    """
    check_size(size_of(upload))
    key, size = secrets.token_hex(24), 0
    path = path_of(tenant, key)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        with part.open("xb") as target:
            for piece in pieces(upload):
                size += len(piece)
                check_size(size, room=size % _LOOKED < len(piece))
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        part.replace(path)
    except OSError as error:
        raise Refused("not_stored", _("The file could not be stored. Please try again later."), "file") from error
    finally:
        part.unlink(missing_ok=True)
    return key, size


def check_size(size: int, *, room: bool = True) -> None:
    """:class:`Refused` where a file of so many bytes is larger than is taken or, with ``room``, than there is room."""
    if size > LARGEST:
        raise keeping.too_large(LARGEST)
    no = keeping.no_room(size) if room else None
    if no is not None:
        raise no


def size_of(upload: object) -> int:
    """How many bytes come, as far as that is known before; else 0."""
    if isinstance(upload, str | os.PathLike):
        return Path(upload).stat().st_size
    size = getattr(upload, "size", None)
    return size if isinstance(size, int) else 0


def pieces(upload: object) -> Iterator[bytes]:
    """The bytes of an uploaded file (``chunks()``), a path or an open binary file."""
    if isinstance(upload, str | os.PathLike):
        with Path(upload).open("rb") as source:
            yield from _read(source)
    elif hasattr(upload, "chunks"):
        chunks: Iterable[bytes] = upload.chunks()
        yield from chunks
    else:
        yield from _read(upload)  # type: ignore[arg-type]


def _read(source: BinaryIO) -> Iterator[bytes]:
    while piece := source.read(_PIECE):
        yield piece


def drop(tenant: UUID, key: str) -> None:
    """Remove the file; nothing happens where it is gone."""
    if key:
        with suppress(FileNotFoundError):
            path_of(tenant, key).unlink()
