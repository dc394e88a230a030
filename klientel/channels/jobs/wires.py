"""Connections to one server, all of them driven by one thread that waits for none.

Each connection takes a letter that the outbox calls *delivering*, says from whom and to whom, hands it over, and tells
how it went (:class:`Done`). At every moment each connection has at most one letter on the wire; quick ones find the
next one at hand.
"""

from __future__ import annotations

import contextvars
import math
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.utils.functional import lazy

from klientel.channels.egress import Blocked, Failure, Line, Place, Reply, open_line
from klientel.channels.models.saying import LONGEST, said
from klientel.channels.queries.outbox import Claimed

AHEAD, MOST_AHEAD = 0.05, 6  # seconds of work that are at hand, and letters for each connection at most
FRESH = 5.0  # seconds for which the word of the gate holds; what was not begun until then is given back
SECONDS = 30.0  # for a reply
SECONDS_AFTER_DATA = 600.0  # RFC 5321 4.5.3.2.6: a server may think for ten minutes after the final dot
OPENING = -1  # what a conversation waits for; else so many replies


@dataclass(eq=False)
class Letter:
    """What one connection hands over: the envelope and the bytes."""

    claimed: Claimed
    mail: Any
    sender: str
    copies: list[str]
    body: bytes
    left_out: list[object]  # of whom its copies do not go to, and why
    since: float  # when it passed the gate


@dataclass(frozen=True)
class Done:
    """How it went: the words of the other side that took it, or the failure; neither where it was not begun."""

    letter: Letter
    reply: str | None = None
    failure: Failure | Blocked | None = None


Talk = Generator[int, Any, Done]


class Beside(Protocol):
    """Something else to listen for."""

    def fileno(self) -> int:
        """Of what becomes readable."""


class Wires:
    """Up to so many connections, opened as letters come. ``note`` hears of each letter before it is handed over."""

    def __init__(self, place: Place, most: int, note: Callable[[UUID], None]) -> None:
        self.place, self.most, self.note = place, most, note
        self.letters: deque[Letter] = deque()  # at hand
        self.said: list[Done] = []  # and not taken yet by whoever listens
        self.wires: list[_Wire] = []
        self.free: list[_Wire] = []
        self.was_let_in = False
        self.opened: SimpleQueue[tuple[_Wire, Line | Failure | Blocked]] = SimpleQueue()
        self.selector = selectors.DefaultSelector()
        self._bell, self._rung = socket.socketpair()  # rung by the threads that open lines
        self._opening = 0
        self.selector.register(self._bell, selectors.EVENT_READ)
        self._looked = time.monotonic()
        self.seconds = 1.0  # that a letter takes, of late

    @property
    def out(self) -> int:
        """How many letters were given and are not done."""
        return len(self.letters) + len(self.wires) - len(self.free)

    @property
    def room(self) -> int:
        """How many letters there should be: one for each connection, and as many at hand as will soon be needed."""
        return round(self.most * (1 + min(AHEAD / self.seconds, MOST_AHEAD)))

    def give(self, letter: Letter) -> None:
        """Have a letter handed over by the next connection that is free."""
        self.letters.append(letter)
        if not self.free and len(self.wires) < self.most:
            self.wires.append(_Wire(self))
            self.free.append(self.wires[-1])
        if self.free:
            self.free.pop().take()

    def give_back(self, before: float = math.inf) -> None:
        """Say of letters that no connection has begun with, all or those judged before an instant, that none has."""
        while self.letters and self.letters[0].since < before:
            self.said.append(Done(self.letters.popleft()))

    def heard(self) -> list[Done]:
        """What the connections said since this was asked before."""
        said, self.said = self.said, []
        return said

    def listen(self, seconds: float, beside: Beside | None = None) -> None:
        """Go on with whoever can, once; back as soon as somebody did, or ``beside`` has something."""
        if beside is not None:
            self.selector.register(beside, selectors.EVENT_READ)
        try:
            ready = self.selector.select(max(0.0, seconds))
        finally:
            if beside is not None:
                self.selector.unregister(beside)
        for key, events in ready:
            if isinstance(key.data, _Wire):
                key.data.heard(events)
            elif key.fileobj is self._bell:
                self._bell.recv(4096)
                self._take_opened()
        self._look_at_the_clock()

    def _take_opened(self) -> None:
        while not self.opened.empty():
            wire, found = self.opened.get()
            self._opening -= 1
            wire.go_on(found)

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if now - self._looked > 1.0:
            self._looked = now
            self.give_back(now - FRESH)
            for one in self.wires:
                one.late(now)

    def open_one(self, wire: _Wire) -> None:
        """Reach the server and sign in, in a thread: names are looked up and certificates checked there."""

        def opening() -> None:
            found: Line | Failure | Blocked = Failure("connect", 0, "interrupted")
            try:
                found = open_line(self.place)
            except (Failure, Blocked) as no:
                found = no
            finally:
                connection.close()  # whether a place may be reached may have been asked of the database
                self.opened.put((wire, found))
                self._rung.send(b".")

        self._opening += 1
        context = contextvars.copy_context()  # with language and tenant of the job
        threading.Thread(target=context.run, args=(opening,), daemon=True).start()

    def close(self) -> None:
        """Say goodbye on every connection; none is waited for longer than a second in all."""
        for one in self.wires:
            if one.line is not None:
                one.line.leave()
        until = time.monotonic() + 1.0
        for one in self.wires:
            one.hang_up(until - time.monotonic())
        self.selector.close()
        if not self._opening:  # else they go with the thread that may still ring
            self._bell.close()
            self._rung.close()


class _Wire:
    """One connection, as long as it holds; the next letter opens it again."""

    def __init__(self, wires: Wires) -> None:
        self.wires = wires
        self.line: Line | None = None
        self.letter: Letter | None = None
        self.stage = ""
        self._talk: Talk | None = None
        self._wanted = OPENING
        self._replies: list[Reply] = []
        self._begun = self._until = 0.0
        self._events = 0

    def take(self) -> None:
        """Begin with the next letter; without one the connection is free."""
        self._begun = time.monotonic()
        self.wires.give_back(self._begun - FRESH)
        if not self.wires.letters:
            self.wires.free.append(self)
            return
        self.letter = self.wires.letters.popleft()
        self._talk = self._one(self.letter)
        self.go_on(None)

    def go_on(self, word: Any) -> None:
        """Go on with what was waited for: replies, or an opened line (or why there is none)."""
        assert self._talk is not None
        try:
            while True:
                told = self._talk.throw if isinstance(word, (Failure, Blocked)) else self._talk.send
                self._wanted = told(word)
                if self._wanted < 1 or self.line is None or not self.line.gone:
                    break
                word = self._last_words()
            self._watch()
        except StopIteration as end:
            self.letter, self._talk, self._wanted = None, None, OPENING
            self.wires.said.append(end.value)
            self.wires.seconds += (time.monotonic() - self._begun - self.wires.seconds) / 4
            self._watch()
            self.take()

    def _last_words(self) -> list[Reply] | Failure:
        """What a server said before it was gone; there will be no more."""
        assert self.line is not None
        replies, self._replies = [*self._replies, *self.line.heard()], []
        return replies[: self._wanted] or Failure("", 0, self.line.gone)

    def heard(self, events: int) -> None:
        """The socket can be read or written."""
        if self.line is None:
            return
        if events & selectors.EVENT_WRITE:
            self.line.push()
        self._replies += self.line.heard()
        if self._wanted < 1:  # nothing was asked: a server that says something now says goodbye
            if self.letter is None and (self._replies or self.line.gone):
                self.hang_up()
        elif len(self._replies) >= self._wanted:
            replies, self._replies = self._replies[: self._wanted], self._replies[self._wanted :]
            return self.go_on(replies)
        elif self.line.gone:
            return self.go_on(self._last_words())
        self._watch()

    def late(self, now: float) -> None:
        """The other side has not answered for too long."""
        if self._wanted > 0 and now > self._until:
            self.go_on(Failure("", 0, "TimeoutError"))

    def hang_up(self, seconds: float = 0.0) -> None:
        """Close the connection, if there is one; so long it may answer the goodbye."""
        if self.line is not None:
            if self._events:
                self.wires.selector.unregister(self.line)
            self._events, self._replies = 0, []
            self.line.close(seconds)
            self.line = None

    def _watch(self) -> None:
        """Have the selector look out for what the line needs: nothing, once the other side is gone."""
        wanted = 0 if self.line is None or self.line.gone else self.line.events
        if wanted == self._events or self.line is None:
            return
        if not wanted:
            self.wires.selector.unregister(self.line)
        elif self._events:
            self.wires.selector.modify(self.line, wanted, self)
        else:
            self.wires.selector.register(self.line, wanted, self)
        self._events = wanted

    def _one(self, letter: Letter) -> Talk:
        """The conversation about one letter; ``self.stage`` is how far it got."""
        try:
            refused = [*letter.left_out, *(yield from self._address(letter))]
            return Done(letter, _together([(yield from self._hand_over(letter)), *refused]))
        except Blocked as no:
            return Done(letter, failure=no)
        except Failure as no:
            failure = no if no.stage else Failure(self.stage, no.code, no.reply)
            yield from self._after(failure)
            return Done(letter, failure=failure)

    def _address(self, letter: Letter) -> Generator[int, Any, list[str]]:
        """Open the connection where there is none, and say from whom to whom; the copies that were refused.

        A server may have closed one that nobody used for a while: that says nothing about the letter.
        """
        if self.line is not None:
            try:
                return (yield from self._envelope(letter))
            except Failure as failure:
                if self.stage != "sender" or failure.code not in (0, 421):
                    raise
                self.hang_up()
        self.stage = "connect"
        self.wires.open_one(self)
        self.line = yield OPENING
        self.wires.was_let_in = True
        return (yield from self._envelope(letter))

    def _envelope(self, letter: Letter) -> Generator[int, Any, list[str]]:
        assert self.line is not None
        self.stage = "sender"
        refused = list[str]()
        to = [letter.mail.to, *letter.copies]
        commands = self.line.envelope(letter.sender, to)
        together: list[Reply] = (yield from self._ask(*commands)) if self.line.pipelines else []
        for n, command in enumerate(commands):
            self.stage = "recipient" if n else "sender"
            replies = together[n : n + 1] if self.line.pipelines else (yield from self._ask(command))
            if not replies:
                raise Failure(self.stage, 0, self.line.gone)
            [reply] = replies
            if reply.code in (250, 251):
                continue
            if n < 2 or reply.code == 421:
                raise Failure(self.stage, reply.code, reply.text)
            refused.append(f"{to[n - 1]}: {reply.code} {reply.text}")
        return refused

    def _hand_over(self, letter: Letter) -> Generator[int, Any, str]:
        """DATA and the message; the other side's words. From when it has the message on, it may have taken it."""
        assert self.line is not None
        self.stage = "data"
        [reply] = yield from self._ask(b"DATA")
        if reply.code != 354:
            raise Failure(self.stage, reply.code, reply.text)
        self.stage = "content"
        self.wires.note(letter.claimed.id)
        self.line.content(letter.body)
        [reply] = yield from self._replied(1, SECONDS_AFTER_DATA)
        if reply.code != 250:
            raise Failure(self.stage, reply.code, reply.text)
        return reply.text

    def _ask(self, *commands: bytes) -> Generator[int, Any, list[Reply]]:
        assert self.line is not None
        self.line.speak(*commands)
        return (yield from self._replied(len(commands), SECONDS))

    def _replied(self, n: int, seconds: float) -> Generator[int, Any, list[Reply]]:
        self._until = time.monotonic() + seconds
        found: list[Reply] = yield n
        return found

    def _after(self, failure: Failure) -> Generator[int, Any, None]:
        """A connection that is gone is closed; on any other the envelope is forgotten."""
        if self.line is None:
            return
        if failure.code not in (0, 421):
            try:
                yield from self._ask(b"RSET")
            except Failure:
                self.hang_up()
        else:
            self.hang_up()


def _together(words: list[object]) -> str:
    """What the other side said, then of whom the letter did not go to, and why; by us too, so in each language."""
    return said(_joined(tuple(words))) if len(words) > 1 else str(words[0])[:LONGEST]


def _told(words: tuple[object, ...]) -> str:
    return "; ".join(map(str, words))


_joined = lazy(_told, str)
