"""From the outbox to letters that may be handed over: claimed within the pace, through the gate, built as bytes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from klientel.channels.models import Mail
from klientel.channels.models.placeholders import LINK
from klientel.channels.queries import attachments, composing, leaving, outbox, pace, threads, visitlinks
from klientel.channels.queries.gate import Recipient, Wish, judge
from klientel.channels.queries.mime import copies, message
from klientel.channels.queries.outbox import Claimed, Fate

FULL = dt.timedelta(seconds=15)  # until domains that got as much as they may are looked at again


READ = ("subject", "text", "to", "recipients", "nature", "purpose", "similar", "files", "formatted", "person")


@dataclass(frozen=True)
class Ready:
    """A mail that passed the gate; ``left_out`` says of whom its copies do not go to, and why."""

    claimed: Claimed
    mail: Any
    copies: list[str]
    references: list[str]
    left_out: list[str] = field(default_factory=list)
    words: str = ""  # the text as it goes out, where that is not quite the mail's


def wish_of(mail: Any) -> Wish:
    """What the gate is asked for a mail."""
    return Wish("mail", mail.nature, mail.purpose, similar=mail.similar)


def claim(account: Any, login: str, most: int) -> tuple[list[Claimed], dt.datetime | None]:
    """What may go now, at most so many; where nothing may, when there may be something."""
    grant = pace.take(account, login, most)
    if not grant.n:
        return [], grant.again
    full, room = pace.full_domains(account, login)
    batch = outbox.claim(account, limit=grant.n, room=room, full=full)
    pace.give_back(login, grant.n - len(batch))
    pace.count(login, [one.domain for one in batch])
    return batch, timezone.now() + FULL if full and not batch else None


def through_the_gate(batch: Sequence[Claimed]) -> tuple[list[Ready], list[Fate]]:
    """The gate once more, because a consent may have ended since the mail was written: who passes, and who does not."""
    found = Mail.objects.filter(pk__in=[one.mail for one in batch], archived_at=None).only(*READ)
    mails = {mail.pk: mail for mail in found}
    answers, words = threads.references_of(list(mails)), visitlinks.marked(list(mails.values()))
    ready, withheld = list[Ready](), list[Fate]()
    verdicts = _verdicts(list(mails.values()))
    for one in batch:
        mail = mails.get(one.mail)
        if mail is None:
            withheld.append(Fate(one, "withheld", reply=_("The mail was deleted.")))
            continue
        first, *others = verdicts[mail.pk]
        if not first.may:
            withheld.append(Fate(one, "withheld", reply=first.why))
            continue
        known = list(zip(copies(mail), others, strict=True))
        left_out = [f"{address}: {verdict.why}" for address, verdict in known if not verdict.may]
        going = [address for address, verdict in known if verdict.may]
        ready.append(Ready(one, mail, going, answers.get(mail.pk, []), left_out, words.get(mail.pk, "")))
    return ready, withheld


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
        return Fate(one.claimed, "withheld", reply=_("An attachment is not there any more."))
    if LINK in mail.text and not link:
        return Fate(one.claimed, "withheld", reply=_("Its link is not valid any more."))
    leave = leaving.address_of(mail.pk) if mail.nature == "advertising" else ""
    footer = composing.objection_notice("", leave) if leave else ""
    more: dict[str, Any] = {
        "link": link,
        "files": files,
        "references": one.references,
        "leave": leave,
        "words": one.words,
    }
    return message(mail, account, one.claimed.id, footer, **more)
