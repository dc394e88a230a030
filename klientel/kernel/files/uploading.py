"""Files of a form on their way in: what is larger than any page takes, or than there is room for, is not even kept for
the moment, and whoever asks for it says why."""

from __future__ import annotations

import tempfile
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from klientel.kernel.errors import Refused
from klientel.kernel.files import keeping

LARGEST = 2 * 2**30  # bytes that any page takes at once; a table of a million persons has about 150 MB
_AROUND = 2**20  # bytes that a form needs beside its files


class Bounded(FileUploadHandler):
    """The first handler of uploads: it looks at how long a request says to be before anything is written.

    Files that are not to be had are skipped; the other fields of the form arrive.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803  as the handlers of Django call it
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        """Note why files of this request cannot be taken, if so."""
        assert self.request is not None
        self.request.not_taken = _why_not(content_length)  # type: ignore[attr-defined]

    def new_file(self, *args: Any, **told: Any) -> None:
        """Leave the file out where it cannot be taken."""
        super().new_file(*args, **told)
        if getattr(self.request, "not_taken", None) is not None:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Another handler keeps it."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Another handler has it."""


def _why_not(length: int) -> Refused | None:
    if length > LARGEST + _AROUND:
        return keeping.too_large(LARGEST)
    return keeping.no_room(length, tempfile.gettempdir())


def sent(request: Any, name: str = "file") -> list[Any]:
    """The files of this field; :class:`Refused` where they were too large to come."""
    files = request.FILES.getlist(name)
    no = getattr(request, "not_taken", None)
    if no is not None and not files:
        raise no
    return list(files)
