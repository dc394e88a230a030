"""Long transfers make millions of small objects and no rings: looking for rings all the time costs a quarter more.

And while a second thread reads ahead, whoever waits for the database must not wait for that thread as well: 5 ms after
each of twenty statements of a chunk.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (50_000, 20, 20)
_TURN = 0.0002  # seconds that a thread works on while another wants to
_lock = threading.Lock()
_inside = 0
_before = gc.get_threshold()
_turn = sys.getswitchinterval()


@contextmanager
def calm() -> Iterator[None]:
    """Inside this block the collector of rings looks seldom, and only at what was made inside, and threads take short
    turns. Nests, in any thread."""
    global _inside, _before, _turn
    with _lock:
        _inside += 1
        if _inside == 1:
            _before, _turn = gc.get_threshold(), sys.getswitchinterval()
            sys.setswitchinterval(_TURN)
            gc.freeze()
            gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                gc.set_threshold(*_before)
                sys.setswitchinterval(_turn)
                gc.unfreeze()
