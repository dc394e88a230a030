"""Wrong tokens: whoever sends many from one address is told to wait. A good token is never held up by others' guesses.

Counted in each process for itself: an address gets ``MOST`` wrong answers a minute from every process.
"""

from __future__ import annotations

import math

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from klientel.kernel.api.problems import Problem
from klientel.kernel.errors import Refused
from klientel.lib.windows import Counter

MOST = 60
WINDOW = 60.0  # seconds
MOST_KEPT = 10_000

_wrong = Counter(MOST_KEPT)
forget = _wrong.forget


def counted(request: HttpRequest, no: Refused) -> Refused:
    """The refusal as it is answered: one for a wrong token too many from this address becomes 429."""
    if no.status != 401:
        return no
    wrong, left = _wrong.count(get_adapter().get_client_ip(request), WINDOW)
    if wrong < MOST:
        return no
    seconds = max(1, math.ceil(left))
    message = _("Too many wrong tokens from your address. Please wait %(n)d seconds.") % {"n": seconds}
    return Problem(429, "too_many_requests", message, headers={"Retry-After": str(seconds)})
