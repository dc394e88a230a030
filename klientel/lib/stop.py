"""A sign to stop that a signal may give at any moment."""

from __future__ import annotations

import time

STEP = 0.05  # seconds after which a wait looks up at the latest


class Stop:
    """Whether somebody has asked to stop. ``set`` may be called from other threads and by signal handlers.

    It holds nothing that a handler could find half done: a ``threading.Event`` stands still for ever where the signal
    comes while the thread is inside its ``wait`` (both want the same lock), and so does ``SimpleQueue.get`` where its
    time ran out before it came to wait (CPython 3.11 takes the negative rest for no limit). So a wait sleeps in steps.
    """

    def __init__(self) -> None:
        self._asked = False

    def set(self) -> None:
        """Ask for it."""
        self._asked = True

    def is_set(self) -> bool:
        """Whether it was asked for."""
        return self._asked

    def wait(self, seconds: float) -> bool:
        """Until it is asked for, at most so long; whether it was. For one thread, the one that is to stop."""
        end = time.monotonic() + seconds
        while not self._asked and (rest := end - time.monotonic()) > 0:
            time.sleep(min(rest, STEP))
        return self._asked
