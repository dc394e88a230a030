"""What a mail that was read becomes: a record on timelines, a repetition, the fate of a mail of ours."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from html import escape
from typing import Any
from uuid import UUID

from django.utils import timezone

from klientel.channels.actions.mail import block_dead
from klientel.channels.models import Body, Fetched, Mail
from klientel.channels.queries import landing, suppression, threads
from klientel.channels.queries.mime import is_ours
from klientel.kernel import writing
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.files import keeping
from klientel.kernel.tenancy import current
from klientel.lib.emails import email_key

FUTURE = dt.timedelta(minutes=10)  # by which clocks differ; beyond, the arrival counts
SOFT, SOFT_DAYS = 3, 30  # so many temporary refusals in so many days block an address as a lasting one does
Outcome = tuple[str, UUID | None, str]  # state of the message, its mail, why


@dataclass(frozen=True)
class _Standing:
    """What was found out about a mail before it is written down."""

    row: Any
    told: dict[str, Any]
    account: Any
    outgoing: bool
    references: list[str]  # nearest first
    thread: UUID | None
    others: list[tuple[str, str]]  # names and addresses that are not ours: who wrote, or was written to, first
    concerned: landing.Concerned
    own: set[str]
    original: Any = None  # the mail of ours that it tells of

    def person(self) -> UUID | None:
        """The person it is from, or to; of several with one address nobody knows which."""
        if self.original is not None:
            return self.original.person  # type: ignore[no-any-return]
        for _name, address in self.others:
            found = self.concerned.persons.get(email_key(address), [])
            if len(found) == 1:
                return found[0]
        return None


def arrive(row: Any, told: dict[str, Any], account: Any, folder: Any, own: set[str]) -> Outcome:
    """Lay a mail where it belongs, in the caller's transaction. ``own`` are the addresses of our accounts."""
    known = _here_already(row, told, account, folder)
    if known is not None:
        return known
    outgoing = folder.direction == "out" or email_key(told["sender"][1]) == email_key(account.address)
    original = _original(told)
    references = threads.genuine(told["answers"])
    if original is not None:
        references = [original.message_ref, *references]
    others = _others(told, own, outgoing=outgoing)
    concerned = landing.known(address for _name, address in others)
    answer = told["answer"] or told["sort"] != "human"
    thread = threads.found_by([*references, told["message_id"]], told["subject"], answer=answer)
    if not outgoing and told["sort"] == "human" and others and not concerned.everybody():
        if account.strangers == "skip" and thread is None:
            return "skipped", None, "stranger"
        if account.strangers == "person" and (made := landing.person_of(others[0])) is not None:
            concerned.persons[email_key(others[0][1])] = [made.pk]
    standing = _Standing(row, told, account, outgoing, references, thread, others, concerned, own, original)
    mail = _written(standing)
    if original is not None:
        _tell_fate(told, original)
    state = {"bounce": "bounce", "complaint": "bounce", "auto": "auto"}.get(told["sort"], "mail")
    return state, mail, ""


def _here_already(row: Any, told: dict[str, Any], account: Any, folder: Any) -> Outcome | None:
    """A copy in another folder, or what we sent ourselves and find in the mailbox."""
    copies = Fetched.objects.filter(account_id=row.account_id, digest=row.digest, mail_id__isnull=False)
    if (copy := copies.exclude(pk=row.pk).first()) is not None:
        return "double", copy.mail_id, ""
    if not is_ours(told["message_id"]) and (folder.direction != "out" or not told["message_id"]):
        return None
    sent = Mail.objects.filter(message_ref=told["message_id"], account=account.pk, direction="out").first()
    return None if sent is None else ("own", sent.pk, "")


def _original(told: dict[str, Any]) -> Any:
    """The mail of ours that a bounce, a complaint or an automatic reply tells of, where our signature shows it."""
    if told["sort"] not in ("bounce", "complaint", "auto"):
        return None
    ours = [one for one in (*told["originals"], *told["answers"]) if is_ours(one)]
    return Mail.objects.filter(message_ref__in=ours, direction="out").first() if ours else None


def _others(told: dict[str, Any], own: set[str], *, outgoing: bool) -> list[tuple[str, str]]:
    written = [*told["to"], *told["cc"]] if outgoing else [told["sender"], *told["to"], *told["cc"]]
    if told["sort"] in ("bounce", "complaint"):
        written = [("", one["address"]) for one in told["failures"]]
    return [(name, address) for name, address in written if address and email_key(address) not in own]


def _written(one: _Standing) -> UUID:
    """The mail as a record, its attachments and what it quotes."""
    told, account = one.told, one.account
    everybody = [*one.concerned.everybody(), *landing.earlier(one.thread)]
    if one.original is not None:
        everybody = [*one.original.concerns, *everybody]
    recipients = [*told["to"], *told["cc"]]
    done = run(
        system_actor(), "channels.mail.receive",
        account=account.pk,
        direction="out" if one.outgoing else "in",
        sort="own" if not one.outgoing and email_key(told["sender"][1]) in one.own else told["sort"],
        sent_at=_instant(told["date"], one.row.received_at),
        subject=told["subject"],
        text=told["text"],
        sender=told["sender"][1],
        sender_name=told["sender"][0],
        to=next((a for _n, a in recipients if a), "") if one.outgoing else account.address,
        recipients="\n".join(f"{n} <{a}>" if n else a for n, a in recipients)[:20_000],
        message_ref=told["message_id"],
        failed=next((f["address"] for f in told["failures"]), ""),
        person=one.person(),
        concerns=list(dict.fromkeys(everybody))[: landing.MOST],
        attachments=_stored(told["attachments"]),
        owner=account.member,
    )  # fmt: skip
    mail = done.record
    mail.thread = one.thread
    threads.begin(mail, [told["message_id"], *one.references])
    for kept, file in zip(told["attachments"], mail.files, strict=True):  # pictures in the text, by their record
        if kept["cid"]:
            told["html"] = told["html"].replace(f"cid:{escape(kept['cid'])}", f"cid:{file}")
    _keep_body(mail.pk, told, one.references)
    return mail.pk  # type: ignore[no-any-return]


def _instant(date: str, received: dt.datetime) -> dt.datetime:
    said = dt.datetime.fromisoformat(date) if date else received
    return received if said > received + FUTURE else said


def _stored(attachments: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The bytes of attachments into the store; their records are made with the mail."""
    found = []
    for one in attachments:
        name = keeping.clean_name(one["name"])
        kept = keeping.keep(current(), [base64.b64decode(one["content"])], name)
        found.append({"name": name, "cid": one["cid"], **vars(kept)})
    return found


def _keep_body(mail: UUID, told: dict[str, Any], references: list[str]) -> None:
    older = threads.shortened([*reversed(references)])
    with writing.door():
        Body(mail_id=mail, quoted=told["quoted"], html=told["html"], references=" ".join(older)).save(force_insert=True)


def _tell_fate(told: dict[str, Any], original: Any) -> None:
    """What a bounce or complaint means for the mail that it tells of, and for its address (rule M18)."""
    if told["sort"] == "complaint":
        suppression.suppress([original.to], reason="complaint", channel="mail")
        return
    own = [f for f in told["failures"] if email_key(f["address"]) in ("", email_key(original.to))]
    for one in own[:1]:
        status = str(one["status"])
        if status.startswith("5") and original.state in ("accepted", "unclear"):
            reply = f"{status} {one['said']}"[:400]
            run(system_actor(), "channels.mail.settle", original.pk, outcome="rejected", reply=reply)
        if status.startswith("5.1.") or (not status[2:].startswith("4.") and _often(original.to)):
            block_dead(original.to)


def _often(address: str) -> bool:
    """Whether an address refused mail again and again of late."""
    since = timezone.now() - dt.timedelta(days=SOFT_DAYS)
    return bool(Mail.objects.filter(failed=address, sort="bounce", created_at__gte=since).count() >= SOFT)
