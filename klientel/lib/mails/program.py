"""A program of its own that reads mail: hostile mail can then only stop this process.

``python program.py``: standard input brings one mail after the other, each behind its length in eight bytes; standard
output answers in the same way with JSON: what the mail says, or ``{"code": "mail.…"}``.
"""

import json
import resource
import signal
import sys

SECONDS, MEMORY = 10, 1 << 30


def _late(_signal: int, _frame: object) -> None:
    raise TimeoutError


def answer(raw: bytes) -> dict[str, object]:
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
    while len(head := sys.stdin.buffer.read(8)) == 8:
        raw = sys.stdin.buffer.read(int.from_bytes(head, "big"))
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        found = answer(raw)
        signal.setitimer(signal.ITIMER_PROF, 0)
        body = json.dumps(found).encode()
        sys.stdout.buffer.write(len(body).to_bytes(8, "big") + body)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
