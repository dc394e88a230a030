"""One request to somebody else's server, and what came of it in words: for calls that a server of ours makes by itself.

No redirects: what is signed goes where it was meant to or nowhere.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from klientel.channels.egress import Answer, Blocked, Request, fetch
from klientel.kernel.errors import filled

UNREACHED = _("The other side could not be reached (%(why)s).")
ELSEWHERE = _("The other side points to another address (%(code)d). Redirects are not followed.")


@dataclass(frozen=True)
class Heard:
    """What was answered, and in words what went wrong; ``unsent``: it surely did not arrive."""

    answer: Answer | None
    trouble: object = ""
    unsent: bool = False


def ask(request: Request, *, seconds: float, most: int) -> Heard:
    """Send it once; an answer of ``most`` bytes at most counts, within so many seconds."""
    try:
        answer = fetch(request, seconds=seconds, most=most)
    except Blocked as no:
        return Heard(None, no.message)
    except TimeoutError:
        return Heard(None, _("No answer in time."))
    except (ConnectionRefusedError, socket.gaierror) as error:
        return Heard(None, filled(UNREACHED, {"why": type(error).__name__}), unsent=True)
    except (OSError, ValueError) as error:
        return Heard(None, filled(UNREACHED, {"why": type(error).__name__}))
    if 300 <= answer.status < 400:
        return Heard(answer, filled(ELSEWHERE, {"code": answer.status}))
    return Heard(answer)
