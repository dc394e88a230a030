"""Hands over what is in the outbox: one job for each account; several may run at once, on several machines."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from klientel.channels.actions.mail import block_dead, wish_of
from klientel.channels.egress import Blocked, Failure, Line, open_line
from klientel.channels.jobs import filing
from klientel.channels.models import Account, Mail
from klientel.channels.models.placeholders import LINK
from klientel.channels.queries import accounts, attachments, composing, leaving, outbox, pace, threads
from klientel.channels.queries.gate import Recipient, judge
from klientel.channels.queries.mime import copies, message
from klientel.channels.queries.outbox import Claimed
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.events import on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.identity.sealing import Unreadable
from klientel.kernel.jobs import breathe, defer, job, sweep
from klientel.kernel.jobs.declaring import stopping
from klientel.kernel.tenancy import current, writing

PIECE = 100  # claimed at once, at most
LONGEST_WAIT = 2.0  # seconds that a job waits for its next slice; beyond, a wake row does
TURN = 20.0  # seconds after which a job makes room for others

Pause = Callable[[float], Any]


@on_wake(outbox.QUEUE)
def look() -> None:
    """Give each account with something due a job; wake up again when the next thing is due."""
    for account in outbox.waiting_accounts():
        defer(deliver, tenant=current(), account=account, once=str(account))
    recovered()
    due = outbox.next_due()
    if due is not None:
        wake(current(), outbox.QUEUE, max(due, timezone.now() + dt.timedelta(seconds=30)))


@sweep("outbox")
def tidy() -> None:
    """Look after what a worker that is gone left behind, and forget what was settled long ago."""
    recovered()
    outbox.purge()


def recovered() -> None:
    """What was being handed over when its worker vanished is unclear now, and says so."""
    for mail in outbox.recover():
        _note(mail, "unclear", _unclear())


@job(outward=True, tries=8)
def deliver(*, account: UUID) -> None:
    """Hand over what is due of one account, as fast as it may."""
    with writing():
        recovered()
        found = Account.objects.filter(pk=account, archived_at=None).first()
    if found is None or found.state != "active":
        return
    sender = _Sender(found)
    try:
        sender.work(stopping.wait)
    finally:
        sender.close()


class _Sender:
    """One worker's way through the outbox of one account, over one connection as long as it holds."""

    def __init__(self, account: Any) -> None:
        self.account, self.login = account, outbox.login_of(account)
        self.line: Line | None = None
        self.stopped = False

    def close(self) -> None:
        """Say goodbye to the server."""
        if self.line is not None:
            self.line.close()
            self.line = None

    def work(self, pause: Pause) -> None:
        """Until nothing is due, the account is stopped, its pace asks for a longer rest, or others wait for us."""
        until = time.monotonic() + TURN
        while not self.stopped:
            breathe()
            if time.monotonic() > until:
                self._wake(timezone.now())
                return
            batch, again = self._claim()
            for n, one in enumerate(batch):
                if self.stopped or stopping.is_set():
                    with writing():
                        outbox.give_back([o.id for o in batch[n:]], one.token, "waiting")
                    break
                self._one(one)
            if batch:
                continue
            wait = (again - timezone.now()).total_seconds() if again else None
            if wait is None or wait > LONGEST_WAIT:
                self._wake(again)
                return
            pause(max(wait, 0.01))

    def _wake(self, at: dt.datetime | None) -> None:
        if at is not None:
            with writing():
                wake(current(), outbox.QUEUE, at)

    def _claim(self) -> tuple[list[Claimed], dt.datetime | None]:
        """Some mails that may go now and passed the gate; or none, and when there may be some."""
        with writing():
            self.account = Account.objects.get(pk=self.account.pk)
            if self.account.state != "active" or self.account.archived_at is not None:
                return [], None
            grant = pace.take(self.account, self.login, PIECE)
            if not grant.n:
                return [], grant.again
            full, room = pace.full_domains(self.account, self.login)
            batch = outbox.claim(self.account, limit=grant.n, room=room, full=full)
            pace.give_back(self.login, grant.n - len(batch))
            pace.count(self.login, [one.domain for one in batch])
            if not batch and full:
                return [], timezone.now() + dt.timedelta(seconds=15)
            return self._through_the_gate(batch), None if not batch else timezone.now()

    def _through_the_gate(self, batch: list[Claimed]) -> list[Claimed]:
        """The gate once more: a consent may have ended since the mail was written."""
        mails = {m.pk: m for m in Mail.objects.filter(pk__in=[one.mail for one in batch], archived_at=None)}
        passed = []
        for one in batch:
            mail = mails.get(one.mail)
            if mail is None:
                outbox.settle(one, "withheld", reply=_("The mail was deleted."))
                continue
            [verdict] = judge(wish_of(mail), [Recipient(mail.to, mail.person)])
            if verdict.may:
                passed.append(one)
            elif outbox.settle(one, "withheld", reply=verdict.why):
                _note(one.mail, "withheld", verdict.why)
        return passed

    def _one(self, one: Claimed) -> None:
        """Hand over one mail. What the other side says before DATA leaves it untouched."""
        with writing():
            mail = Mail.objects.filter(pk=one.mail).first()
        if mail is None or not self._connected(one):
            return
        assert self.line is not None
        body = self._written(one, mail)
        if body is None:
            return
        try:
            self.line.envelope(self.account.address, mail.to)
            refused = [said for one_more in copies(mail) if (said := self.line.also(one_more))]
            with writing():
                ours = outbox.begin(one)
            if not ours:
                self.line.reset()
                return
            reply = self.line.hand_over(body)
        except Failure as failure:
            self._failed(one, mail, failure)
            return
        self._settle(one, "accepted", 250, "; ".join([reply, *refused])[:400])
        if self.account.keep_sent and self.account.fetching and LINK not in mail.text:  # a secret link is kept nowhere
            filing.file_away(self.account.pk, body)

    def _written(self, one: Claimed, mail: Any) -> bytes | None:
        """The bytes of a mail; nothing where it cannot go as it was written."""
        with writing():
            files, link = attachments.read(mail.files), outbox.link_of(one.id)
            references = threads.references_of(mail.pk)
        if files is None or (LINK in mail.text and not link):
            why = _("An attachment is not there any more.") if files is None else _("Its link is not valid any more.")
            self._settle(one, "withheld", 0, why)
            return None
        leave = leaving.address_of(mail.pk) if mail.nature == "advertising" else ""
        footer = composing.objection_notice("", leave) if leave else ""
        return message(mail, self.account, one.id, footer, link=link, files=files, references=references, leave=leave)

    def _connected(self, one: Claimed) -> bool:
        """Whether there is a connection; if the account itself does not work, nothing is used up for it."""
        if self.line is not None:
            return True
        try:
            self.line = open_line(accounts.place_of(self.account, *accounts.signing_in(self.account)))
            return True
        except (Blocked, Unreadable) as no:
            self._stop(one, trouble=str(getattr(no, "message", no)))
        except Failure as failure:
            lasting = failure.stage in ("login", "tls") and not 400 <= failure.code < 500
            self._stop(one, trouble=f"{failure.code or ''} {failure.reply}".strip() if lasting else "")
        return False

    def _stop(self, one: Claimed, trouble: str) -> None:
        """Lay the mail back and stop: for good until somebody looks after the account, or for some minutes."""
        self.stopped = True
        with writing():
            outbox.give_back([one.id], one.token, "waiting")
            if trouble:
                run(system_actor(), "channels.account.fail", self.account.pk, trouble=trouble[:400])
            else:
                wake(current(), outbox.QUEUE, pace.hold(self.login))

    def _failed(self, one: Claimed, mail: Any, failure: Failure) -> None:
        """What a refusal means depends on how far the mail got, and on whether it is for now or for good."""
        text = f"{failure.code or ''} {failure.reply}".strip()
        for_now = 400 <= failure.code < 500 or failure.code == 0
        if failure.code in (0, 421):
            self.close()
        elif failure.stage != "reset":
            self._forget_envelope()
        if failure.stage == "data" and failure.code == 0:
            self._settle(one, "unclear", 0, _unclear())
            return
        if failure.stage == "sender" and not for_now:
            self._stop(one, trouble=text)
            return
        if not for_now or one.attempts + 1 >= outbox.TRIES:
            self._settle(one, "rejected", failure.code, text)
            if failure.stage == "recipient" and "5.1." in failure.reply:
                with writing():
                    block_dead(mail.to)
            return
        with writing():
            outbox.postpone(one, failure.code, text)
            if failure.code == 421 or "4.7." in failure.reply:
                pace.lower(self.login, one.domain)

    def _forget_envelope(self) -> None:
        try:
            if self.line is not None:
                self.line.reset()
        except Failure:
            self.close()

    def _settle(self, one: Claimed, state: str, code: int, reply: str) -> None:
        with writing():
            if outbox.settle(one, state, code, reply):
                _note(one.mail, state, f"{code} {reply}".strip() if code and not reply.startswith(str(code)) else reply)


def _unclear() -> str:
    return _("The connection ended while the mail was handed over. It may have arrived; it is not sent again.")


def _note(mail: UUID, state: str, reply: str) -> None:
    """What became of a mail stands in it, and on the timeline of everything it concerns."""
    try:
        run(system_actor(), "channels.mail.settle", mail, outcome=state, reply=reply[:400])
    except Refused:  # the mail is gone meanwhile: in the recycle bin, or erased
        return
