"""A real browser for flows, as a pytest plugin: Debian's Chromium driven by Playwright.

``page`` is a fresh page at the in-process ``live_server``; ``system`` is the whole of Klientel as its own processes.
A page fails its test where the console showed an error, a script threw, or the server answered 5xx; a flow that
expects one takes it out of ``page.faults``.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from klientel.site.setup import ROOT
from klientel.site.testing import clone_of_template, environment

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 30_000  # for what is to come; how fast it comes is measured by the bench


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, started once."""
    from playwright.sync_api import sync_playwright

    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.fail("Chromium is missing; `make setup-dev` brings it.")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=[*flags, "--disable-dev-shm-usage"])
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """``new_page(base_url, **context)``: a page in a context of its own; a fault on it fails the test at its end."""
    contexts: list[Any] = []
    pages: list[Any] = []

    def make(base_url: str, **options: Any) -> Any:
        settled = {"locale": "de-DE", "viewport": {"width": 1280, "height": 800}} | options
        context = browser.new_context(base_url=base_url, **settled)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        watch(page)
        if settled.get("java_script_enabled", True):
            await_scripts(page)
        contexts.append(context)
        pages.append(page)
        return page

    yield make
    faults = [fault for page in pages for fault in page.faults]
    for context in contexts:
        context.close()
    assert not faults, "\n".join(faults)


def await_scripts(page: Any) -> None:
    """From here on whoever leads ``page`` to an address goes on when its scripts listen; before, a click on what they
    make more of leads where it leads without them."""

    def then_ready(lead: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(lead)
        def led(*args: Any, **kwargs: Any) -> Any:
            answer = lead(*args, **kwargs)
            if page.locator("script[src$='/app.js']").count():
                page.locator("html[data-ready]").wait_for(state="attached")
            return answer

        return led

    for name in ("goto", "reload", "go_back", "wait_for_url"):
        setattr(page, name, then_ready(getattr(page, name)))


def watch(page: Any) -> None:
    """Collect what went wrong on ``page`` in ``page.faults``."""
    page.faults = []
    page.on("console", lambda line: line.type == "error" and page.faults.append(f"console: {line.text}"))
    page.on("pageerror", lambda error: page.faults.append(f"script: {error}"))
    page.on("response", lambda got: got.status >= 500 and page.faults.append(f"{got.status}: {got.url}"))


@pytest.fixture
def page(new_page: Callable[..., Any], live_server: Any) -> Any:
    """A page at the in-process server, on this test's own database."""
    return new_page(live_server.url)


@dataclass
class System:
    """Klientel as it runs for real, on a database of its own."""

    url: str
    environment: dict[str, str]
    process: subprocess.Popen[str]

    def run(self, *words: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """``klientel …`` on the same database."""
        command = [sys.executable, "-m", "klientel.site.cli", *words]
        environ = self.environment | more
        done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, done.stderr
        return done


def free_ports() -> tuple[int, int]:
    """Two neighbouring ports nobody listens on."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            first = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", first + 1))
            except OSError:
                continue
            return first, first + 1


@contextmanager
def running(purpose: str, home: Path, **more: str) -> Iterator[System]:
    """All processes on a database and in a home folder of their own, with ``more`` in their environment."""
    with clone_of_template(purpose) as name:
        web, live = free_ports()
        environ = environment(name) | {
            "KLIENTEL_HOME": str(home),
            "KLIENTEL_PORT": str(web),
            "KLIENTEL_LIVE_PORT": str(live),
            "KLIENTEL_DATABASE_POOL": "4",
            **more,
        }
        with (home / "log").open("w+") as log:
            command = [sys.executable, "-m", "klientel.site.cli", "up"]
            process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=log, stderr=log, text=True)
            try:
                await_answer(f"http://127.0.0.1:{web}/", process, home / "log")
                yield System(f"http://127.0.0.1:{web}", environ, process)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """All processes, started once for the whole run."""
    with running("system", tmp_path_factory.mktemp("home")) as made:
        yield made


def await_answer(url: str, process: subprocess.Popen[str], log: Path, seconds: float = 180) -> None:
    """Wait until the pages answer; fail with the log where they do not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            urlopen(url, timeout=30).close()
        except URLError as error:
            if hasattr(error, "code"):
                return  # an answer all the same
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"Klientel does not answer at {url}:\n{log.read_text()}")
