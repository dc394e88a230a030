"""A conversation as one reader sees it, and how an answer to one of its mails begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from klientel.channels.models import Body, Mail
from klientel.channels.models.placeholders import LINK
from klientel.channels.queries import landing, signatures, threads
from klientel.kernel.access import ActorScope
from klientel.kernel.access import reading as read
from klientel.kernel.records import type_of
from klientel.lib import html as markup
from klientel.lib.emails import email_key
from klientel.lib.mails.sorting import bare_subject

MOST = 200  # mails of one conversation that are shown, the newest
WAYS = ("reply", "all", "forward")


def mails(scope: ActorScope, thread: UUID) -> list[Any]:
    """The mails of a conversation that the reader may see, the oldest first."""
    found = list(Mail.objects.filter(thread=thread, archived_at=None).order_by("-sent_at", "-pk")[:MOST])
    seen = read.visible_ids(scope, type_of("channels.mail"), [m.pk for m in found])
    return [m for m in reversed(found) if m.pk in seen]


def bodies(ids: list[UUID]) -> dict[UUID, Any]:
    """What mails quote, and whether they have a formatted part."""
    return {b.mail_id: b for b in Body.objects.filter(mail_id__in=ids)}


def formatted(mail: UUID, picture: Callable[[str], str | None]) -> str:
    """The formatted part of a mail, cleaned once more; ``picture`` says what stands for each address of a picture."""
    body = Body.objects.filter(mail_id=mail).first()
    return markup.sanitise(body.html, images=True, inside=True, picture=picture) if body else ""


def answer_to(mail: Any, way: str, signature: str = "") -> dict[str, str]:
    """Subject, recipients and quoted text of an answer or a forwarded mail, under the signature."""
    own = landing.own_addresses()
    bare = bare_subject(mail.subject)[0]
    prefix = _("Fwd:") if way == "forward" else _("Re:")
    written = [line.rpartition("<")[2].rstrip("> ") for line in mail.recipients.splitlines()]
    partner = mail.to if mail.direction == "out" else mail.sender
    others = [a for a in written if a and email_key(a) not in own | {email_key(partner)}]
    return {
        "subject": f"{prefix} {bare}"[:250],
        "to": "" if way == "forward" else partner,
        "others": "\n".join(dict.fromkeys(others)) if way == "all" else "",
        "text": signatures.signed("\n", signature, _quoted(mail)) if signature else "\n\n" + _quoted(mail),
    }


def _quoted(mail: Any) -> str:
    when = mail._meta.get_field("sent_at").show(mail.sent_at)
    who = mail.sender_name or mail.sender
    said = _("%(who)s wrote on %(when)s:") % {"who": who, "when": when}
    text = mail.text.replace(LINK, _("[personal link]"))  # its recipient alone knows it
    return "\n".join([said, *(f"> {line}".rstrip() for line in text.splitlines())])


def references_after(mail: Any) -> list[str]:
    """The Message-IDs that an answer to this mail names, the oldest first."""
    return threads.shortened(
        [*threads.references_of([mail.pk]).get(mail.pk, []), *([mail.message_ref] if mail.message_ref else [])]
    )
