"""The link in an advertising mail by which its recipient leaves, or chooses what to get (RFC 8058, § 7 (3) UWG).

The text is signed and names tenant and mail; it holds as long as the mail, because nobody shall look for a way out.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core import signing

from klientel.channels.models import Consent, Purpose, Suppression, Wording
from klientel.channels.queries.suppression import hashed
from klientel.kernel.links import whole
from klientel.kernel.tenancy import current
from klientel.lib.emails import email_key

SALT = "klientel.leave"


def text_of(mail: UUID) -> str:
    """The text that leads the recipient of a mail to what they get from us."""
    return signing.dumps([current().hex, mail.hex], salt=SALT)


def address_of(mail: UUID) -> str:
    """The whole address that stands in the mail."""
    return whole("preferences", text_of(mail))


def read(text: str) -> tuple[UUID, UUID] | None:
    """Tenant and mail of such a text; nothing where it was altered."""
    try:
        tenant, mail = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    return UUID(tenant), UUID(mail)


def held(mail: Any) -> list[Any]:
    """The consents by which advertising may reach the address of a mail, and exceptions for existing customers."""
    rows = Consent.objects.filter(person=mail.person, channel="mail", withdrawn_at=None, archived_at=None)
    return [one for one in rows if mail.person is not None and email_key(one.email or "") == email_key(mail.to)]


def measured(mail: Any) -> list[Any]:
    """The consents by which it is measured what the recipient of a mail opens, or does on our websites."""
    rows = Consent.objects.filter(person=mail.person, channel="tracking", state="given", archived_at=None)
    return list(rows) if mail.person is not None else []


def offered(language: str) -> dict[UUID, Any]:
    """By purpose the wording that somebody can agree to on their own page: the newest in their language, else any."""
    rows = Wording.objects.filter(channel="mail", archived_at=None).order_by("pk")
    return {one.purpose: one for one in sorted(rows, key=lambda one: one.language == language)}


def choices(mail: Any, language: str) -> list[tuple[Any, bool, Any]]:
    """Each purpose that the recipient has agreed to or can agree to: whether they get it, and its wording."""
    given = {one.purpose for one in held(mail) if one.state == "given"}
    texts = offered(language) if mail.person is not None else {}
    purposes = Purpose.objects.filter(archived_at=None).order_by("sort_key")
    return [(one, one.pk in given, texts.get(one.pk)) for one in purposes if one.pk in given or one.pk in texts]


def is_blocked(mail: Any) -> bool:
    """Whether the address has objected to all advertising."""
    return bool(Suppression.objects.filter(hash__in=hashed([mail.to]), channel__in=("all", "mail")).exists())
