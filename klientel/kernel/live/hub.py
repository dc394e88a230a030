"""The streams that are open in this process, and the one connection that listens for all of them."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from klientel.kernel.jobs.direct import conninfo
from klientel.kernel.live import delivery, signals
from klientel.kernel.live.viewers import Viewer, still_here
from klientel.kernel.tenancy.models import Tenant

log = logging.getLogger("klientel.live")

MOST_OF_ONE = 12  # streams of one login
MOST_QUEUED = 1000  # messages that a slow browser may be behind
GATHER = 0.1  # seconds in which changes are gathered before rights are checked
BEAT = 20.0
RECHECK = 15.0

END: dict[str, Any] = {}


class Stream:
    """One browser that listens."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(MOST_QUEUED + 1)

    def put(self, message: dict[str, Any]) -> None:
        """Send, or end the stream of a browser that does not keep up: it comes back and asks what it missed."""
        if self.queue.qsize() >= MOST_QUEUED:
            self.end()
        else:
            self.queue.put_nowait(message)

    def end(self) -> None:
        """Nothing more will come."""
        while self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(END)


class Hub:
    """Delivers what the consumers hint at to the streams that may know it."""

    def __init__(self) -> None:
        self.streams: dict[UUID, set[Stream]] = defaultdict(set)
        self._pending: dict[UUID, delivery.Versions] = {}
        self._threads = ThreadPoolExecutor(2, "live")
        self._tasks: list[asyncio.Task[None]] = []
        self._hurry = asyncio.Event()
        self._changed = asyncio.Event()

    async def ask(self, fn: Callable[..., Any], *given: Any) -> Any:
        """A question to the database, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _closing, fn, *given)

    def everybody(self) -> list[Stream]:
        """Every open stream."""
        return [stream for some in self.streams.values() for stream in some]

    def join(self, viewer: Viewer) -> Stream | None:
        """A stream for this viewer; none where they have too many."""
        if sum(s.viewer.user == viewer.user for s in self.everybody()) >= MOST_OF_ONE:
            return None
        stream = Stream(viewer)
        self.streams[viewer.tenant].add(stream)
        if not self._tasks:
            self._tasks = [asyncio.create_task(t) for t in (self._listen(), self._deliver(), self._recheck())]
        return stream

    def leave(self, stream: Stream) -> None:
        """Forget a stream; with the last one the listening ends too."""
        some = self.streams.get(stream.viewer.tenant, set())
        some.discard(stream)
        if not some:
            self.streams.pop(stream.viewer.tenant, None)
            self._pending.pop(stream.viewer.tenant, None)
        if not self.streams:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def close(self) -> None:
        """End every stream: the process is to stop."""
        for stream in self.everybody():
            stream.end()

    # -- tasks ---------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        pause = 0.5
        while True:
            try:
                begun = time.monotonic()
                async with await psycopg.AsyncConnection.connect(**conninfo(), autocommit=True) as listening:
                    await listening.execute(f"LISTEN {signals.CHANNEL}")
                    async for hint in listening.notifies():
                        self.hear(orjson.loads(hint.payload))
            except (psycopg.Error, OSError) as error:
                log.warning("the database does not answer", exc_info=error)
            pause = 0.5 if time.monotonic() - begun > 60 else min(30.0, pause * 2)
            self.close()  # hints were lost: whoever comes back asks what it missed
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - only spreads the load

    def hear(self, hint: dict[str, Any]) -> None:
        """Take a hint of the consumers."""
        tenant = UUID(hint["t"])
        some = self.streams.get(tenant)
        if not some:
            return
        if signals.ACCESS in hint:
            self._hurry.set()
        elif signals.UNREAD in hint:
            counts = dict(hint[signals.UNREAD])
            for stream in some:
                if (count := counts.get(stream.viewer.member.hex)) is not None:
                    stream.put({"type": "notification", "count": count})
        else:
            versions = self._pending.setdefault(tenant, {}).setdefault(hint[signals.RECORDS], {})
            versions |= {UUID(i): v for i, v in hint["v"]}
            self._changed.set()

    async def _deliver(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(GATHER)
            self._changed.clear()
            pending, self._pending = self._pending, {}
            for tenant, changed in pending.items():
                members = {s.viewer.member for s in self.streams.get(tenant, ())}
                try:
                    seen = await self.ask(delivery.visible_to, tenant, members, changed)
                except (DatabaseError, InterfaceError, Tenant.DoesNotExist) as error:
                    log.warning("changes could not be delivered", exc_info=error)
                    continue
                for stream in tuple(self.streams.get(tenant, ())):
                    for message in delivery.messages(seen.get(stream.viewer.member, {})):
                        stream.put(message)

    async def _recheck(self) -> None:
        """End the streams whose session or membership ended."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), RECHECK)
            self._hurry.clear()
            viewers = {s.viewer for s in self.everybody()}
            try:
                left = await self.ask(still_here, viewers)
            except Exception as error:
                log.warning("sessions could not be checked", exc_info=error)
                continue
            for stream in self.everybody():
                if stream.viewer in viewers and stream.viewer not in left:
                    stream.end()


def _closing(fn: Callable[..., Any], *given: Any) -> Any:
    """Asked once more where the connection turns out to have died in the meantime."""
    for last in (False, False, True):
        try:
            return fn(*given)
        except (OperationalError, InterfaceError):
            if last:
                raise
        finally:
            connection.close()
    return None
