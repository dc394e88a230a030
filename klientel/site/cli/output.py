"""Files that commands write: whole or not at all, and known to be writable before the work begins."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from klientel.site.cli.failure import Failure


def refuse_unwritable(file: str | Path) -> None:
    """Say now that ``file`` cannot be written, rather than after the work; raises ``Failure``."""
    path = Path(file)
    if not path.parent.is_dir():
        raise Failure(f"{file} cannot be written: there is no folder {path.parent}.")
    if path.is_dir():
        raise Failure(f"{file} cannot be written: it is a folder.")
    if not os.access(path if _stream(path) else path.parent, os.W_OK):
        raise Failure(f"{file} cannot be written: no permission.")


def write_whole(file: str | Path, pieces: Iterable[bytes]) -> int:
    """Write ``pieces`` to ``file``, readable by its owner only; how many bytes they are. Raises ``Failure``.

    A file that was cut short never stands under its name; a pipe or device is written to as it is.
    """
    path = Path(file)
    part = path if _stream(path) else path.with_name(f".{path.name}.part")
    size = 0
    try:
        with part.open("wb") as target:
            if part != path:
                os.fchmod(target.fileno(), 0o600)
            for piece in pieces:
                size += target.write(piece)
        if part != path:
            part.replace(path)
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}.") from None
    finally:
        if part != path:
            part.unlink(missing_ok=True)
    return size


def _stream(path: Path) -> bool:
    return path.exists() and not path.is_file()
