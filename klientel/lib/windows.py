"""How often somebody came within a while, counted in each process for itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable


class Counter:
    """Counts visits; where more than `most_kept` are told apart, all are forgotten, so that it never grows further."""

    def __init__(self, most_kept: int) -> None:
        self._most_kept, self._lock = most_kept, threading.Lock()
        self._seen: dict[Hashable, tuple[float, int]] = {}  # since when, how many

    def count(self, who: Hashable, window: float) -> tuple[int, float]:
        """Count one more: how many came before it in this window of seconds, and in how many seconds that ends."""
        now = time.monotonic()
        with self._lock:
            since, before = self._seen.get(who, (now, 0))
            if now - since >= window:
                since, before = now, 0
            if len(self._seen) >= self._most_kept:
                self._seen.clear()
            self._seen[who] = since, before + 1
        return before, since + window - now

    def forget(self) -> None:
        """Count anew, as at the start of the process."""
        with self._lock:
            self._seen.clear()
