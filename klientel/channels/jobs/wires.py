"""Connections to one server, each spoken to by a thread of its own that knows no database.

A thread takes a letter, says from whom and to whom, asks whether it may hand over (:class:`Begun`), waits for the word
of the outbox, and tells how it went (:class:`Done`). So the outbox can write down the steps of many letters with one
commit, while at every moment each connection has at most one letter on the wire.
"""

from __future__ import annotations

import contextvars
import threading
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from django.db import connection

from klientel.channels.egress import Blocked, Failure, Line, Place, open_line
from klientel.channels.queries.outbox import Claimed


@dataclass(eq=False)
class Letter:
    """What one connection hands over: the envelope and the bytes; ``word`` is what the outbox answers."""

    claimed: Claimed
    mail: Any
    sender: str
    copies: list[str]
    body: bytes
    left_out: list[str]  # of whom its copies do not go to, and why
    word: SimpleQueue[bool] = field(default_factory=SimpleQueue)


@dataclass(frozen=True)
class Begun:
    """The other side takes sender and recipient: may the letter be handed over?"""

    letter: Letter


@dataclass(frozen=True)
class Done:
    """How it went: the words of the other side, or the failure; neither where the outbox said no."""

    letter: Letter
    reply: str = ""
    failure: Failure | Blocked | None = None


class Wires:
    """Up to so many connections, opened as letters come."""

    def __init__(self, place: Place, most: int) -> None:
        self.place, self.most = place, most
        self.letters: SimpleQueue[Letter | None] = SimpleQueue()
        self.said: SimpleQueue[Begun | Done] = SimpleQueue()
        self.threads: list[threading.Thread] = []
        self.open: set[Letter] = set()  # given, and not done

    @property
    def out(self) -> int:
        """How many letters were given and are not done."""
        return len(self.open)

    def give(self, letter: Letter) -> None:
        """Have a letter handed over by the next connection that is free."""
        self.open.add(letter)
        if len(self.threads) < min(self.most, self.out):
            wire, context = _Wire(self), contextvars.copy_context()  # with language and tenant of the job
            thread = threading.Thread(target=context.run, args=(wire.serve,), daemon=True)
            self.threads.append(thread)
            thread.start()
        self.letters.put(letter)

    def taken_back(self) -> list[Letter]:
        """The letters that no connection has begun with."""
        found = []
        while True:
            try:
                letter = self.letters.get_nowait()
            except Empty:
                self.open.difference_update(found)
                return found
            if letter is not None:
                found.append(letter)

    def heard(self, seconds: float, *, linger: float) -> list[Begun | Done]:
        """What the connections say next, within so many seconds; empty where none says anything.

        ``linger``: seconds in which those that have not come to ask yet may still come into the same commit.
        """
        found = list[Begun | Done]()
        try:
            found.append(self.said.get(timeout=seconds))
            until = time.monotonic() + linger
            while True:
                asking = sum(isinstance(one, Begun) for one in found)
                others = min(len(self.threads), self.out - (len(found) - asking)) - asking
                left = until - time.monotonic() if others > 0 else 0.0
                found.append(self.said.get(timeout=left) if left > 0 else self.said.get_nowait())
        except Empty:
            pass
        self.open.difference_update(one.letter for one in found if isinstance(one, Done))
        return found

    def close(self) -> None:
        """Say goodbye on every connection; a server that does not answer is not waited for."""
        for letter in self.open:
            letter.word.put(False)
        for _thread in self.threads:
            self.letters.put(None)


class _Wire:
    """One connection, as long as it holds; the next letter opens it again."""

    def __init__(self, wires: Wires) -> None:
        self.wires = wires
        self.line: Line | None = None
        self.stage = ""  # of the letter at hand: "data" from when on the other side may have it

    def serve(self) -> None:
        """One letter after the other, until there shall be no more; whatever happens, each is answered for."""
        try:
            for letter in iter(self.wires.letters.get, None):
                assert letter is not None
                done, self.stage = None, "connect"
                try:
                    done = self._one(letter)
                finally:
                    self.wires.said.put(done or Done(letter, failure=Failure(self.stage, 0, "interrupted")))
        finally:
            self._close()
            connection.close()  # whether a place may be reached may have been asked of the database

    def _one(self, letter: Letter) -> Done:
        try:
            self._address(letter)
            assert self.line is not None
            refused = [*letter.left_out, *(said for one in letter.copies if (said := self.line.also(one)))]
            self.wires.said.put(Begun(letter))
            if not letter.word.get():
                self.line.reset()
                return Done(letter)
            self.stage = "data"
            return Done(letter, "; ".join([self.line.hand_over(letter.body), *refused])[:400])
        except (Blocked, Failure) as failure:
            if isinstance(failure, Failure):
                self._after(failure)
            return Done(letter, failure=failure)

    def _address(self, letter: Letter) -> None:
        """Open the connection where there is none, and say from whom to whom.

        A server may have closed one that nobody used for a while: that says nothing about the letter.
        """
        if self.line is not None:
            try:
                return self.line.envelope(letter.sender, letter.mail.to)
            except Failure as failure:
                if failure.stage != "sender" or failure.code not in (0, 421):
                    raise
                self._close()
        self.line = open_line(self.wires.place)
        return self.line.envelope(letter.sender, letter.mail.to)

    def _after(self, failure: Failure) -> None:
        """A connection that is gone is closed; on any other the envelope is forgotten."""
        if self.line is None or failure.code in (0, 421) or failure.stage == "reset":
            self._close()
            return
        try:
            self.line.reset()
        except Failure:
            self._close()

    def _close(self) -> None:
        if self.line is not None:
            self.line.close()
            self.line = None
