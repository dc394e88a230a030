"""Reads mail in a process of its own, with bounded time and memory; one that stops is begun anew."""

import json
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from klientel.lib.mails.program import SECONDS

_PROGRAM = Path(__file__).with_name("program.py")
PATIENCE = 3.0 * SECONDS  # on a busy machine time passes without any of it being ours
MOST_ANSWER = 120 * 2**20


class Reader:
    """A process that reads one mail after the other; use it with ``with``."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def read(self, raw: bytes) -> dict[str, Any]:
        """What a mail says (see `reading.read`), or ``{"code": "mail.…"}``; never fails."""
        return self.read_all([raw])[0]

    def read_all(self, raws: Sequence[bytes]) -> list[dict[str, Any]]:
        """What each of them says, as :meth:`read`; one that stops its process stops none of those behind it."""
        found: list[dict[str, Any]] = []
        while len(found) < len(raws):
            found += self._until_stopped(raws[len(found) :])
        return found

    def _until_stopped(self, raws: Sequence[bytes]) -> list[dict[str, Any]]:
        """What mails say, up to the first that stops the process."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_PROGRAM)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        giver = threading.Thread(target=self._give, args=(self._process, raws), daemon=True)
        giver.start()
        found = []
        for _raw in raws:
            found.append(self._answer())
            if found[-1].get("code") in ("mail.too_slow", "mail.damaged", "mail.too_large"):
                self.close()
                break
        giver.join()
        return found

    def _answer(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        try:
            size = int.from_bytes(self._take(8, until), "big")
            if size > MOST_ANSWER:
                return {"code": "mail.too_large"}
            found: dict[str, Any] = json.loads(self._take(size, until))
        except TimeoutError:
            return {"code": "mail.too_slow"}
        except (EOFError, ValueError):
            return {"code": "mail.damaged"}
        return found

    @staticmethod
    def _give(process: "subprocess.Popen[bytes]", raws: Sequence[bytes]) -> None:
        assert process.stdin is not None
        try:
            for raw in raws:
                process.stdin.write(len(raw).to_bytes(8, "big") + raw)
            process.stdin.flush()
        except (OSError, ValueError):
            return  # it ended, or was ended: the answer says so

    def _take(self, size: int, until: float) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        found = bytearray()
        while len(found) < size:
            ready, _w, _x = select.select([self._process.stdout], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError
            piece = self._process.stdout.raw.read(min(size - len(found), 1 << 20))  # type: ignore[attr-defined]
            if not piece:
                raise EOFError
            found += piece
        return bytes(found)
