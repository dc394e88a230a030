"""What mails that were read become: records on timelines, repetitions, the fate of mails of ours.

Mails come in pieces. What is known of all of them is asked for at once; then each finds its place in turn, and those
before it in the piece count as known; then all are written at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from uuid import UUID

from django.utils import timezone

from klientel.channels.actions.mail import block_dead
from klientel.channels.models import Mail
from klientel.channels.queries import landing, suppression, threads
from klientel.channels.queries.mailboxes import Outcome, key_of
from klientel.channels.queries.surroundings import Letter, Surroundings
from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.files import keeping
from klientel.kernel.tenancy import current
from klientel.lib.emails import email_key
from klientel.lib.ids import uuid7

FUTURE = dt.timedelta(minutes=10)  # by which clocks differ; beyond, the arrival counts
SOFT, SOFT_DAYS = 3, 30  # so many temporary refusals in so many days block an address as a lasting one does


@dataclass(frozen=True)
class _Plan:
    """A mail that is to be written down, and its place."""

    mail: UUID
    letter: Letter
    thread: UUID
    outgoing: bool
    references: list[str]  # nearest first
    person: UUID | None
    concerns: list[UUID]
    original: Any = None  # the mail of ours that it tells of

    @property
    def state(self) -> str:
        return {"bounce": "bounce", "complaint": "bounce", "auto": "auto"}.get(self.letter.told["sort"], "mail")


def arrive(letters: Sequence[Letter], account: Any, own: set[str]) -> dict[UUID, Outcome]:
    """Lay mails of an account where they belong, in the caller's transaction: what became of each message, by its id.

    ``own`` are the addresses of our accounts. What hangs on a mail that could not be written has no outcome yet.
    """
    around = Surroundings(letters, account, own)
    outcomes: dict[UUID, Outcome] = {}
    plans: list[_Plan] = []
    for letter in letters:
        found = _place(letter, account, around)
        if isinstance(found, _Plan):
            plans.append(found)
            around.add(letter, found.mail, found.thread, found.concerns, found.references)
        else:
            outcomes[letter.row.pk] = found
    refused = _write(plans, account)
    threads.join(around.joined)
    for plan in plans:
        code = refused.get(plan.mail)
        outcomes[plan.letter.row.pk] = ("quarantined", None, code[:60]) if code else (plan.state, plan.mail, "")
        if plan.original is not None and not code:
            _tell_fate(plan.letter.told, plan.original)
    return {row: one for row, one in outcomes.items() if one[1] not in refused}


def _place(letter: Letter, account: Any, around: Surroundings) -> _Plan | Outcome:
    """Where a mail belongs; or why it is not written down."""
    told = letter.told
    known = around.here_already(letter)
    if known is not None:
        return known
    original = around.original(told)
    references = threads.genuine(told["answers"])
    if original is not None:
        references = [original.message_ref, *references]
    others = around.others(letter)
    answer = told["answer"] or told["sort"] != "human"
    thread = around.thread(told["message_id"], references, told["subject"], answer=answer)
    everybody = around.known.everybody(a for _n, a in others)
    if not letter.outgoing and told["sort"] == "human" and others and not everybody:
        if account.strangers == "skip" and thread is None:
            return "skipped", None, "stranger"
        if account.strangers == "person" and (made := landing.person_of(others[0])) is not None:
            around.known.persons[email_key(others[0][1])] = everybody = [made.pk]
    person = original.person if original is not None else around.person(others)
    more = around.earlier(thread) if thread else around.going_on(person, everybody) if told["sort"] == "human" else []
    concerns = [*(original.concerns if original is not None else ()), *everybody, *more]
    mail = uuid7()
    return _Plan(
        mail, letter, thread or mail, letter.outgoing, references, person,
        list(dict.fromkeys(concerns))[: landing.MOST], original,
    )  # fmt: skip


def _write(plans: Sequence[_Plan], account: Any) -> dict[UUID, str]:
    """Mails as records, their attachments, what they quote, their conversations; codes of what was refused."""
    attached = [one for plan in plans for one in plan.letter.told["attachments"]]
    places = iter(keeping.keep_all(current(), [one["content"] for one in attached]))
    items = []
    for plan in plans:
        files = [_file(told, next(places)) for told in plan.letter.told["attachments"]]
        items.append(Item(params=_facts(plan, account) | {"attachments": files}))
    refused: dict[UUID, str] = {}
    bodies, noted = [], dict[str, UUID]()
    for plan, done in zip(plans, run_many(system_actor(), "channels.mail.receive", items), strict=True):
        if done.refused is not None:
            refused[plan.mail] = done.refused.code
            continue
        bodies.append(_body(plan, done.record))
        for one in (plan.letter.told["message_id"], *plan.references):
            if one:
                noted.setdefault(key_of(one), plan.thread)
    threads.note(noted)
    threads.keep_bodies(bodies)
    return refused


def _facts(plan: _Plan, account: Any) -> dict[str, Any]:
    """What is written down of a mail."""
    told, letter = plan.letter.told, plan.letter
    recipients = [*told["to"], *told["cc"]]
    return {
        "account": account.pk,
        "direction": "out" if plan.outgoing else "in",
        "sort": "own" if letter.from_us and not plan.outgoing else told["sort"],
        "sent_at": _instant(told["date"], letter.row.received_at),
        "subject": told["subject"],
        "text": told["text"],
        "sender": told["sender"][1],
        "sender_name": told["sender"][0],
        "to": next((a for _n, a in recipients if a), "") if plan.outgoing else account.address,
        "recipients": "\n".join(f"{n} <{a}>" if n else a for n, a in recipients)[:20_000],
        "message_ref": told["message_id"],
        "failed": next((f["address"] for f in told["failures"]), ""),
        "person": plan.person,
        "concerns": plan.concerns,
        "owner": account.member,
        "place": {"mail": str(plan.mail), "thread": str(plan.thread)},
    }


def _instant(date: str, received: dt.datetime) -> dt.datetime:
    said = dt.datetime.fromisoformat(date) if date else received
    return received if said > received + FUTURE else said


def _file(told: dict[str, Any], place: str) -> dict[str, Any]:
    """An attachment whose bytes lie in the store; its record is made with the mail."""
    return {name: told[name] for name in ("name", "cid", "size", "digest", "media_type")} | {"place": place}


def _body(plan: _Plan, mail: Any) -> tuple[UUID, str, str, str]:
    html, told = plan.letter.told["html"], plan.letter.told
    for kept, file in zip(told["attachments"], mail.files, strict=True):  # pictures in the text, by their record
        if kept["cid"]:
            html = html.replace(f"cid:{escape(kept['cid'])}", f"cid:{file}")
    older = threads.shortened([*reversed(plan.references)])
    return mail.pk, told["quoted"], html, " ".join(older)


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
