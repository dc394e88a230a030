"""Hands over what is in the outbox: one job for each account; several may run at once, on several machines.

The job's thread alone knows the database. It claims letters, asks the gate and builds them; connections, each with a
thread of its own, speak to the server (:mod:`.wires`). Whatever the connections say while one commit is on its way
shares the next: *delivering* of some letters and *accepted* of others. No letter is handed over before its commit, and
each connection has one letter on the wire at most: so many can be unclear after a crash, not more.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from klientel.channels.actions.mail import block_dead
from klientel.channels.egress import Blocked, Failure
from klientel.channels.jobs import filing
from klientel.channels.jobs.telling import report_late, tell, telling
from klientel.channels.jobs.wires import Begun, Done, Letter, Wires
from klientel.channels.models import Account
from klientel.channels.models.placeholders import LINK
from klientel.channels.queries import accounts, letters, outbox, pace
from klientel.channels.queries.letters import Ready
from klientel.channels.queries.outbox import Claimed, Fate
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.events import on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.identity.sealing import Unreadable
from klientel.kernel.jobs import breathe, defer, job, sweep
from klientel.kernel.jobs.declaring import stopping
from klientel.kernel.tenancy import current, writing

PIECE = 200  # claimed at once, at most
AHEAD = 2  # letters for each connection that are built before it asks for them
TELL_EVERY = 3.0  # seconds, while there is more to send
LONGEST_WAIT = 2.0  # seconds that a job waits for its next slice; beyond, a wake row does
TURN = 20.0  # seconds after which a job makes room for others
AWAY = 60.0  # seconds that the database may be away before what the server said is given up

log = logging.getLogger("klientel.channels")

Pause = Callable[[float], Any]


@on_wake(outbox.QUEUE)
def look() -> None:
    """Give each account with something due a job; wake up again when the next thing is due."""
    for account in outbox.waiting_accounts():
        defer(deliver, tenant=current(), account=account, once=str(account))
    outbox.recover()
    tell()
    due = outbox.next_due()
    if due is not None:
        wake(current(), outbox.QUEUE, max(due, timezone.now() + dt.timedelta(seconds=30)))


@sweep("outbox")
def tidy() -> None:
    """Look after what a worker that is gone left behind, and forget what was settled long ago."""
    outbox.recover()
    tell()
    outbox.purge()
    report_late()


@job(outward=True, tries=8)
def deliver(*, account: UUID) -> None:
    """Hand over what is due of one account, as fast as it may."""
    with writing():
        outbox.recover()
        found = Account.objects.filter(pk=account, archived_at=None).first()
    if found is not None and found.state == "active":
        sender = _Sender(found)
        try:
            sender.work(stopping.wait)
        finally:
            sender.close()
    tell()


class _Sender:
    """One job's way through the outbox of one account, over some connections as long as they hold."""

    def __init__(self, account: Any) -> None:
        self.account, self.login = account, outbox.login_of(account)
        self.wires: Wires | None = None
        self.ready: deque[Ready] = deque()
        self.stopped = False
        self.told_at = time.monotonic()
        self.commit = 0.001  # seconds that the last one took

    def close(self) -> None:
        """Say goodbye to the server."""
        if self.wires is not None:
            self.wires.close()

    def work(self, pause: Pause) -> None:
        """Until nothing is due, the account is stopped, its pace asks for a longer rest, or others wait for us."""
        until, again, look = time.monotonic() + TURN, timezone.now(), True
        while True:
            going = not self.stopped and not stopping.is_set() and time.monotonic() < until
            if going and look and len(self.ready) < AHEAD * self.account.connections:
                again, look = self._claim()
            if going:
                self._feed()
            else:
                self._lay_down()
            if self.out:
                self._answer(self.wires.heard(1.0, linger=self.commit / 2))
            elif not going:
                break
            elif not self.ready and not look:
                wait = (again - timezone.now()).total_seconds() if again else None
                if wait is None or wait > LONGEST_WAIT:
                    return self._wake(again)
                pause(max(wait, 0.01))
                look = True
        breathe()
        self._wake(None if self.stopped else timezone.now())

    @property
    def out(self) -> int:
        """How many letters the connections have."""
        return self.wires.out if self.wires is not None else 0

    @staticmethod
    def _wake(at: dt.datetime | None) -> None:
        if at is not None:
            with writing():
                wake(current(), outbox.QUEUE, at)

    def _claim(self) -> tuple[dt.datetime | None, bool]:
        """Some more mails that may go now and passed the gate; when there may be some, and whether to look at once."""
        with surviving():
            with writing():
                self.account = Account.objects.get(pk=self.account.pk)
                if self.account.state != "active" or self.account.archived_at is not None:
                    self.stopped = True
                    return None, False
                batch, again = letters.claim(self.account, self.login, PIECE)
                ready, withheld = letters.through_the_gate(batch)
                outbox.step([], withheld)
            self.ready.extend(ready)
            return again, bool(batch)
        return timezone.now() + dt.timedelta(seconds=1), False

    def _feed(self) -> None:
        """Build letters, some ahead of the connections."""
        while self.ready and not self.stopped and self.out < AHEAD * self.account.connections:
            one = self.ready[0]
            with writing() if one.mail.files else nullcontext():
                body = letters.built(one, self.account)
            if isinstance(body, Fate):
                self._committed([], [body])
            elif self._connecting():
                assert self.wires is not None
                self.wires.give(Letter(one.claimed, one.mail, self.account.address, one.copies, body, one.left_out))
            else:
                return
            self.ready.popleft()

    def _connecting(self) -> bool:
        """Whether there is anything to sign in with; opened by the connections themselves."""
        if self.wires is None:
            try:
                place = accounts.place_of(self.account, *accounts.signing_in(self.account))
            except (Blocked, Unreadable, Failure) as no:
                self._stop(no)
                return False
            self.wires = Wires(place, self.account.connections)
        return True

    def _lay_down(self) -> None:
        """Lay back what no connection has begun with."""
        back = [one.claimed for one in self.ready]
        self.ready.clear()
        if self.wires is not None:
            back += [one.claimed for one in self.wires.taken_back()]
        if back:
            self._committed([], [Fate(one, "waiting") for one in back])

    def _answer(self, heard: Sequence[Begun | Done]) -> None:
        """Write down what the connections said, and tell them which letters may be handed over."""
        done = [one for one in heard if isinstance(one, Done)]
        begun = [one.letter for one in heard if isinstance(one, Begun)]
        may = [] if self.stopped or stopping.is_set() else begun
        ours = self._committed([one.claimed for one in may], [self._fate(one) for one in done]) if heard else set()
        for letter in begun:
            letter.word.put(letter.claimed.id in ours)
        for one in done:
            if one.failure is None and one.reply:
                self._file(one.letter)
        if time.monotonic() - self.told_at > TELL_EVERY:
            self.told_at = time.monotonic()
            with surviving(), writing():
                defer(telling, tenant=current(), once="telling")

    def _committed(self, begun: list[Claimed], fates: list[Fate]) -> set[UUID]:
        """One commit; which of those that want to begin may. Where the database was away, none may.

        Then nobody knows whether the commit took place: what is sure not to have been handed over is laid back, and
        what the server said is written once more.
        """
        asked = time.monotonic()
        while True:
            try:
                with writing():
                    ours = outbox.step(begun, fates)
                self.commit = time.monotonic() - asked
                return ours
            except (OperationalError, InterfaceError):
                if connection.in_atomic_block or time.monotonic() > asked + AWAY:
                    raise
                fates, begun = [*fates, *(Fate(one, "waiting") for one in begun)], []
                connection.close()
                time.sleep(0.5)

    def _file(self, letter: Letter) -> None:
        """Into the sent folder, unless the provider does so; a secret link is kept nowhere."""
        if self.account.keep_sent and self.account.fetching and LINK not in letter.mail.text:
            with surviving():
                filing.file_away(self.account.pk, letter.body)

    def _stop(self, no: Blocked | Unreadable | Failure) -> None:
        """The account itself does not work: it stops, for good until somebody looks after it, or for some minutes."""
        if self.stopped:
            return
        self.stopped, trouble = True, str(getattr(no, "message", no))
        if isinstance(no, Failure):
            lasting = no.stage in ("login", "tls", "sender") and no.code // 100 != 4
            trouble = _said(no) if lasting else ""
        with surviving(), writing():
            if trouble:
                run(system_actor(), "channels.account.fail", self.account.pk, trouble=trouble[:400])
            else:
                wake(current(), outbox.QUEUE, pace.hold(self.login))

    def _fate(self, done: Done) -> Fate:
        """What a refusal means depends on how far the mail got, and on whether it is for now or for good."""
        one, failure = done.letter.claimed, done.failure
        if failure is None:
            return Fate(one, "accepted", 250, done.reply) if done.reply else Fate(one, "waiting")
        if isinstance(failure, Blocked) or failure.stage in ("connect", "tls", "login"):
            self._stop(failure)
            return Fate(one, "waiting")
        for_now = failure.code // 100 in (0, 4)
        if failure.stage == "data" and failure.code == 0:
            return Fate(one, "unclear")
        if failure.stage == "sender" and not for_now:
            self._stop(failure)
            return Fate(one, "waiting")
        if not for_now or one.attempts + 1 >= outbox.TRIES:
            self._dead(done.letter, failure)
            return Fate(one, "rejected", failure.code, _said(failure))
        if failure.code == 421 or "4.7." in failure.reply:
            with surviving(), writing():
                pace.lower(self.login, one.domain)
        return Fate(one, "later", failure.code, _said(failure))

    @staticmethod
    def _dead(letter: Letter, failure: Failure) -> None:
        if failure.stage == "recipient" and "5.1." in failure.reply:
            with surviving(), writing():
                block_dead(letter.mail.to)


def _said(failure: Failure) -> str:
    return f"{failure.code or ''} {failure.reply}".strip()


@contextmanager
def surviving() -> Iterator[None]:
    """Where the database is away in here, go on without: the connections still have something to say."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if connection.in_atomic_block:
            raise
        log.warning("the database does not answer", exc_info=error)
        connection.close()
