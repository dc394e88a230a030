"""Pictures of the pages, light, dark and on a phone: ``python scripts/screenshots.py [--all] [FOLDER]``.

Starts the demo in a home folder of its own (or uses ``--home``), signs in as Katrin Weber and looks around.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "phone": {
        "color_scheme": "light", "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True,
        "has_touch": True,
    },
}  # fmt: skip
#: name of the picture and address; a name in angle brackets is the first record of that list
PAGES = {
    "home": "/", "persons": "/persons/", "person": "<persons>", "organisations": "/organisations/",
    "organisation": "<organisations>", "tasks": "/tasks/", "calls": "/calls/", "meetings": "/meetings/",
    "search": "/search?q=meier", "new-person": "/persons/new", "import": "/import", "trash": "/trash",
    "settings": "/settings", "roles": "/roles/", "members": "/members/", "profile": "/account/profile",
    "security": "/account/security", "changes": "<persons>history",
}  # fmt: skip
#: those that the README and the guide show
SHOWN = ("home", "persons", "person", "organisation", "search", "import", "changes")


def free_port() -> int:
    """A port whose neighbour is free too."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@contextmanager
def demo(home: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The demo while the pictures are taken: its address and logins."""
    port = free_port()
    environ = {k: v for k, v in os.environ.items() if not k.startswith("KLIENTEL_")}
    environ |= {"KLIENTEL_HOME": str(home), "KLIENTEL_PORT": str(port), "KLIENTEL_LOG_LEVEL": "error"}
    process = subprocess.Popen([sys.executable, "-m", "klientel.site.cli", "demo"], cwd=ROOT, env=environ,
                               stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 180
        while not answers(f"{address}/healthz"):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit("The demo did not start.")
            time.sleep(0.2)
        yield address, json.loads((home / "demo" / "logins.json").read_text(encoding="utf-8"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _folder(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    return path


def answers(url: str) -> bool:
    """Whether somebody is there."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def sign_in(page: Any, address: str, login: dict[str, str]) -> None:
    """As Katrin does."""
    page.goto(f"{address}/account/login")
    page.fill("input[name=login]", login["email"])
    page.fill("input[name=password]", login["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")


def first_of(page: Any, address: str, slug: str) -> str:
    """A record with something on its timeline: somebody who was called, and where they work."""
    page.goto(f"{address}/{'calls' if slug == 'persons' else 'persons'}/")
    found = page.locator(f"a[href^='/{slug}/0']").first.get_attribute("href")
    return str(found)


def take(page: Any, address: str, folder: Path, look: str, names: list[str]) -> list[str]:
    """All pictures of one look; the names of pages that did not come."""
    missing = []
    for name in names:
        path = PAGES[name]
        slug, _end, rest = path.removeprefix("<").partition(">")
        at = first_of(page, address, slug) + rest if path.startswith("<") else path
        answer = page.goto(f"{address}{at}", wait_until="load")
        page.wait_for_timeout(400)
        if answer is None or answer.status != 200:
            missing.append(f"{name} ({answer.status if answer else 'no answer'})")
            continue
        page.screenshot(path=folder / f"{name}-{look}.png")
    return missing


def looks(address: str, logins: list[dict[str, str]], folder: Path, names: list[str]) -> list[str]:
    """Every page in every look."""
    from playwright.sync_api import sync_playwright

    program = next(p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n)))
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    missing = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*flags, "--disable-dev-shm-usage"])
        for look, options in LOOKS.items():
            page = browser.new_context(locale="de-DE", **options).new_page()
            page.goto(f"{address}/account/login")
            if set(names) == set(PAGES):
                page.screenshot(path=folder / f"login-{look}.png")
            sign_in(page, address, logins[0])
            missing += [f"{name}, {look}" for name in take(page, address, folder, look, names)]
        browser.close()
    return missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "docs" / "screenshots")
    parser.add_argument("--home", type=Path, help="home folder of the demo (default: a fresh one)")
    parser.add_argument("--all", action="store_true", help="every page, not only those that the README shows")
    parser.add_argument("--only", action="append", choices=list(PAGES), help="only this page")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    fresh = None if given.home else tempfile.mkdtemp(prefix="pictures-", dir=_folder(ROOT / "var"))
    if fresh:
        os.chmod(fresh, 0o755)  # the database's account must reach its folder
    try:
        with demo(given.home or Path(str(fresh))) as (address, logins):
            missing = looks(address, logins, given.folder, given.only or list(PAGES if given.all else SHOWN))
    finally:
        if fresh:
            shutil.rmtree(fresh, ignore_errors=True)
    print(f"{len(list(given.folder.glob('*.png')))} pictures in {given.folder}")
    if missing:
        sys.exit(f"Did not come: {'; '.join(missing)}")


if __name__ == "__main__":
    main()
