"""Wrong tokens: whoever sends many from one address is told to wait. A good token is never held up by others' guesses.

Counted in each process for itself: an address gets ``MOST`` wrong answers a minute from every process.
"""

from __future__ import annotations

import math
import threading
import time

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from klientel.kernel.api.problems import Problem
from klientel.kernel.errors import Refused

MOST = 60
WINDOW = 60.0  # seconds
MOST_KEPT = 10_000

_lock = threading.Lock()
_wrong: dict[str, tuple[float, int]] = {}  # since when, how many


def counted(request: HttpRequest, no: Refused) -> Refused:
    """The refusal as it is answered: one for a wrong token too many from this address becomes 429."""
    if no.status != 401:
        return no
    now, address = time.monotonic(), get_adapter().get_client_ip(request)
    with _lock:
        since, wrong = _wrong.get(address, (now, 0))
        if now - since >= WINDOW:
            since, wrong = now, 0
        if len(_wrong) >= MOST_KEPT:
            _wrong.clear()
        _wrong[address] = since, wrong + 1
    if wrong < MOST:
        return no
    seconds = max(1, math.ceil(since + WINDOW - now))
    message = _("Too many wrong tokens from your address. Please wait %(n)d seconds.") % {"n": seconds}
    return Problem(429, "too_many_requests", message, headers={"Retry-After": str(seconds)})


def forget() -> None:
    """Count anew, as at the start of the process."""
    with _lock:
        _wrong.clear()
