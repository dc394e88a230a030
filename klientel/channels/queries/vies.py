"""VIES, the European Commission's service that asks the tax authorities of the member states whether a VAT ID is valid.

The protocol is that of its REST interface, ``POST …/check-vat-number`` (VIES on-the-Web, technical information).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from klientel.channels.egress import Blocked, Request, fetch
from klientel.kernel.actions import workspace
from klientel.kernel.kinds import Text, YesNo
from klientel.lib.bank import is_european_vat, read_vat

QUEUE = "vies"
SECONDS = 30.0
#: what VIES reports, and what it means for us (``TROUBLES``)
_REPORTED = {
    "MS_MAX_CONCURRENT_REQ": "busy", "MS_MAX_CONCURRENT_REQ_TIME": "busy", "GLOBAL_MAX_CONCURRENT_REQ": "busy",
    "GLOBAL_MAX_CONCURRENT_REQ_TIME": "busy", "MS_UNAVAILABLE": "country", "SERVICE_UNAVAILABLE": "silent",
    "SERVER_BUSY": "silent", "TIMEOUT": "silent", "INVALID_INPUT": "unread", "INVALID_REQUESTER_INFO": "own",
    "VAT_BLOCKED": "refused", "IP_BLOCKED": "refused",
}  # fmt: skip
#: asking again changes nothing
LASTING = frozenset(("refused", "foreign", "unread", "own", "closed", "off"))

workspace.setting(
    YesNo(
        _("ask VIES about VAT IDs"),
        name="vies",
        help_text=_("VAT IDs of organisations are then sent to the European Commission whenever they change."),
    )
)
workspace.setting(
    Text(
        _("our own VAT ID"),
        name="vies_own",
        max_length=20,
        help_text=_("Sent with each question, so that the answer has a consultation number as evidence."),
    )
)


def is_on() -> bool:
    """Whether the current tenant wants VIES to be asked."""
    return bool(workspace.value("vies"))


def askable(text: str) -> bool:
    """Whether VIES can know this: a VAT ID of a member state or of Northern Ireland with the right check digit."""
    return is_european_vat(text)


@dataclass(frozen=True)
class Answer:
    """What came of a question: ``outcome`` is "valid", "invalid" or empty, then ``trouble`` says why."""

    outcome: str = ""
    trouble: str = ""
    reference: str = ""
    trader: str = ""
    address: str = ""


def ask(number: str) -> Answer:
    """Ask about one VAT ID; never raises what the other side or the way to it does wrong."""
    if not askable(number):
        return Answer(trouble="foreign")
    code = read_vat(number)
    told = {"countryCode": code[:2], "vatNumber": code[2:]}
    if own := str(workspace.value("vies_own") or ""):
        if not askable(own):
            return Answer(trouble="own")
        own = read_vat(own)
        told |= {"requesterMemberStateCode": own[:2], "requesterNumber": own[2:]}
    request = Request(
        "POST",
        f"{settings.KLIENTEL_VIES_URL}/check-vat-number",
        {"Content-Type": "application/json", "Accept": "application/json"},
        orjson.dumps(told),
    )
    try:
        answer = fetch(request, seconds=SECONDS, most=100_000)
    except Blocked:
        return Answer(trouble="closed")
    except OSError:
        return Answer(trouble="silent")
    return understood(answer.body)


def understood(body: bytes) -> Answer:
    """What an answer says; a fault of the service is no verdict about the number."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Answer(trouble="silent")
    if not isinstance(said, dict):
        return Answer(trouble="unclear")
    wrong = [one.get("error") for one in said.get("errorWrappers") or () if isinstance(one, dict)]
    if wrong:
        return Answer(trouble=_REPORTED.get(str(wrong[0]), "unclear"))
    if not isinstance(said.get("valid"), bool):
        return Answer(trouble="unclear")
    return Answer(
        "valid" if said["valid"] else "invalid",
        reference=_text(said, "requestIdentifier")[:60],
        trader=_text(said, "name")[:300],
        address=_text(said, "address")[:1000],
    )


def _text(said: dict[str, Any], name: str) -> str:
    """Member states that tell no name say ``---``."""
    found = said.get(name)
    return "" if not isinstance(found, str) or not found.strip("- \n") else found.strip()
