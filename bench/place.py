"""Where the figures are taken: a home folder of the bench with the embedded PostgreSQL as it runs for real."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from bench import machine
from klientel.site.setup import ROOT

SETTINGS = {"DJANGO_SETTINGS_MODULE": "klientel.site.settings"}  # of every process but the measuring ones
LOADED = "2"  # counts up when `data.fill` makes something else


def home(persons: int) -> Path:
    """Kept between runs, one for each size."""
    return ROOT / "var" / f"bench-{persons}"


def free_port() -> int:
    """A port whose neighbour is free too."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def settle(folder: Path) -> None:
    """From here on this process and its children work in this home; one loaded otherwise is made anew.

    One of an older schema is migrated, as a customer's is.
    """
    mark = folder / "loaded.key"
    if folder.exists() and (not mark.exists() or mark.read_text() != LOADED):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(LOADED)
    for name in [n for n in os.environ if n.startswith("KLIENTEL_")]:
        del os.environ[name]
    port = free_port()
    os.environ |= {
        "KLIENTEL_HOME": str(folder), "KLIENTEL_PORT": str(port), "KLIENTEL_LIVE_PORT": str(port + 1),
        "KLIENTEL_LOG_LEVEL": "error", "DJANGO_SETTINGS_MODULE": "bench.settings",
    }  # fmt: skip


def klientel(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """``klientel …`` in this home."""
    return subprocess.run(
        _command(*words), env=os.environ | SETTINGS | more, cwd=ROOT, capture_output=True, text=True, check=True
    )


@contextmanager
def up(*only: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """``klientel up`` in this home, with all processes or ``only`` these, from when it stands; ended afterwards."""
    words = [word for one in only for word in ("--only", one)]
    environ = os.environ | SETTINGS | more
    environ.pop("KLIENTEL_DATABASE_POOL", None)  # that of :func:`bench.bulk.worker`, for one process
    with subprocess.Popen(_command("up", *words), env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.terminate()


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "klientel.site.cli", *words]


@cache
def watcher() -> Any:
    """One connection as superuser for all of the measuring, so that looking costs nothing."""
    from django.conf import settings

    return settings.SERVER.connect()


def database_cpu(name: str) -> float:
    """Seconds of the connections of this name, and of everything that the server started and that has ended.

    The latter are the parallel workers of a query; autovacuum is off while this is asked.
    """
    found = watcher().execute("select pid from pg_stat_activity where application_name = %s", [name]).fetchall()
    return sum(machine.cpu(int(row[0])) for row in found) + machine.ended(postmaster())


def postmaster_now() -> int:
    """The server's first process, which may be another one than before."""
    from django.conf import settings

    return int((settings.SERVER.data / "postmaster.pid").read_text().split()[0])


postmaster = cache(postmaster_now)


@contextmanager
def quiet() -> Iterator[None]:
    """No autovacuum inside this block: what the server does for itself is nobody's request."""
    watcher().execute("alter system set autovacuum = off")
    watcher().execute("select pg_reload_conf()")
    try:
        yield
    finally:
        watcher().execute("alter system reset autovacuum")
        watcher().execute("select pg_reload_conf()")


def say(text: str) -> None:
    """A line of progress."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def facts(folder: Path) -> dict[str, Any]:
    """What the loading noted; empty before."""
    path = folder / "bench.json"
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return known
