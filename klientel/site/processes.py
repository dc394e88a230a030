"""The processes of one machine: web, live, worker, consumers; forked from one parent that has imported everything.

So their memory is mostly shared, a killed one is back at once, and a program that stops takes them all with it.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from types import FrameType
from typing import Any

import django
from django.conf import settings

from klientel.site.postgres import Embedded
from klientel.site.setup import Setup, SetupError

PATIENCE = 15.0
LONGEST_PAUSE = 30.0
PR_SET_PDEATHSIG = 1

log = logging.getLogger("klientel.processes")


# -- what each process does ------------------------------------------------------------------------------------------


def web(setup: Setup) -> None:
    """Pages and API: WSGI by granian."""
    _granian("wsgi", "klientel.site.wsgi", setup.port, setup.web_processes, setup.web_threads)


def live(setup: Setup) -> None:
    """The live streams of browsers."""
    import_module("klientel.site.live").run(setup.host, setup.live_port)


def worker(setup: Setup) -> None:
    """Jobs, on a connection past any PgBouncer."""
    import_module("klientel.kernel.jobs.worker").run(setup.worker_jobs)


def consumers(setup: Setup) -> None:
    """Reactions to events; ends when SIGTERM arrives."""
    del setup
    import_module("klientel.kernel.events.consuming").run()


ROLES: dict[str, Callable[[Setup], None]] = {"web": web, "live": live, "worker": worker, "consumers": consumers}
NEEDED = {"live": "klientel.site.live", "consumers": "klientel.kernel.events.consuming"}


def roles() -> list[str]:
    """The processes that ``klientel up`` starts."""
    return list(ROLES)


def _granian(interface: str, module: str, port: int, processes: int, threads: int | None) -> None:
    from granian import Granian
    from granian.constants import Interfaces

    server = Granian(
        f"{module}:application",
        address=settings.SETUP.host,
        port=port,
        interface=Interfaces(interface),
        workers=processes,
        blocking_threads=threads,
        backpressure=None if threads is None else max(64, threads * 16),
        websockets=False,
        log_enabled=False,
        workers_kill_timeout=10,
    )

    def application(*_: object) -> Any:
        die_with_parent(signal.SIGKILL)
        return import_module(module).application

    server.serve(target_loader=application)


# -- the parent ----------------------------------------------------------------------------------------------------


@dataclass
class Child:
    """One process that is kept running."""

    name: str
    pid: int = 0
    begun: float = 0.0
    pause: float = 0.0
    due: float = 0.0


@dataclass
class Family:
    """Starts the processes, restarts whichever ends, stops all of them."""

    setup: Setup
    names: list[str]
    server: Embedded | None = None
    children: list[Child] = field(default_factory=list)
    stopping: bool = False
    bell: int = -1

    def run(self, announce: Callable[[], None]) -> None:
        """Until SIGTERM or Ctrl+C; ``announce`` is called once when the pages answer.

        Raises :class:`SetupError` where somebody took a port since the command began: making a demo takes minutes.
        """
        refuse_taken_ports(self.setup, self.names)
        self.children = [Child(name) for name in self.names]
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only so that a pause ends
        self.bell, ringer = os.pipe()
        for end in (self.bell, ringer):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)
        preload(self.names)
        try:
            self._keep_running(announce)
        finally:
            self._end_all()

    def _keep_running(self, announce: Callable[[], None]) -> None:
        told = False
        while not self.stopping:
            self._keep_server()
            self._reap()
            self._start_due()
            if not told and ("web" not in self.names or answers(self.setup.host, self.setup.port)):
                told = True
                announce()
            self._pause(self._until_due(5.0 if told else 0.05))

    def _keep_server(self) -> None:
        """The embedded PostgreSQL is a process like the others: killed, it is started again and recovers."""
        if self.server is not None and not self.server.runs():
            log.warning("PostgreSQL ended, starting it again")
            self.server.start()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.stopping = True

    def _pause(self, seconds: float) -> None:
        """Until a signal arrives; sleep would go on sleeping."""
        if select.select([self.bell], [], [], seconds)[0]:
            os.read(self.bell, 4096)

    def _until_due(self, longest: float) -> float:
        now = time.monotonic()
        return max(0.0, min([longest, *(child.due - now for child in self.children if not child.pid)]))

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if not child.pid and now >= child.due:
                child.begun = now
                child.pid = _fork(child.name, self.setup)

    def _reap(self) -> None:
        """Note who has ended; the first restart comes at once, a process that keeps failing waits longer each time."""
        for child in self.children:
            if not child.pid or not _ended(child.pid):
                continue
            lived = time.monotonic() - child.begun
            child.pause = 0.0 if lived > 10 else min(LONGEST_PAUSE, child.pause * 2 or 0.25)
            child.pid, child.due = 0, time.monotonic() + (child.pause if child.pause > 0.25 else 0.0)
            log.warning("process ended, starting it again", extra={"klientel_process": child.name})

    def _end_all(self) -> None:
        for number, patience in ((signal.SIGTERM, PATIENCE), (signal.SIGKILL, 5.0)):
            for child in self.children:
                if child.pid:
                    os.kill(child.pid, number)
            end = time.monotonic() + patience
            while time.monotonic() < end and any(child.pid for child in self.children):
                for child in self.children:
                    if child.pid and _ended(child.pid):
                        child.pid = 0
                self._pause(0.05)


#: objects more than before, and rounds of the younger generations, until one is looked through
SELDOM = (20_000, 20, 50)


def preload(names: list[str]) -> None:
    """Import what the processes need, so that they share the memory."""
    django.setup()
    import_module("granian")
    for name in names:
        if name in NEEDED:
            import_module(NEEDED[name])
    if "web" in names:
        import_module("klientel.site.wsgi")
        import_module("django.urls").get_resolver().url_patterns  # noqa: B018 - reading it imports every view
    if "worker" in names:
        import_module("klientel.kernel.jobs.worker")
    rarely_collect()


def rarely_collect() -> None:
    """What is imported stays for good and is not looked through again; requests seldom leave a ring."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


def _fork(name: str, setup: Setup) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        os.setpgid(0, 0)  # Ctrl+C is for the parent, which then stops its children in order
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        die_with_parent(signal.SIGTERM)
        if os.getppid() == parent:
            _name_process(name)
            ROLES[name](setup)
            code = 0
    except (KeyboardInterrupt, SystemExit):
        code = 0
    except BaseException as error:  # the end of a process: say why, then leave without the parent's clean-up
        log.error("process failed", exc_info=error, extra={"klientel_process": name})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def die_with_parent(number: int) -> None:
    """Ask Linux to send this process a signal when its parent ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)


def _name_process(name: str) -> None:
    """What ``ps`` and ``top`` show in their short column."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(15, f"klientel-{name}".encode()[:15], 0, 0, 0)


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def answers(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    place = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared
    try:
        socket.create_connection((place, port), timeout=0.2).close()
    except OSError:
        return False
    return True


def refuse_taken_ports(setup: Setup, names: list[str]) -> None:
    """One clear sentence instead of two servers that share a port by accident."""
    for name, port in (("web", setup.port), ("live", setup.live_port)):
        if name in names and answers(setup.host, port):
            raise SetupError(
                f"Port {port} is in use; stop the program that listens there or set another KLIENTEL_PORT."
            )
