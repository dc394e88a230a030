"""Who wrote a mail: somebody, a program that answers, a list, or a server about another mail."""

import re
from collections.abc import Sequence

from klientel.lib.mails import bounces
from klientel.lib.mails.headers import first
from klientel.lib.mails.structure import Part

_AUTO_SUBJECT = re.compile(
    r"^\s*(?:(?:re|aw|antw)\s*:\s*)?(?:auto(?:matic(?:ally)?|matische?)?[- ]?"
    r"(?:reply|response|antwort|generated|responder)|"
    r"automatische antwort|abwesenheit|out of (?:the )?office|abwesend|auto:|vacation|réponse automatique|"
    r"risposta automatica|respuesta automática|urlaub:|ooo:|\[?auto\]?:)",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    r"^\s*(?:(?P<answer>re|aw|antw|antwort|sv|vs|odp|rif|ynt)|(?P<forward>fwd?|wg|wtr|doorst|tr|rv|enc|i|vb|pd))"
    r"(?:\s*\[\d{1,3}\]|\s*\(\d{1,3}\))?\s*[:：]\s*",
    re.IGNORECASE,
)


def sort_of(part: Part, failures: Sequence[bounces.Failed]) -> str:
    """``complaint``, ``bounce``, ``auto`` (RFC 3834), ``list`` or ``human``; ``failures`` are those it tells of."""
    if bounces.complained(part):
        return "complaint"
    if failures:
        return "bounce"
    if _automatic(part):
        return "auto"
    precedence = first(part.head, "precedence").strip().lower()
    if any(name in part.head for name in ("list-id", "list-unsubscribe", "list-post")) or precedence in (
        "bulk",
        "list",
        "junk",
    ):
        return "list"
    return "human"


def _automatic(part: Part) -> bool:
    """``Auto-Submitted: no`` is said of what people write (RFC 3834 section 5)."""
    submitted = first(part.head, "auto-submitted").partition(";")[0].partition("(")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if any(name in part.head for name in ("x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply-from")):
        return True
    if first(part.head, "precedence").strip().lower() in ("auto_reply", "auto-reply"):
        return True
    if part.parameters.get("report-type", "").lower() == "disposition-notification":
        return True
    return bool(not submitted and _AUTO_SUBJECT.search(first(part.head, "subject")))


def bare_subject(subject: str) -> tuple[str, bool, bool]:
    """A subject without AW:, WG:, Re:, Fwd: …; whether it says to be an answer, and whether forwarded."""
    answer = forward = False
    text = subject.strip()
    for _n in range(20):
        found = _PREFIX.match(text)
        if found is None:
            break
        answer, forward = answer or bool(found["answer"]), forward or bool(found["forward"])
        text = text[found.end() :]
    return text.strip(), answer, forward
