"""Long transfers make millions of small objects and no rings: looking for rings all the time costs a quarter more."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (50_000, 20, 20)
_lock = threading.Lock()
_inside = 0
_before = gc.get_threshold()


@contextmanager
def calm() -> Iterator[None]:
    """Inside this block the collector of rings looks seldom, and only at what was made inside. Nests, in any thread."""
    global _inside, _before
    with _lock:
        _inside += 1
        if _inside == 1:
            _before = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                gc.set_threshold(*_before)
                gc.unfreeze()
