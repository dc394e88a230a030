"""All of Klientel as its own processes: it answers, comes back when killed, stops without leaving anything."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from klientel.site import processes
from klientel.site.browser import await_answer, free_ports
from klientel.site.setup import ROOT, SetupError
from klientel.site.setup import read as setup_of
from klientel.site.testing import _server as server
from klientel.site.testing import clone_of_template, environment


class Running:
    """``klientel up`` on a database of its own."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self.environ, self.log = environ, log
        with log.open("w") as out:
            command = [sys.executable, "-m", "klientel.site.cli", "up"]
            self.process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=out, stderr=out, text=True)
        self.url = f"http://127.0.0.1:{environ['KLIENTEL_PORT']}/"
        await_answer(self.url, self.process, log)

    def answers(self) -> bool:
        try:
            urlopen(self.url, timeout=2).close()
        except HTTPError:
            return True
        except OSError:
            return False
        return True

    def children(self) -> dict[str, int]:
        """Name to process id of what it started."""
        return {(Path("/proc") / str(pid) / "comm").read_text().strip(): pid for pid in children_of(self.process.pid)}


def children_of(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def family_of(pid: int) -> list[int]:
    return [pid, *(other for child in children_of(pid) for other in family_of(child))]


def until(true: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def gone(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    home = tmp_path_factory.mktemp("processes")
    with clone_of_template("processes") as name:
        yield environment(name) | {"KLIENTEL_HOME": str(home)}


@pytest.fixture
def running(environ: dict[str, str], tmp_path: Path) -> Iterator[Running]:
    web, live = free_ports()
    started = Running(environ | {"KLIENTEL_PORT": str(web), "KLIENTEL_LIVE_PORT": str(live)}, tmp_path / "log")
    yield started
    if started.process.poll() is None:
        started.process.send_signal(signal.SIGTERM)
        started.process.wait(30)


def test_each_process_comes_back_when_killed(running: Running) -> None:
    before = running.children()
    assert {f"klientel-{name}"[:15] for name in processes.roles()} == set(before)
    for name, pid in before.items():
        os.kill(pid, signal.SIGKILL)
        assert until(lambda name=name, pid=pid: running.children().get(name, pid) != pid, 1.0), name
    assert until(running.answers)


def test_a_start_warns_of_missing_leakproof_marks(environ: dict[str, str]) -> None:
    name = urlsplit(environ["KLIENTEL_DATABASE_URL"]).path[1:]
    with server.connect(name=name) as superuser:
        superuser.execute("alter function lower(text) not leakproof")
    command = [sys.executable, "-m", "klientel.site.cli", "up", "--only", "consumers"]
    try:
        with subprocess.Popen(command, env=environ, cwd=ROOT, stderr=subprocess.PIPE, text=True) as started:
            assert started.stderr is not None
            told = next(line for line in started.stderr if line.startswith("WARNING"))
            started.send_signal(signal.SIGTERM)
    finally:
        with server.connect(name=name) as superuser:
            superuser.execute("alter function lower(text) leakproof")
    assert "lower(text) is not marked leakproof" in told


def test_scripts_may_be_kept_for_ever_and_find_each_other(running: Running) -> None:
    with urlopen(f"{running.url}account/login", timeout=30) as page:
        address = re.search(r'src="(/static/js/[0-9a-f]{12}/)app\.js"', page.read().decode())
    assert address is not None
    with urlopen(f"{running.url[:-1]}{address[1]}app.js", timeout=30) as script:
        assert "immutable" in script.headers["Cache-Control"]
        imported = re.findall(r'import[^"]*"\./([\w.-]+)"', script.read().decode())
    assert imported
    for name in imported:
        urlopen(f"{running.url[:-1]}{address[1]}{name}", timeout=30).close()


def test_a_second_start_on_the_same_port_is_refused_in_one_line(running: Running) -> None:
    command = [sys.executable, "-m", "klientel.site.cli", "up"]
    done = subprocess.run(command, env=running.environ, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"Port {running.environ['KLIENTEL_PORT']} is in use" in done.stderr


def test_a_port_that_was_taken_while_the_start_prepared_is_refused() -> None:
    web, live = free_ports()
    setup = setup_of({"KLIENTEL_PORT": str(web), "KLIENTEL_LIVE_PORT": str(live)})
    with socket.create_server(("127.0.0.1", live)), pytest.raises(SetupError, match=f"Port {live} is in use"):
        processes.Family(setup, ["live"]).run(lambda: None)


def test_sigterm_ends_everything(running: Running) -> None:
    family = family_of(running.process.pid)
    begun = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(20) == 0
    assert time.monotonic() - begun < 15
    assert until(lambda: all(gone(pid) for pid in family))


def test_killing_the_parent_ends_its_children(running: Running) -> None:
    family = family_of(running.process.pid)
    assert len(family) > len(processes.roles())
    running.process.kill()
    running.process.wait(60)
    assert until(lambda: all(gone(pid) for pid in family))
    assert not running.answers()


def test_a_wrong_setting_is_one_line() -> None:
    environ = dict(os.environ) | {"KLIENTEL_PROT": "1"}
    command = [sys.executable, "-m", "klientel.site.cli", "check"]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("klientel: Unknown setting KLIENTEL_PROT")
    assert done.stderr.count("\n") == 1


def test_free_ports_are_neighbours() -> None:
    one, two = free_ports()
    assert two == one + 1
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", one)) != 0
