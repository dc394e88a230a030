"""How often somebody may come: counted in each process for itself, by address and by link."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.lib.windows import Counter

WINDOW = 60.0  # seconds
MOST_KEPT = 20_000
#: what may be done how often in a window
LOOK, ANSWER, GUESS, MEASURE = ("look", 120), ("answer", 12), ("guess", 30), ("measure", 600)

_seen = Counter(MOST_KEPT)
forget = _seen.forget


class TooMany(Refused):
    """Somebody comes too often."""

    status = 429


def count(what: tuple[str, int], who: str) -> None:
    """Count one visit; :class:`TooMany` where there were too many within a minute."""
    name, most = what
    if _seen.count((name, who), WINDOW)[0] >= most:
        raise too_many()


def too_many() -> TooMany:
    """What is said to whoever comes too often."""
    return TooMany("too_many_requests", _("That was too often in a short time. Please wait a minute."))
