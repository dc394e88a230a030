"""Asks two servers the same questions in turns and says what each answer cost, application and database."""

from __future__ import annotations

import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from bench import machine


@dataclass(frozen=True)
class Request:
    """One question."""

    path: str
    method: str = "GET"
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


Maker = Callable[[int], Request]


class Server:
    """One web process and its connections to the database."""

    def __init__(self, name: str, port: int, database: Callable[[str], float], **environ: str) -> None:
        self.name, self.port, self._database = name, port, database
        given = os.environ | {"BENCH_NAME": name, "KLIENTEL_DATABASE_POOL": "1"} | environ
        self.process = subprocess.Popen([sys.executable, "-m", "bench.serve", str(port)], env=given)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}
        try:
            self._await()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _await(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit(f"The server {self.name} ended.")
            try:
                self.ask(Request("/persons" if self.name == "bare" else "/healthz"))
            except OSError:
                self.connection.close()
                time.sleep(0.1)
            else:
                return
        raise SystemExit(f"The server {self.name} does not answer.")

    def stop(self) -> None:
        """End it."""
        self.connection.close()
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            for pid in machine.family(self.process.pid):
                os.kill(pid, signal.SIGKILL)

    def ask(self, request: Request, *, signed_in: bool = True) -> tuple[int, bytes]:
        """Status and body of an answer."""
        headers = dict(request.headers)
        if signed_in and self.cookies and "Authorization" not in headers:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        self.connection.request(request.method, request.path, request.body, headers)
        answer = self.connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _eq, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.read()

    def sign_in(self, email: str, password: str) -> None:
        """As a person does."""
        self.connection.close()  # the server ends connections that are quiet for long, and others had to start
        self.cookies.clear()
        _status, page = self.ask(Request("/account/login"))
        found = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        form = urlencode(
            {"login": email, "password": password, "csrfmiddlewaretoken": found[1].decode() if found else ""}
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://127.0.0.1:{self.port}/"}
        status, body = self.ask(Request("/account/login", "POST", form.encode(), headers))
        if status != 302:
            raise SystemExit(f"Signing in failed: {status}\n{body[:500].decode(errors='replace')}")

    def cost(self) -> tuple[float, float]:
        """CPU seconds so far: of the application, of the database."""
        return sum(map(machine.cpu, machine.family(self.process.pid))), self._database(f"bench-{self.name}")


@dataclass
class Figure:
    """What one question cost one server: CPU milliseconds per request and response times."""

    app: float = 0.0
    database: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    size: int = 0

    @property
    def cpu(self) -> float:
        """Application and database together, milliseconds per request."""
        return (self.app + self.database) / max(1, len(self.times)) * 1000

    def plain(self) -> dict[str, Any]:
        """For the report."""
        n = max(1, len(self.times))
        cut = statistics.quantiles(self.times, n=20) if len(self.times) > 1 else [0.0] * 19
        return {
            "cpu_ms": round(self.cpu, 3), "app_ms": round(self.app / n * 1000, 3),
            "database_ms": round(self.database / n * 1000, 3), "p50_ms": round(statistics.median(self.times) * 1000, 2),
            "p95_ms": round(cut[18] * 1000, 2), "requests": n, "statuses": self.statuses, "bytes": self.size,
        }  # fmt: skip


def batch(server: Server, make: Maker, numbers: range, figure: Figure) -> None:
    """Some requests in a row, added to the figure."""
    server.connection.close()  # the server ends connections that are quiet for long
    before = server.cost()
    for n in numbers:
        request = make(n)
        begun = time.perf_counter()
        status, body = server.ask(request)
        figure.times.append(time.perf_counter() - begun)
        figure.statuses[status] = figure.statuses.get(status, 0) + 1
        figure.size = len(body)
    after = server.cost()
    figure.app += after[0] - before[0]
    figure.database += after[1] - before[1]


def in_turns(sides: dict[str, tuple[Server, Maker]], *, rounds: int, size: int) -> dict[str, Figure]:
    """Ask all sides in turns; the first batch warms up and does not count."""
    figures = {name: Figure() for name in sides}
    for name, (server, make) in sides.items():
        batch(server, make, range(-size, 0), Figure())
        del name
    for turn in range(rounds):
        for name, (server, make) in sides.items():
            batch(server, make, range(turn * size, (turn + 1) * size), figures[name])
    return figures
