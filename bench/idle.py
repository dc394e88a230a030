"""What all processes cost while nobody asks anything, and what a warm start costs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from bench import consumers, machine, place
from klientel.site.setup import ROOT

REST = 20.0


def measure() -> dict[str, Any]:
    """``klientel up`` twice: the first start collects what a release brings, the second is warm and counts."""
    _once(rest=1.0)
    return _once(rest=REST)


def _once(rest: float) -> dict[str, Any]:
    place.say("start of all processes")
    port = os.environ["KLIENTEL_PORT"]
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "klientel.site.settings"}
    begun = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "klientel.site.cli", "up"], cwd=ROOT, env=environ,
                               stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        answering(f"http://127.0.0.1:{port}/account/login", process)
        first, wall = _cpu(process.pid), time.monotonic() - begun
        time.sleep(6.0)
        all_up = _cpu(process.pid)
        caught_up = consumers.caught_up() if rest == REST else 0.0  # a base that was just loaded is read first
        time.sleep(2.0)
        before = _cpu(process.pid)
        time.sleep(rest)
        idle = (_cpu(process.pid) - before) / rest * 100
        ours = [p for p in machine.family(process.pid) if "postgres" not in machine.command(p)]
        return {
            "first_page_cpu_seconds": round(first, 2), "first_page_wall_seconds": round(wall, 2),
            "all_processes_cpu_seconds": round(all_up, 2), "idle_percent_of_a_core": round(idle, 2),
            "caught_up_before_idle_seconds": caught_up, "unread_left": consumers.unread(),
            "pss_mb": round(sum(machine.memory(p) for p in ours), 1), "processes": len(ours),
            "bar": "6 s to the first page, 12 s for all; 400 MB PSS without PostgreSQL",
        }  # fmt: skip
    finally:
        process.terminate()
        process.wait(40)


def _cpu(pid: int) -> float:
    """All processes of the family, those that ended among them, without the database."""
    family = [p for p in machine.family(pid) if "postgres" not in machine.command(p)]
    return sum(machine.cpu_with_ended(p) for p in family)


def answering(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the system that this process starts answers."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("Klientel did not start.")
