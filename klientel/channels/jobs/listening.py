"""Listens at mailboxes: connections that a fetch has left open, on which the server tells of news (IMAP IDLE).

One thread of a worker's process hears all of them. The next fetch of an account takes its connection back, so that
nobody signs in each minute; where it is gone, a new one is opened. Nothing here has to work for mail to come: each
mailbox is looked into once a minute anyway.

The folder of received mail is open; of the others some servers tell too (NOTIFY), for the rest they are looked into
three times a minute.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from django.db import DatabaseError, connection

from klientel.channels.egress import Box, Failure, Place
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.jobs.declaring import stopping
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant

MOST = 500  # connections; beyond, those that were left open first are closed
UNUSED = 300.0  # seconds after which nobody comes back for a connection: its account is not fetched any more
AGAIN = 20.0  # seconds that are left to the fetch that news leads to, before more is listened to
NUDGE = 10.0  # seconds between questions to a server that does not tell by itself
OTHERS = 20.0  # seconds after which folders that the server does not tell of are looked into
LEAST = 30.0  # seconds that a connection must have lasted for its end to be news: else it waits for the next minute

log = logging.getLogger("klientel.mail")


@dataclass
class _Kept:
    tenant: UUID
    account: UUID
    place: Place
    box: Box
    since: float = field(default_factory=time.monotonic)
    nudged: float = field(default_factory=time.monotonic)
    told: float = -AGAIN  # when news was passed on


class Ears:
    """The connections of this process on which servers tell of news."""

    def __init__(self) -> None:
        self.threaded = True  # else somebody calls :meth:`once`
        self._kept: dict[UUID, _Kept] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._bells: tuple[int, int] | None = None  # a pipe that ends the waiting
        self._news: Callable[[UUID], None] | None = None

    def on_news(self, fn: Callable[[UUID], None]) -> Callable[[UUID], None]:
        """Declare what is done in a tenant when there is news in the mailbox of an account."""
        self._news = fn
        return fn

    def keep(self, account: UUID, place: Place, box: Box, others: Sequence[str] = ()) -> None:
        """Leave a connection open and listen, to other folders too; what came meanwhile is news at once."""
        one = _Kept(current(), account, place, box)
        try:
            news = box.listen(others)
        except Failure:
            return box.close()
        with self._lock:
            before = self._kept.pop(account, None)
            self._kept[account] = one
            many = [self._kept.pop(next(iter(self._kept))) for _n in range(len(self._kept) - MOST)]
            self._begin()
        for other in [before, *many]:
            if other is not None:
                other.box.close()
        if news:
            self._tell(one)

    def taken(self, account: UUID, place: Place) -> Box | None:
        """The open connection of an account, free for commands; nothing where there is none that still fits."""
        with self._lock:
            found = self._kept.pop(account, None)
        if found is None:
            return None
        if found.place == place:
            with suppress(Failure):
                found.box.end_listening()
                return found.box
        found.box.close()
        return None

    def _begin(self) -> None:
        """Have the thread listen to what is new, too."""
        if self._bells is None:
            self._bells = os.pipe()
        if self._thread is None and self.threaded:
            self._thread = threading.Thread(target=self._listen, name="mailboxes", daemon=True)
            self._thread.start()
        os.write(self._bells[1], b".")

    def _listen(self) -> None:
        try:
            while not stopping.is_set():
                self.once(1.0)
        finally:
            with self._lock:
                kept, self._kept, self._thread = list(self._kept.values()), {}, None
            for one in kept:
                one.box.close()
            connection.close()

    def once(self, seconds: float) -> None:
        """Wait for a word of any server, so long at most, and pass on what is news."""
        poll = select.poll()
        with self._lock:
            bell = self._bells[0] if self._bells else -1
            poll.register(bell, select.POLLIN)
            kept = {one.box.fileno(): one for one in self._kept.values()}
            for number, one in kept.items():
                if number >= 0 and time.monotonic() - one.told > AGAIN:
                    poll.register(number, select.POLLIN)
        ready = {number for number, _what in poll.poll(seconds * 1000)}
        if bell in ready:
            os.read(bell, 4096)
        for number, one in kept.items():
            if self._has_news(one, ready=number in ready):
                self._tell(one)

    def _has_news(self, one: _Kept, *, ready: bool) -> bool:
        """Hear what a server said; one that is not there any more, or for nobody, is let go."""
        now = time.monotonic()
        with self._lock:
            if self._kept.get(one.account) is not one:
                return False  # it was taken meanwhile, and what comes on it is for whoever took it
            try:
                news = ready and one.box.heard()
                news = news or not (one.box.hears_all or now - max(one.since, one.told) < OTHERS)
                if now - one.nudged > NUDGE:
                    one.nudged = now
                    one.box.nudge()
            except Failure:
                news, gone = now - one.since > LEAST, True
            else:
                gone = now - one.since > UNUSED
            one.told = now if news else one.told
            if gone:
                del self._kept[one.account]
        if gone:
            one.box.close()
        return news

    def _tell(self, one: _Kept) -> None:
        if self._news is None:
            return
        try:
            with working_in(one.tenant):
                self._news(one.account)
        except Tenant.DoesNotExist:
            return
        except DatabaseError as error:  # the next minute looks anyway
            connection.close()
            log.warning("the database does not answer", exc_info=error)


ears = Ears()
