"""How often somebody may come: counted in each process for itself, by address and by link."""

from __future__ import annotations

import threading
import time

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused

WINDOW = 60.0  # seconds
MOST_KEPT = 20_000
#: what may be done how often in a window
LOOK, ANSWER, GUESS = ("look", 120), ("answer", 12), ("guess", 30)

_lock = threading.Lock()
_seen: dict[tuple[str, str], tuple[float, int]] = {}


class TooMany(Refused):
    """Somebody comes too often."""

    status = 429


def count(what: tuple[str, int], who: str) -> None:
    """Count one visit; :class:`TooMany` where there were too many within a minute."""
    name, most = what
    now = time.monotonic()
    with _lock:
        since, n = _seen.get((name, who), (now, 0))
        if now - since >= WINDOW:
            since, n = now, 0
        if len(_seen) >= MOST_KEPT:
            _seen.clear()
        _seen[name, who] = since, n + 1
    if n >= most:
        raise TooMany("too_many_requests", _("That was too often in a short time. Please wait a minute."))


def forget() -> None:
    """Count anew, as at the start of the process."""
    with _lock:
        _seen.clear()
