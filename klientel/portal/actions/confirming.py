"""After an acceptance both sides get its document by mail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as say

from klientel.channels.actions.mail import lay_out
from klientel.channels.queries import accounts
from klientel.channels.queries.gate import Recipient, Wish, judge
from klientel.kernel.actions import Step
from klientel.kernel.records import type_of
from klientel.portal.queries.shares import spoken_by
from klientel.sales.models import Quote


def confirm(step: Step, quote: Quote, share: Any) -> bool:
    """Lay both mails into the outbox; whether the customer's is. An acceptance never fails for want of it."""
    text = say(
        "Thank you for accepting our quote %(number)s “%(title)s”.\n\n"
        "Attached you find the quote and the document of its acceptance."
    )
    told = _post(step, quote, share, (share.address, share.person_id), say("Your acceptance of quote %(number)s"), text)
    owner = type_of("kernel.member").model.objects.filter(pk=quote.owner).first() if quote.owner else None
    if owner is not None and owner.email:
        with spoken_by(owner):
            text = say("%(who)s has accepted quote %(number)s “%(title)s”. The document is attached.")
            subject = say("Quote %(number)s was accepted")
        _post(step, quote, share, (owner.email, None), subject, text)
    return told


def _post(step: Step, quote: Quote, share: Any, to: tuple[str, UUID | None], subject: str, text: str) -> bool:
    address, person = to
    account = next((a for a in accounts.usable(quote.owner) if a.pk == share.account_id), None)
    if account is None or not address or not judge(Wish("mail"), [Recipient(address, person)])[0].may:
        return False
    words = {"number": quote.number, "title": quote.name, "who": quote.signed_by}
    mail = step.create(
        "channels.mail", subject=(subject % words)[:250], text=text % words, to=address, person=person,
        nature="personal", concerns=[quote.id], files=[f for f in (quote.evidence, quote.document) if f],
        formatted=True, owner=quote.owner,
    )  # fmt: skip
    step.stamp(mail, account=account.pk)
    lay_out(step, mail, member=quote.owner, own=mail.files)
    return True
