"""Taking in a mail that was fetched."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.channels.models.mail import DIRECTIONS, SORTS
from klientel.kernel.actions import Step, action
from klientel.kernel.actions.drafting import fresh
from klientel.kernel.kinds import Choice, DateTime, Email, Json, Link, Links, LongText, Privacy, Text
from klientel.kernel.records import type_of
from klientel.lib.ids import uuid7


@action(
    "channels.mail", _("Receive"), said=_("took in an e-mail"), needs="create", new=True, icon="mail", undoable=False,
    only=("system",),
)  # fmt: skip
def receive(
    step: Step,
    *,
    account: Annotated[UUID, Link("channels.account", _("e-mail account"))],
    direction: Annotated[str, Choice(_("direction"), of=DIRECTIONS)],
    sort: Annotated[str, Choice(_("kind of mail"), of=SORTS)],
    sent_at: Annotated[dt.datetime, DateTime(_("date of the mail"))],
    subject: Annotated[str, Text(_("subject"), max_length=250, privacy=Privacy.PERSONAL)] = "",
    text: Annotated[str, LongText(_("text"), max_length=100_000, privacy=Privacy.PERSONAL)] = "",
    sender: Annotated[str, Email(_("from"), privacy=Privacy.PERSONAL)] = "",
    sender_name: Annotated[str, Text(_("name of the sender"), max_length=200, privacy=Privacy.PERSONAL)] = "",
    to: Annotated[str, Email(_("to"), privacy=Privacy.PERSONAL)] = "",
    recipients: Annotated[str, LongText(_("recipients"), privacy=Privacy.PERSONAL)] = "",
    message_ref: Annotated[str, Text(_("Message-ID"), max_length=400, privacy=Privacy.PERSONAL)] = "",
    failed: Annotated[str, Email(_("address that was not reached"), privacy=Privacy.PERSONAL)] = "",
    person: Annotated[UUID | None, Link("contacts.person", _("person"))] = None,
    concerns: Annotated[list[UUID] | None, Links("*", _("concerns"))] = None,
    attachments: Annotated[list[dict[str, Any]], Json(_("attachments"), empty=[], privacy=Privacy.PERSONAL)] = [],  # noqa: B006  never changed
    owner: Annotated[UUID | None, Link("kernel.member", _("owner"))] = None,
    place: Annotated[dict[str, str] | None, Json(_("place in a conversation"), privacy=Privacy.PERSONAL)] = None,
) -> Any:
    """Write down a mail as it came; it stands on the timeline of everybody and everything it concerns.

    ``place`` are the ids that were chosen before for the ``mail`` and for its ``thread``.
    """
    values = {
        "account": account, "direction": direction, "sort": sort, "sent_at": sent_at, "subject": subject, "text": text,
        "sender": sender, "sender_name": sender_name, "to": to, "recipients": recipients, "message_ref": message_ref,
        "failed": failed, "person": person, "concerns": concerns or [], "owner": owner,
        "state": "received" if direction == "in" else "elsewhere",
    }  # fmt: skip
    mails = type_of("channels.mail")
    made = fresh(mails, mails.fields, values)
    chosen = {name: UUID(given) for name, given in (place or {}).items()}
    made.id = chosen.get("mail", uuid7())
    made.thread = chosen.get("thread", made.id)
    mail = step.adopt(mails, made, values)
    if attachments:
        step.stamp(mail, files=[_file(step, mail, one).id for one in attachments])
    return mail


def _file(step: Step, mail: Any, kept: dict[str, Any]) -> Any:
    """The record of an attachment whose bytes lie in the store."""
    files = type_of("kernel.file")
    facts = {name: kept[name] for name in ("name", "media_type", "size", "digest", "place")}
    values = facts | {"purpose": "document", "concerns": [mail.id], "owner": mail.owner}
    return step.adopt(files, fresh(files, files.fields, values), values)
