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

import orjson

from klientel.lib.mails.program import SECONDS, TOO_MUCH

_PROGRAM = Path(__file__).with_name("program.py")
PATIENCE = 3.0 * SECONDS  # on a busy machine time passes without any of it being ours
MOST_ANSWER = 120 * 2**20


class Reader:
    """A process that reads one mail after the other; use it with ``with``."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._held = bytearray()  # of answers that have not come as a whole
        self._stopped = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self) -> "subprocess.Popen[bytes]":
        """The process, which starts unless it runs; it need not be waited for."""
        if self._process is None or self._process.poll() is not None:
            self._held = bytearray()
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_PROGRAM)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        return self._process

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
        """What each of them says, as :meth:`read`; one that stops its process stops none of the others.

        They are read together. Where the process was stopped, those it had not answered for come one by one: then it is
        known which of them it was.
        """
        found = self._answers(raws)
        while len(found) < len(raws):
            if found and found[-1].get("code") in TOO_MUCH:
                found += self._answers(raws[len(found) :])
                continue
            found += self._answers(raws[len(found) : len(found) + 1]) or [{"code": self._stopped}]
        return found

    def _answers(self, raws: Sequence[bytes]) -> list[dict[str, Any]]:
        """What mails say, as far as the process answered for them; ``_stopped`` says why it did not for all."""
        giver = threading.Thread(target=self._give, args=(self.begin(), raws), daemon=True)
        giver.start()
        found: list[dict[str, Any]] = []
        try:
            while len(found) < len(raws):
                found.append(self._answer(time.monotonic() + PATIENCE))
        except TimeoutError:
            self._stop("mail.too_slow")
        except (EOFError, ValueError):
            self._stop("mail.damaged")
        except OverflowError:
            self._stop("mail.too_large")
        giver.join()
        return found

    def _stop(self, why: str) -> None:
        self._stopped = why
        self.close()

    def _answer(self, until: float) -> dict[str, Any]:
        size = int.from_bytes(self._take(8, until), "big")
        if size > MOST_ANSWER:
            raise OverflowError
        found = _told(self._take(size, until))
        attachments = found.get("attachments", ())
        if size + sum(one["size"] for one in attachments) > MOST_ANSWER:
            raise OverflowError
        for one in attachments:
            one["content"] = self._take(one["size"], until)
        return found

    @staticmethod
    def _give(process: "subprocess.Popen[bytes]", raws: Sequence[bytes]) -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(len(raws).to_bytes(8, "big"))
            for raw in raws:
                process.stdin.write(len(raw).to_bytes(8, "big"))
                process.stdin.write(raw)
            process.stdin.flush()
        except (OSError, ValueError):
            return  # it ended, or was ended: the answer says so

    def _take(self, size: int, until: float) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        while len(self._held) < size:
            ready, _w, _x = select.select([self._process.stdout], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError
            piece = self._process.stdout.raw.read(1 << 20)  # type: ignore[attr-defined]
            if not piece:
                raise EOFError
            self._held += piece
        found = bytes(self._held[:size])
        del self._held[:size]
        return found


def _told(answer: bytes) -> dict[str, Any]:
    """As JSON; halves of signs, which the quicker library refuses, are for the checks behind it."""
    try:
        found: dict[str, Any] = orjson.loads(answer)
    except orjson.JSONDecodeError:
        found = json.loads(answer)
    return found
