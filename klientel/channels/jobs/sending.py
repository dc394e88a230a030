"""Hands over what is in the outbox: one job for each account; several may run at once, on several machines.

One thread claims letters, asks the gate, builds them, and drives all connections (:mod:`.wires`); it waits for nobody
alone, neither for a server nor for a commit. While one commit is on its way, connections work at letters of the one
before; what they say shares the next: *delivering* of some letters and *accepted* of others. No letter is handed over
before its commit, and what is begun is noted (:mod:`.queries.begun`): each connection has one letter on the wire at
most, and so many can be unclear after the sender's death, not more.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from klientel.channels.actions.mail import block_dead
from klientel.channels.egress import Blocked, Failure
from klientel.channels.jobs import filing
from klientel.channels.jobs.telling import QUEUE as TELLING
from klientel.channels.jobs.telling import SOME, report_late, tell
from klientel.channels.jobs.wires import FRESH, Done, Letter, Wires
from klientel.channels.models import Account
from klientel.channels.models.placeholders import LINK
from klientel.channels.models.saying import said
from klientel.channels.queries import accounts, letters, outbox, pace
from klientel.channels.queries.begun import Notes
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
from klientel.kernel.tenancy.underway import Underway
from klientel.lib.ids import uuid7

PIECE = 400  # claimed at once, at most
LINGER = 0.01  # seconds that a commit waits for more that it can carry
RETRY = 0.5  # seconds until a database that was away is asked again
TELL_EVERY = 3.0  # seconds, while there is more to send and not enough for a piece
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
        sender = Sender(found)
        try:
            sender.work(stopping.wait)
        finally:
            sender.close()
    tell()


@dataclass
class _Round:
    """A commit on its way: the letters that are *delivering* from it on, and what became of others."""

    letters: list[Letter]
    fates: list[Fate]
    underway: Underway | None = None

    def fileno(self) -> int:
        """Of the connection to the database."""
        assert self.underway is not None
        return self.underway.fileno()

    def is_over(self) -> bool:
        """Whether the database has answered, or is gone."""
        assert self.underway is not None
        try:
            return self.underway.is_answered()
        except (OperationalError, InterfaceError):
            return True


class Sender:
    """One job's way through the outbox of one account, over some connections as long as they hold."""

    def __init__(self, account: Any) -> None:
        self.account, self.login = account, outbox.login_of(account)
        self.token = uuid7()  # under which it holds its letters
        self.notes = Notes(self.token)
        self.wires: Wires | None = None
        self.ready: deque[Ready] = deque()
        self.judged = 0.0  # when the oldest of these passed the gate
        self.built: deque[Letter] = deque()  # for the next commit
        self.fates: list[Fate] = []  # to be written down by it
        self.taken: list[Letter] = []  # by the other side, to be filed once that is written down
        self.round: _Round | None = None  # the commit that is on its way
        self.since = 0.0  # when the first came that the next one takes
        self.not_before = 0.0  # when the database is asked again
        self.away = 0.0  # since when the database does not answer
        self.stopped, self.look = False, True  # whether there may be more to claim
        self.untold, self.told_at = 0, time.monotonic()

    def close(self) -> None:
        """Say goodbye to the server."""
        if self.wires is not None:
            self.wires.close()
        self.notes.close(done=not (self.out or self.built or self.ready))

    def work(self, pause: Pause) -> None:
        """Until nothing is due, the account is stopped, its pace asks for a longer rest, or others wait for us."""
        until = time.monotonic() + TURN
        again: dt.datetime | None = timezone.now()
        while True:
            going = not self.stopped and not stopping.is_set() and time.monotonic() < until
            if going and self.look and self.round is None and not self.away and len(self.ready) < self._room():
                again, self.look = self._claim()
            more = self._build() if going else self._lay_down()
            if self.round is None:
                self._begin_round()
            if self.out or self.built:
                self._listen(0.0 if more else 1.0)
            elif not going:
                break
            elif not self.ready and not self.look:
                wait = (again - timezone.now()).total_seconds() if again else None
                if wait is None or wait > LONGEST_WAIT:
                    return self._wake(again)
                pause(max(wait, 0.01))
                self.look = True
        breathe()
        self._wake(None if self.stopped else timezone.now())

    @property
    def out(self) -> int:
        """How many letters the commit and the connections have, and what they said that is not written down."""
        return len(self.fates) + (self.round is not None) + (self.wires.out + len(self.wires.said) if self.wires else 0)

    def _room(self) -> int:
        """How many letters the connections can do with."""
        return self.wires.room if self.wires is not None else int(self.account.connections)

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
                batch, again = letters.claim(self.account, self.login, self.token, PIECE)
                self._judge(batch)
            return again, bool(batch)
        return timezone.now() + dt.timedelta(seconds=1), False

    def _is_stale(self) -> bool:
        """Whether what is ready passed the gate so long ago that it is asked once more."""
        return bool(self.ready or self.built) and time.monotonic() > self.judged + FRESH

    def _held(self) -> list[Claimed]:
        """What is in no commit yet."""
        return [*(one.claimed for one in self.built), *(one.claimed for one in self.ready)]

    def _let_go(self) -> None:
        self.built.clear()
        self.ready.clear()

    def _judge(self, batch: Sequence[Claimed]) -> None:
        """Ask the gate, also about what is stale; who does not pass is withheld by the next commit."""
        stale = self._held() if self._is_stale() else []
        passed, withheld = letters.through_the_gate([*stale, *batch])
        if stale:
            self._let_go()
        if not self.ready and not self.built:
            self.judged = time.monotonic()
        self.ready.extend(passed)
        self.fates += withheld

    def _build(self) -> bool:
        """Build some letters for the next commit; whether there are more to be built."""
        if self.round is None and self._is_stale():
            with surviving(), writing():
                self._judge([])
        most = min(self._room(), len(self.built) + self.account.connections)
        while self.ready and not self.stopped and len(self.built) < most:
            one = self.ready[0]
            if self.round is not None and (one.mail.files or self.wires is None):
                return False  # the database is needed for these, and has something to do
            with writing() if one.mail.files else nullcontext():
                body = letters.built(one, self.account)
            if isinstance(body, Fate):
                self.fates.append(body)
            elif self._connecting():
                known = (one.claimed, one.mail, self.account.address, one.copies, body, one.left_out)
                self.built.append(Letter(*known, since=self.judged))
            else:
                return False
            self.ready.popleft()
        return bool(self.ready) and not self.stopped and len(self.built) < self._room()

    def _connecting(self) -> bool:
        """Whether there is anything to sign in with; opened by the connections themselves."""
        if self.wires is None:
            try:
                place = accounts.place_of(self.account, *accounts.signing_in(self.account))
            except (Blocked, Unreadable, Failure) as no:
                self._stop(no)
                return False
            self.wires = Wires(place, self.account.connections, self.notes.note)
        return True

    def _lay_down(self) -> bool:
        """Lay back what no connection has begun with; nothing more is to be built."""
        self.fates += [Fate(one, "waiting") for one in self._held()]
        self._let_go()
        if self.wires is not None:
            self.wires.give_back()
        return False

    def _listen(self, patience: float) -> None:
        """Let the connections go on, until one of them has something to say or the commit is there."""
        if self.round is None:
            patience = min(patience, self._patience())
        if self.wires is not None:
            self.wires.listen(patience, self.round)
        elif self.round is None:
            time.sleep(RETRY)
        if self.round is not None and (self.wires is None or self.round.is_over()):
            self._end_round(self.round)

    def _patience(self) -> float:
        """Seconds until the next commit. Commits cost most, so one waits a moment for more that it can carry, unless
        the connections are about to have nothing to do."""
        now, wires = time.monotonic(), self.wires
        out, room = (wires.out, wires.room) if wires is not None else (0, self._room())
        if not (self.fates or (wires is not None and wires.said) or (self.built and out < room)):
            self.since = 0.0
            return 1.0
        self.since = self.since or now
        at_once = self.built and 2 * out <= room
        return max(0.0 if at_once else self.since + LINGER, self.not_before) - now

    def _begin_round(self) -> None:
        """Write down what the connections said, and that some letters are handed over: one commit for all."""
        if self._patience() > 0:
            return
        self.since = 0.0
        done = self.wires.heard() if self.wires is not None else []
        fates, self.fates = [*self.fates, *(self._fate(one) for one in done)], []
        self.taken += [one.letter for one in done if one.reply is not None]
        room = 0 if self.stopped or stopping.is_set() else self._room() - (self.wires.out if self.wires else 0)
        begin = [self.built.popleft() for _n in range(min(room, len(self.built)))]
        if begin or fates:
            self.round = _Round(begin, fates)
            with self._may_be_away(self.round):
                self.round.underway = Underway(outbox.step([one.claimed for one in begin], fates))

    def _end_round(self, it: _Round) -> None:
        """It is committed: the connections may have the letters."""
        with self._may_be_away(it):
            assert it.underway is not None
            ours = {str(row[0]) for row in it.underway.rows()}
            self.round, self.away = None, 0.0
            for letter in (one for one in it.letters if str(one.claimed.id) in ours):
                if self.wires is None or self.stopped:
                    self.fates.append(Fate(letter.claimed, "waiting"))
                else:
                    self.wires.give(letter)
            taken, self.taken = self.taken, []
            for letter in taken:
                self._file(letter)
            self.untold += len(it.fates)
        if self.untold >= SOME or (self.untold and time.monotonic() - self.told_at > TELL_EVERY):
            self.untold, self.told_at = 0, time.monotonic()
            with surviving(), writing():
                wake(current(), TELLING)

    @contextmanager
    def _may_be_away(self, it: _Round) -> Iterator[None]:
        """Where the database does not answer in here, nobody knows whether the commit took place.

        What is sure not to have been handed over is laid back, and what the server said is written once more.
        """
        try:
            yield
        except (OperationalError, InterfaceError):
            now = time.monotonic()
            self.away = self.away or now
            if connection.in_atomic_block or now > self.away + AWAY:
                raise
            connection.close()
            self.round, self.not_before = None, now + RETRY
            self.fates += [*it.fates, *(Fate(one.claimed, "waiting") for one in it.letters)]

    def _file(self, letter: Letter) -> None:
        """Into the sent folder, unless the provider does so; a secret link is kept nowhere."""
        if self.account.keep_sent and self.account.fetching and LINK not in letter.mail.text:
            with surviving():
                filing.file_away(self.account.pk, letter.body)

    def _stop(self, no: Blocked | Unreadable | Failure) -> None:
        """The account itself does not work: it stops, for good until somebody looks after it, or for some minutes."""
        if self.stopped:
            return
        self.stopped, trouble = True, said(_said(no) if isinstance(no, Failure) else no)
        with surviving(), writing():
            if not isinstance(no, Failure) or (no.stage in ("login", "tls", "sender") and no.code // 100 != 4):
                run(system_actor(), "channels.account.fail", self.account.pk, trouble=trouble)
            else:
                anew = self.wires is not None and self.wires.was_let_in
                wake(current(), outbox.QUEUE, pace.hold(self.login, anew=anew))

    def _fate(self, done: Done) -> Fate:
        """What a refusal means depends on how far the mail got, and on whether it is for now or for good."""
        one, failure = done.letter.claimed, done.failure
        if failure is None:
            self.look = self.look or done.reply is None  # that one may be claimed anew
            return Fate(one, "waiting") if done.reply is None else Fate(one, "accepted", 250, done.reply)
        if isinstance(failure, Blocked) or failure.stage in ("connect", "tls", "login"):
            self._stop(failure)
            return Fate(one, "waiting")
        for_now = failure.code // 100 in (0, 4)
        if failure.stage == "content" and failure.code == 0:
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
