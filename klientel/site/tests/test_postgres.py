"""The embedded server: starts, is adopted, survives kill -9, asks for a password, stops with its last user."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from klientel.site import roles
from klientel.site.postgres import Embedded
from klientel.site.setup import ROOT


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that another account may enter (pytest's own are closed)."""
    place = Path(tempfile.mkdtemp(prefix="klientel-"))
    place.chmod(0o755)
    yield place
    Embedded(place, throw_away=True).stop()
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def home() -> Iterator[Path]:
    with folder() as place:
        yield place


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    with folder() as place, Embedded(place, throw_away=True).serving() as started:
        roles.prepare(started)
        yield started


def test_a_second_start_adopts_and_the_last_user_stops_it(home: Path) -> None:
    first, second = Embedded(home, throw_away=True), Embedded(home, throw_away=True)
    assert first.start() is True
    assert second.start() is False
    first.release()
    assert second.answers()
    second.release()
    assert not second.answers()
    assert not second.runs()


def test_what_was_committed_survives_a_kill(home: Path) -> None:
    with Embedded(home).serving() as server:
        roles.prepare(server)
        with server.connect("klientel_owner") as owner:
            owner.execute("create table kept (n int)")
            owner.execute("insert into kept values (1)")
        os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        assert server.process is not None
        server.process.wait(10)
        assert not server.runs()
        assert server.start() is True
        with server.connect("klientel_owner") as owner:
            assert owner.execute("select n from kept").fetchall() == [(1,)]


def test_a_killed_server_starts_again_while_its_processes_are_still_leaving(home: Path) -> None:
    with Embedded(home, throw_away=True).serving() as server:
        session = server.connect(name="postgres")
        leaving = session.info.backend_pid
        os.kill(leaving, signal.SIGSTOP)  # it holds the shared memory for a while
        os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        done = Event()

        def others_leave() -> None:
            with server.log.open("a") as log:
                for n in range(1500):
                    log.write(f"2026-01-01 00:00:00.000 UTC [{n}] FATAL:  terminating connection\n")
                    log.flush()
                    time.sleep(0.001)
            os.kill(leaving, signal.SIGCONT)
            done.set()

        Thread(target=others_leave).start()
        try:
            assert server.start()
            assert done.is_set()
            assert server.answers()
        finally:
            done.wait()
            session.close()


def test_a_pid_given_to_another_process_does_not_fool_it(home: Path) -> None:
    server = Embedded(home, throw_away=True)
    server.start()
    server.release()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n")
    server.stop()  # would end this very process
    assert server.start() is True
    server.release()


def test_nothing_listens_on_the_network_and_a_password_is_asked(server: Embedded) -> None:
    with server.connect() as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
    wrong = server.database("klientel_app").conninfo() | {"password": "wrong"}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**wrong)


@pytest.mark.parametrize(("free_gb", "room"), [(2, "1GB"), (40, "4GB"), (900, "8GB")])
def test_its_log_takes_a_tenth_of_what_is_free(
    home: Path, monkeypatch: pytest.MonkeyPatch, free_gb: int, room: str
) -> None:
    usage = shutil.disk_usage(home)._replace(free=free_gb * 2**30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    with Embedded(home, throw_away=True).serving() as server:
        roles.prepare(server)
        with server.connect() as connection:
            assert connection.execute("show max_wal_size").fetchone() == (room,)


def test_passwords_and_data_are_private(server: Embedded) -> None:
    assert stat.S_IMODE((server.home / "database.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700


def test_roles_have_no_more_than_they_need(server: Embedded) -> None:
    with server.connect() as connection:
        powers = connection.execute(
            "select rolname, rolsuper, rolbypassrls, rolcreaterole from pg_roles"
            " where rolname like 'klientel%' order by rolname"
        ).fetchall()
    assert powers == [
        ("klientel_app", False, False, False),
        ("klientel_backup", False, True, False),
        ("klientel_owner", False, False, False),
        ("klientel_super", True, True, True),
    ]


def test_the_application_writes_rows_but_no_tables(server: Embedded) -> None:
    with server.connect("klientel_owner") as owner:
        owner.execute("create table thing (n int)")
    with server.connect("klientel_app") as application:
        application.execute("insert into thing values (1)")
        for statement in ("truncate thing", "drop table thing", "alter table thing add m int", "create table mine ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(statement)
    with server.connect("klientel_backup") as backup:
        assert backup.execute("select n from thing").fetchall() == [(1,)]
        with pytest.raises(psycopg.Error):
            backup.execute("insert into thing values (2)")


def test_search_operators_are_leakproof_and_a_missing_mark_is_told(server: Embedded) -> None:
    with server.connect() as connection:
        assert roles.not_leakproof(connection) == []
        connection.execute("alter function ts_match_vq(tsvector, tsquery) not leakproof")
        assert roles.not_leakproof(connection) == ["ts_match_vq(tsvector,tsquery)"]
        assert roles.mark_leakproof(connection) == 1
        assert roles.not_leakproof(connection) == []


def test_a_long_path_gets_a_socket_elsewhere(home: Path) -> None:
    deep = home / ("x" * 90)
    server = Embedded(deep, throw_away=True)
    assert len(os.fsencode(server.sockets / ".s.PGSQL.5432")) < 107
    with server.serving():
        assert server.answers()
    shutil.rmtree(server.sockets)


def test_two_that_start_at_once_share_one_server(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from klientel.site.postgres import Embedded; "
        "s = Embedded(Path(sys.argv[1]), throw_away=True); print(s.start(), flush=True); sys.stdin.read()"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(home)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [one.stdout.readline().strip() for one in both if one.stdout]
    assert sorted(told) == ["False", "True"]
    for one in both:
        one.communicate("")
    Embedded(home, throw_away=True).stop()


def test_a_process_that_is_killed_leaves_a_server_that_the_next_one_stops(home: Path) -> None:
    code = (
        "import sys, os, signal; from pathlib import Path; from klientel.site.postgres import Embedded; "
        "Embedded(Path(sys.argv[1]), throw_away=True).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(home)], cwd=ROOT, check=False)
    server = Embedded(home, throw_away=True)
    begun = time.monotonic()
    assert server.start() is False
    assert time.monotonic() - begun < 5
    server.release()
    assert not server.answers()
