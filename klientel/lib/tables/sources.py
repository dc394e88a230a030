"""Opening what somebody sent: a path or a file object, again and again; recognising what is no table at all."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from klientel.lib.tables.table import NotATable

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "table.pdf"), (b"\x89PNG\r\n", "table.image"), (b"\xff\xd8\xff", "table.image"), (b"GIF87a",
    "table.image"),
    (b"GIF89a", "table.image"), (b"II*\x00", "table.image"), (b"MM\x00*", "table.image"), (b"\x1f\x8b",
    "table.archive"),
    (b"Rar!\x1a", "table.archive"), (b"7z\xbc\xaf\x27\x1c", "table.archive"), (b"BZh", "table.archive"), (b"\xfd7zXZ",
    "table.archive"),
    (b"{\\rtf", "table.document"), (b"\x7fELF", "table.binary"), (b"MZ\x90", "table.binary"), (b"SQLite format 3",
    "table.binary"),
    (b"OggS", "table.binary"), (b"ID3", "table.binary"),
)  # fmt: skip
_STRUCTURED = re.compile(rb'[\[{]\s*[\[{"\]}]')
_WEB_PAGE = (b"<!doctype html", b"<html", b"<table", b"<head", b"<body")


class Source:
    """A file to read from its beginning as often as needed.

    A stream that cannot go back is copied to a temporary file once.
    """

    def __init__(self, place: str | os.PathLike[str] | BinaryIO) -> None:
        self._path: Path | None = None
        self._stream: BinaryIO | None = None
        if isinstance(place, str | os.PathLike):
            self._path = Path(place)
        elif place.seekable():
            self._stream = place
        else:
            copy = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 - lives as long as the table
            shutil.copyfileobj(place, copy)
            self._stream = copy  # type: ignore[assignment]

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file at its beginning; a file object of the caller stays open afterwards."""
        if self._path is not None:
            with self._path.open("rb") as stream:
                yield stream
        elif self._stream is not None:
            self._stream.seek(0)
            yield self._stream

    def start(self, length: int) -> bytes:
        """The first bytes."""
        with self.opened() as stream:
            return stream.read(length)


def refuse_other_kinds(start: bytes) -> None:
    """NotATable with one reason where the first bytes are those of a picture, PDF, archive, web page, program and
    so on.
    """
    if not start:
        raise NotATable("table.empty")
    for magic, code in _MAGIC:
        if start.startswith(magic):
            raise NotATable(code)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        raise NotATable("table.image")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_WEB_PAGE):
        raise NotATable("table.web_page")
    if text.startswith(b"<?xml"):
        raise NotATable("table.web_page" if b"<html" in text else "table.structured")
    if _STRUCTURED.match(text):
        raise NotATable("table.structured")
    _refuse_binary(start)


def _refuse_binary(start: bytes) -> None:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or start.count(0) > len(start) // 4:
        if not start.startswith((b"\xff\xfe", b"\xfe\xff")) and not _alternating(start):
            raise NotATable("table.binary")
        return
    strange = sum(1 for byte in start if byte < 32 and byte not in (0, 9, 10, 11, 12, 13, 26))
    if strange > max(2, len(start) // 50) or (len(start) >= 50 and start.count(0) > len(start) // 10):
        raise NotATable("table.binary")


def _alternating(start: bytes) -> bool:
    even, odd = start[0::2], start[1::2]
    return min(even.count(0), odd.count(0)) < len(even) // 10 and max(even.count(0), odd.count(0)) > len(even) // 2
