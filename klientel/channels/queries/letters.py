"""From the outbox to letters that may be handed over: claimed within the pace, through the gate, built as bytes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klientel.channels.models.placeholders import LINK
from klientel.channels.models.saying import said
from klientel.channels.queries import attachments, composing, leaving, outbox, pace, visitlinks
from klientel.channels.queries.gate import Recipient, Wish, judge
from klientel.channels.queries.mime import copies, message
from klientel.channels.queries.outbox import Claimed, Fate
from klientel.kernel.errors import filled
from klientel.kernel.tenancy import current

FULL = dt.timedelta(seconds=15)  # until domains that got as much as they may are looked at again


@dataclass(frozen=True)
class Written:
    """What is read of a mail to send it."""

    pk: UUID
    subject: str
    text: str
    to: str
    recipients: str
    nature: str
    purpose: UUID | None
    similar: bool
    files: list[UUID]
    formatted: bool
    person: UUID | None
    references: str


_READ = """
SELECT m.id, m.subject, m.text, m."to", m.recipients, m.nature, m.purpose, m.similar, m.files, m.formatted, m.person,
       coalesce(b."references", '')
FROM channels_mail m LEFT JOIN channels_body b ON b.tenant_id = m.tenant_id AND b.mail_id = m.id
WHERE m.tenant_id = %s AND m.id = ANY(%s::uuid[]) AND m.archived_at IS NULL
"""


def _written(ids: Iterable[UUID]) -> dict[UUID, Written]:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [current(), "{" + ",".join(map(str, ids)) + "}"])
        return {row[0]: Written(*row) for row in cursor.fetchall()}


@dataclass(frozen=True)
class Ready:
    """A mail that passed the gate; ``left_out`` says of whom its copies do not go to, and why."""

    claimed: Claimed
    mail: Written
    copies: list[str]
    left_out: list[object] = field(default_factory=list)
    words: str = ""  # the text as it goes out, where that is not quite the mail's


def wish_of(mail: Any) -> Wish:
    """What the gate is asked for a mail."""
    return Wish("mail", mail.nature, mail.purpose, similar=mail.similar)


def claim(account: Any, login: str, token: UUID, most: int) -> tuple[list[Claimed], dt.datetime | None]:
    """What may go now under this token, at most so many; where nothing may, when there may be something."""
    grant = pace.take(account, login, most)
    if not grant.n:
        return [], grant.again
    full, room = pace.full_domains(account, login)
    batch = outbox.claim(account, token, limit=grant.n, room=room, full=full)
    if len(batch) < grant.n:
        pace.give_back(login, grant.n - len(batch))
    pace.count(login, [one.domain for one in batch])
    return batch, timezone.now() + FULL if full and not batch else None


def through_the_gate(batch: Sequence[Claimed]) -> tuple[list[Ready], list[Fate]]:
    """The gate once more, because a consent may have ended since the mail was written: who passes, and who does not."""
    mails = _written(one.mail for one in batch)
    words = visitlinks.marked(list(mails.values()))
    ready, withheld = list[Ready](), list[Fate]()
    verdicts = _verdicts(list(mails.values()))
    for one in batch:
        mail = mails.get(one.mail)
        if mail is None:
            withheld.append(_withheld(one, _("The mail was deleted.")))
            continue
        first, *others = verdicts[mail.pk]
        if not first.may:
            withheld.append(_withheld(one, first.why))
            continue
        known = list(zip(copies(mail), others, strict=True))
        left_out = [_named(address, verdict.why) for address, verdict in known if not verdict.may]
        going = [address for address, verdict in known if verdict.may]
        ready.append(Ready(one, mail, going, left_out, words.get(mail.pk, "")))
    return ready, withheld


def _withheld(one: Claimed, why: object) -> Fate:
    return Fate(one, "withheld", reply=said(why))


def _named(address: str, why: object) -> Any:
    return filled("%(address)s: %(why)s", {"address": address, "why": why})


def _verdicts(mails: Sequence[Any]) -> dict[Any, list[Any]]:
    """For each mail a verdict about its recipient and each of its copies; one question for all of a kind."""
    kinds = defaultdict[Wish, list[tuple[Any, Recipient]]](list)
    for mail in mails:
        asked = [Recipient(mail.to, mail.person), *(Recipient(one) for one in copies(mail))]
        kinds[wish_of(mail)] += [(mail.pk, one) for one in asked]
    found = defaultdict[Any, list[Any]](list)
    for wish, some in kinds.items():
        for (mail, _who), verdict in zip(some, judge(wish, [who for _mail, who in some]), strict=True):
            found[mail].append(verdict)
    return found


def built(one: Ready, account: Any) -> bytes | Fate:
    """The bytes of a mail; its fate where it cannot go as it was written."""
    mail, link = one.mail, outbox.link_of(one.claimed.id, one.claimed.sealed)
    files = attachments.read(mail.files) if mail.files else []
    if files is None:
        return _withheld(one.claimed, _("An attachment is not there any more."))
    if LINK in mail.text and not link:
        return _withheld(one.claimed, _("Its link is not valid any more."))
    leave = leaving.address_of(mail.pk) if mail.nature == "advertising" else ""
    footer = composing.objection_notice("", leave) if leave else ""
    more: dict[str, Any] = {
        "link": link,
        "files": files,
        "references": mail.references.split(),
        "leave": leave,
        "words": one.words,
    }
    return message(mail, account, one.claimed.id, footer, **more)
