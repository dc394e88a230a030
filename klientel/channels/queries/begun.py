"""What a sender has begun to hand over, noted on its machine, so that nobody has to ask about the rest after its death.

Letters are *delivering* shortly before a connection takes them, many with one commit. Each is noted here before its
first byte goes on the wire. A note needs no disk: it must outlive the process, not the machine. The sender holds its
notes locked, and the lock ends with it whatever ends it; so whoever gets the lock knows that nothing more is begun.
Notes from before the machine was started, or from another one, say nothing: there the lease decides.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from uuid import UUID

from django.conf import settings

from klientel.kernel.tenancy import current

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_HEAD = 36  # bytes: since when the machine runs
_KEPT = 24 * 3600  # seconds for which notes are kept that say nothing here


class Notes:
    """Of one sender; locked until they are closed."""

    def __init__(self, token: UUID) -> None:
        folder = _folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / str(token)
        self._file = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        os.write(self._file, _boot())

    def note(self, letter: UUID) -> None:
        """This one goes on the wire now."""
        os.write(self._file, letter.bytes)

    def close(self, *, done: bool) -> None:
        """Let go of them; ``done`` where every letter's fate is written down."""
        if done:
            self._path.unlink(missing_ok=True)
        os.close(self._file)


def of_the_dead() -> Iterator[tuple[UUID, list[UUID]]]:
    """The senders of this tenant that died on this machine, each with what it had begun; forgotten by then."""
    for path in _folder().glob("*-*"):
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # somebody else just read it, or its sender is done
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            begun = path.read_bytes()
            known = bool(_boot()) and begun[:_HEAD] == _boot()
            if known:
                yield UUID(path.name), [UUID(bytes=begun[n : n + 16]) for n in range(_HEAD, len(begun) - 15, 16)]
            if known or path.stat().st_mtime < time.time() - _KEPT:
                path.unlink(missing_ok=True)
        except (BlockingIOError, FileNotFoundError):
            continue
        finally:
            os.close(file)


def _folder() -> Path:
    return Path(settings.KLIENTEL_HOME) / "sending" / str(current())


@cache
def _boot() -> bytes:
    """What differs each time a machine is started; empty where it does not say."""
    return _BOOT.read_bytes()[:_HEAD] if _BOOT.exists() else b""
