"""A program of its own that reads mail: hostile mail can then only stop this process.

``python program.py``: standard input brings pieces of mails, each behind their number and each mail behind its length,
in eight bytes; standard output answers in the same way with JSON: what the mail says, or ``{"code": "mail.…"}``. The
bytes of its attachments follow, each as many as are said there. Answers are let go of together, at the end of a piece
at the latest. After a mail that was too much, it ends.
"""

import json
import resource
import signal
import sys
from typing import Any

SECONDS, MEMORY = 10, 1 << 30
AT_ONCE = 1 << 18  # bytes of answers
TOO_MUCH = ("mail.too_slow", "mail.too_large")  # what it leaves behind in this process, nobody knows


def _late(_signal: int, _frame: object) -> None:
    raise TimeoutError


def answer(raw: bytes) -> dict[str, Any]:
    """What a mail says, or the code of a sentence that says why nobody knows."""
    from klientel.lib.mails.reading import read  # noqa: PLC0415 - only after the limits are set
    from klientel.lib.sentences import Unreadable  # noqa: PLC0415

    try:
        return read(raw)
    except Unreadable as no:
        return {"code": no.code}
    except TimeoutError:
        return {"code": "mail.too_slow"}
    except (MemoryError, RecursionError):
        return {"code": "mail.too_large"}
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        return {"code": "mail.damaged"}


def main() -> None:
    """Read with bounded memory, and with bounded time for each mail, until nothing more comes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _late)
    answer(b"")  # what it needs is loaded before the first one comes
    out = open(1, "wb", buffering=AT_ONCE, closefd=False)  # noqa: SIM115 - until the process ends
    while piece := _number():
        for _n in range(piece):
            raw = sys.stdin.buffer.read(_number())
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            found = answer(raw)
            signal.setitimer(signal.ITIMER_PROF, 0)
            contents = [one.pop("content") for one in found.get("attachments", ())]
            body = json.dumps(found).encode()
            out.write(b"".join((len(body).to_bytes(8, "big"), body, *contents)))
            if found.get("code") in TOO_MUCH:
                return out.flush()
        out.flush()


def _number() -> int:
    return int.from_bytes(sys.stdin.buffer.read(8), "big")


if __name__ == "__main__":
    main()
