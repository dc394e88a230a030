"""Signatures: which one stands under a mail, filled in; how a text takes it on."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from klientel.channels.models import Signature
from klientel.channels.models.placeholders import fill, gaps
from klientel.kernel.access.models import Member
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant

BEGIN = "\n-- \n"  # RFC 3676 4.3: programs of mail know what follows as a signature
_BOLD = re.compile(r"(?:(?<=[\s>])|^)\*\*([^\s*<>\"][^*<>\"\n]*)\*\*(?=[\s<.,;:!?]|$)", re.MULTILINE)  # no address


def signature_of(member: UUID | None, account: UUID | None, language: str) -> str:
    """What stands under a mail of this member by this account to somebody of this language; empty where nothing does.

    A line that asks for what is not known, such as a phone number, is left out.
    """
    rows = [
        one for one in Signature.objects.filter(archived_at=None).order_by("pk")
        if one.member in (None, member) and one.account in (None, account)
    ]  # fmt: skip
    own = [one for one in rows if one.member is not None]
    fitting = [one for one in rows if one.text and (not one.language or one.language == language)]
    if not fitting:
        return ""
    best = max(fitting, key=lambda one: (one.member is not None, one.account is not None, bool(one.language)))
    values = _values(member, [best, *own])
    return "\n".join(fill(line, values) for line in best.text.splitlines() if not gaps(line, values)).strip()


def _values(member: UUID | None, rows: list[Any]) -> dict[str, str]:
    who = Member.objects.filter(pk=member).first() if member is not None else None
    phone = next((one.phone for one in rows if one.phone), "")
    return {
        "sender": who.name if who is not None else "",
        "sender_email": who.email or "" if who is not None else "",
        "sender_position": next((one.position for one in rows if one.position), ""),
        "sender_phone": Signature._meta.get_field("phone").show(phone) if phone else "",
        "workspace": Tenant.objects.get(pk=current()).name,
    }


def signed(text: str, signature: str, below: str = "") -> str:
    """A text with the signature under it, unless it has one; ``below`` is what it answers."""
    if signature and BEGIN not in text:
        text = f"{text.rstrip()}\n{BEGIN}{signature}"
    return f"{text}\n\n{below}" if below else text


def is_rich(text: str) -> bool:
    """Whether the signature of a text has marks that only a formatted part can show."""
    return bool(_BOLD.search(text.partition(BEGIN)[2]))


def plain(text: str) -> str:
    """The text without such marks, for the plain part."""
    body, begin, signature = text.partition(BEGIN)
    return body + begin + _BOLD.sub(r"\1", signature)


def bold(html: str) -> str:
    """Escaped text of a signature with its marks as HTML."""
    return _BOLD.sub(r"<b>\1</b>", html)
