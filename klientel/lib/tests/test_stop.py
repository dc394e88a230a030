"""Stopping on a signal."""

import os
import signal
import subprocess
import sys
import threading

from klientel.lib.stop import Stop

OFTEN = """
import random, signal, faulthandler
from klientel.lib.stop import Stop
faulthandler.dump_traceback_later(20, exit=True)
for _ in range(1000):
    stop = Stop()
    signal.signal(signal.SIGALRM, lambda *_: stop.set())
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 5e-4))
    while not stop.is_set():
        stop.wait(1e-5)
"""


SHORT = """
import faulthandler
from klientel.lib.stop import Stop
faulthandler.dump_traceback_later(20, exit=True)
for _ in range(20_000):
    Stop().wait(1e-6)
"""


def test_it_ends_a_wait_and_stays() -> None:
    stop = Stop()
    assert not stop.wait(0.0)
    assert not stop.wait(0.001)
    threading.Timer(0.02, stop.set).start()
    assert stop.wait(60)
    assert stop.is_set()
    assert stop.wait(60)


def test_a_signal_at_whatever_moment_stops_and_never_stands_still() -> None:
    assert _alone(OFTEN) == 0


def test_a_wait_that_is_over_before_it_began_ends() -> None:
    assert _alone(SHORT) == 0


def test_a_signal_ends_a_wait() -> None:
    stop = Stop()
    before = signal.signal(signal.SIGALRM, lambda *_: stop.set())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        assert stop.wait(60)
    finally:
        signal.signal(signal.SIGALRM, before)


def _alone(program: str) -> int:
    return subprocess.run([sys.executable, "-c", program], env=dict(os.environ), timeout=60, check=False).returncode
