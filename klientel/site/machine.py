"""What the machine gives PostgreSQL: an account to run under, folders it may enter, locks, private files."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SYSTEM_USER = "klientel-pg"


class PostgresError(Exception):
    """PostgreSQL cannot be had; the text is one sentence for the administrator."""


def say(text: str) -> None:
    """Tell the administrator what is done on this machine."""
    print(f"klientel: {text}", file=sys.stderr, flush=True)


def account() -> pwd.struct_passwd | None:
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


def may_enter(folder: Path, account: pwd.struct_passwd | None) -> bool:
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


def reachable_root(home: Path, account: pwd.struct_passwd | None) -> Path:
    root = home / "pg"
    if may_enter(root.parent, account):
        return root
    other = Path("/var/lib/klientel") / hashlib.sha256(str(home).encode()).hexdigest()[:12]
    if not other.exists():
        say(f"the database is kept in {other}, because {SYSTEM_USER} may not enter {home}")
        other.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    return other


def socket_folder(root: Path) -> Path:
    """Beside the data, or in the temporary folder where the path would be too long for a socket (107 bytes)."""
    near = root / "run"
    if len(os.fsencode(near)) <= 85:
        return near
    return Path(tempfile.gettempdir()) / f"klientel-{hashlib.sha256(str(root).encode()).hexdigest()[:16]}"


def own_folder(path: Path, account: pwd.struct_passwd | None) -> None:
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
def locked(path: Path) -> Iterator[None]:
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def alive(pid: int) -> bool:
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
