"""A sign to stop that a signal may give at any moment."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue


class Stop:
    """Whether somebody has asked to stop. ``set`` may be called from other threads and by signal handlers.

    By the latter a ``threading.Event`` may not be set: where the signal comes while the thread is inside its ``wait``,
    both want the same lock, and the thread stands still for ever. ``SimpleQueue.put`` is made for that.
    """

    def __init__(self) -> None:
        self._asked = False
        self._bell: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Ask for it."""
        self._asked = True
        self._bell.put(None)

    def is_set(self) -> bool:
        """Whether it was asked for."""
        return self._asked

    def wait(self, seconds: float) -> bool:
        """Until it is asked for, at most so long; whether it was. For one thread, the one that is to stop."""
        if not self._asked and seconds > 0:
            with suppress(Empty):
                self._bell.get(timeout=seconds)
        return self._asked
