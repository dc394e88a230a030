"""From a mail to the bytes that are handed over (RFC 5322, RFC 2045), and from a template to a text."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from email.header import Header
from email.utils import format_datetime, formataddr
from typing import Any
from uuid import UUID

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from klientel.channels.models.placeholders import KNOWN
from klientel.kernel.access import ActorScope, reading
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant

_LINE = 76


def message_id(delivery: UUID, sender: str) -> str:
    """The same for one handing over, however often it is tried."""
    return f"<{delivery}@{sender.rpartition('@')[2]}>"


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=_LINE).encode(linesep="\r\n")


def message(mail: Any, account: Any, delivery: UUID, footer: str = "") -> bytes:
    """The message with CRLF at every line's end; the body in base64, so that no line is too long for anybody."""
    name = account.name.replace("\r", " ").replace("\n", " ")
    headers = {
        "Date": format_datetime(timezone.now()),
        "From": formataddr((name, account.address)),
        "To": mail.to,
        "Subject": _encoded(mail.subject),
        "Message-ID": message_id(delivery, account.address),
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "base64",
    }
    if mail.nature == "advertising":
        headers["List-Unsubscribe"] = f"<mailto:{account.address}?subject=unsubscribe>"
    text = f"{mail.text}\n\n-- \n{footer}\n" if footer else f"{mail.text}\n"
    body = base64.encodebytes(text.replace("\r\n", "\n").replace("\n", "\r\n").encode()).replace(b"\n", b"\r\n")
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    return lines.encode("utf-8") + b"\r\n" + body


def objection_notice(language: str) -> str:
    """What § 7 (3) UWG wants said with every advertising mail."""
    with translation.override(language or translation.get_language()):
        return _("You may object to advertising at any time; an answer to this mail is enough, at no cost but its own.")


def values_for(scope: ActorScope, person: Any, sender: Any) -> Mapping[str, str]:
    """What the placeholders stand for; empty where the writer may not see the field."""
    visible = scope.visible(type_of("contacts.person"))
    firm = reading.names(scope, {person.organisation}, "contacts.organisation") if person.organisation else {}
    with translation.override(person.language or translation.get_language()):
        known = {
            "greeting": person.letter_salutation,
            "academic_title": person.academic_title,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "position": person.position,
            "organisation": next((n.title for n in firm.values()), ""),
            "email": first_address(person),
            "sender": sender,
            "workspace": Tenant.objects.get(pk=current()).name,
            "today": date_format(timezone.localdate(), "DATE_FORMAT"),
        }
    return {name: value for name, value in known.items() if not KNOWN[name] or KNOWN[name] in visible}


def first_address(person: Any) -> str:
    """The address that a person is written to, unless another one is chosen."""
    return next(
        (
            str(e["value"])
            for e in person.emails
            if e.get("value") and e.get("state") not in ("bounced", "invalid", "former")
        ),
        "",
    )
