"""The pictures of README and guide, in English and German: ``python scripts/screenshots.py [FOLDER]``.

Starts the demo in a home folder of its own (or uses ``--home``), signs in as Katrin Weber and looks around.
"""

from __future__ import annotations

import argparse
import datetime as dt
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
from urllib.parse import quote

from small_png import smaller

ROOT = Path(__file__).resolve().parents[1]
SIZE = {"width": 1280, "height": 800}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}
#: columns of the file that is imported: two new people, one known with another position, one with a bad date
CONDITION = ('{"all":[{"field":"stage","op":"one_of","value":["customer","regular"]},'
             '{"field":"organisation.employees","op":"over","value":50}]}')  # fmt: skip
FILE = "Vorname;Nachname;E-Mail;Position;Geburtstag\n"


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
        end = time.monotonic() + 600
        while not answers(f"{address}/healthz"):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit("The demo did not start.")
            time.sleep(0.2)
        yield address, json.loads((home / "demo" / "logins.json").read_text(encoding="utf-8"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def answers(url: str) -> bool:
    """Whether somebody is there."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except OSError as error:
        return isinstance(error, urllib.error.HTTPError)
    return True


def sign_in(page: Any, address: str, login: dict[str, str]) -> None:
    """As Katrin does."""
    page.goto(f"{address}/account/login")
    page.fill("input[name=login]", login["email"])
    page.fill("input[name=password]", login["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")


class Tour:
    """Walks through the demo as Katrin and takes the pictures of the guide."""

    def __init__(self, page: Any, address: str, folder: Path) -> None:
        self.page, self.address, self.folder = page, address, folder
        self.taken = 0

    def go(self, path: str) -> None:
        """Open an address of the demo."""
        answer = self.page.goto(f"{self.address}{path}")
        if answer is None or answer.status != 200:
            raise SystemExit(f"{path} did not come")
        self.page.wait_for_load_state("networkidle")

    def take(self, name: str) -> None:
        """Keep what is seen."""
        self.page.wait_for_timeout(300)
        (self.folder / f"{name}.png").write_bytes(smaller(self.page.screenshot()))
        self.taken += 1

    def link(self, selector: str) -> str:
        """Where the first of these leads to."""
        return str(self.page.locator(selector).first.get_attribute("href"))

    def everyday(self) -> None:
        """Home, lists, a record, search."""
        self.go("/")
        self.take("home")
        self.go("/persons/?where=" + quote('{"field":"stage","op":"is","value":"customer"}'))
        self.take("persons")
        self.page.click("[data-open='#columns']")
        self.page.locator("#columns [name=column]").first.wait_for()
        self.take("columns")
        self.go("/persons/conditions?where=" + quote(CONDITION))
        self.take("filter")
        self.go("/calls/")
        self.person = self.link("a[href^='/persons/0']")
        self.go(self.person)
        self.firm = self.link("a[href^='/organisations/0']")
        self.take("person")
        self.go(self.firm)
        self.take("organisation")

    def past(self) -> None:
        """History, the list of a day, what changed since."""
        now = dt.datetime.now(dt.UTC)
        self.go(f"/persons/since?as_of={(now - dt.timedelta(days=30)).date()}&show=changed")
        self.take("since")
        changed = self.link("tbody a[href^='/persons/0']")
        self.go(f"{changed}history")
        self.take("history")
        undo = self.page.locator("a[href^='/undo/']").first.get_attribute("href")
        if undo:
            self.go(undo)
            self.take("undo")
        self.go(f"/persons/?as_of={(now - dt.timedelta(days=60)).date()}")
        self.take("past")

    def twins(self) -> None:
        """Duplicates, merging, taking apart."""
        self.go("/duplicates/persons")
        for _ in range(60):  # the worker searches
            if self.page.locator("[data-key=m]").count():
                break
            self.page.wait_for_timeout(1000)
            self.go("/duplicates/persons")
        self.take("duplicates")
        self.page.locator("[data-key=m]").first.click()
        self.page.wait_for_url("**/merge?**")
        kept = self.page.locator("input[name=keep]").first.get_attribute("value")
        self.take("merge")
        self.page.locator(".form-foot .primary").click()
        self.page.wait_for_url("**/duplicates/persons**")
        self.go(f"/persons/{kept}/unmerge")
        self.take("unmerge")
        self.page.locator(".form-foot .primary").click()
        self.page.wait_for_url("**/persons/**/")

    def bring_in(self) -> None:
        """A file on its way into the base."""
        self.go(self.person)
        mail = self.link(".rec-l a[href^='mailto:']").removeprefix("mailto:")
        first, last = (self.page.locator(f".rec-l [data-field={n}_name]").first.inner_text() for n in ("first", "last"))
        rows = [
            f"{first};{last};{mail};Einkaufsleitung;12.8.1969",
            "Henrike;Vollmer;henrike.vollmer@example.com;Vertrieb;4.5.1981",
            "Thies;Ohlrogge;thies@example.com;Werkstatt;17.11.1975",
            "Malte;Brodersen;malte@example.com;Lager;31.2.1990",
        ]
        self.go("/import")
        file = {"name": "kontakte.csv", "mimeType": "text/csv", "buffer": (FILE + "\n".join(rows)).encode()}
        self.page.set_input_files("input[type=file]", file)
        self.page.locator("main .primary").first.click()
        self.page.wait_for_url("**/import/**")
        self.take("mapping")
        self.page.locator(".form-foot .primary").click()
        self.page.locator(".counts.card").first.wait_for()
        self.page.wait_for_load_state("networkidle")
        self.take("import")

    def keep(self) -> None:
        """Two at once, and what a deletion would take along."""
        self.go("/persons/?where=" + quote('{"has":"work.task.concerns"}'))
        self.page.click("[popovertarget=m-export]")
        self.take("export")
        self.go("/persons/?where=" + quote('{"has":"work.task.concerns"}'))
        at = self.link("tbody td.name a")
        late = self.page.context.new_page()
        late.goto(f"{self.address}{at}edit")
        self.go(f"{at}edit")
        first, second = ("Einkauf", "Einkaufsleitung") if self.folder.name == "de" else ("Logistik", "Logistikleitung")
        self.page.fill("[name=position]", first)
        self.page.locator(".form-foot .primary").click()
        self.page.wait_for_url(f"{self.address}{at}")
        late.fill("[name=position]", second)
        late.locator(".form-foot .primary").click()
        late.locator(".diff3").wait_for()
        (self.folder / "together.png").write_bytes(smaller(late.screenshot()))
        late.close()
        self.go(at)
        self.page.click("[popovertarget=m-more]")
        self.page.locator("form[action$='/do/archive'] button").click()
        self.page.wait_for_load_state("networkidle")
        self.go("/trash/persons")
        self.take("trash")
        self.go("/trash" + at.rstrip("/"))
        self.take("delete")
        self.go(at)
        self.page.locator("form[action$='/do/restore'] button").click()
        self.page.wait_for_load_state("networkidle")
        self.taken += 1

    def shape(self) -> None:
        """Structure, layouts, rights."""
        self.go("/organisations/?where=" + quote('{"has":"contacts.organisation.parent"}'))
        self.go(self.link("tbody td.name a") + "tree")
        self.take("tree")
        self.go("/layouts/new?record_type=contacts.person")
        self.page.fill("[name=name]", "Service")
        self.page.locator(".form-foot .primary").click()
        self.page.wait_for_url("**/layouts/0**")
        self.go("/settings" + self.page.url.removeprefix(self.address).rstrip("/"))
        self.take("layout")
        self.go("/roles/")
        role = self.page.locator("tbody tr").nth(2).get_attribute("data-at")
        self.go(f"/settings{role}grants")
        self.take("rights")
        self.go("/settings/audit")
        self.take("audit")

    def truth(self) -> None:
        """Fields that are worked out, a rule about one, and values that are doubted."""
        self.go("/settings/fields/organisations")
        self.page.mouse.wheel(0, 420)
        self.take("fields")
        self.go("/fields/?where=" + quote('{"field":"name","op":"is","value":"x_umsatz_kopf"}'))
        self.go(self.link("tbody td.name a") + "edit")
        self.page.locator("[name=formula]").scroll_into_view_if_needed()
        self.take("formula")
        self.go("/settings/fields/organisations/x_offen")
        self.take("rollup")
        busy = quote('{"field":"x_offen","op":"not_empty"}')
        self.go(f"/organisations/?sort=-x_offen&columns=x_abc,x_umsatz_kopf,x_offen,owner&where={busy}")
        self.take("worked-out")
        self.go("/settings/fields/organisations/x_pruefung")
        self.take("rule")
        self.go("/warnings/?where=" + quote('{"field":"field","op":"is","value":"vat_id"}'))
        self.go(self.link("main td a[href^='/organisations/0']"))
        self.take("warning")

    def sell(self) -> None:
        """From an interest to an offer, and what it adds up to."""
        self.go("/leads/board")
        self.take("leads")
        self.go("/leads/?where=" + quote('{"field":"score","op":"over","value":20}'))
        self.go(self.link("tbody td.name a"))
        self.take("lead")
        self.go("/deals/board")
        self.take("deals")
        self.go("/deals/?sort=-value&where=" + quote('{"field":"state","op":"is","value":"open"}'))
        self.go(self.link("tbody td.name a"))
        self.take("deal")
        self.go("/quotes/?where=" + quote('{"field":"state","op":"is","value":"draft"}'))
        self.go(self.link("tbody td.name a") + "lines")
        self.take("quote")
        for name in ("forecast", "sales"):
            self.go(f"/insights/{name}/")
            self.take(f"insights-{name}")
        self.go("/day")
        self.take("day")
        self.go("/calendar")
        self.take("calendar")

    def journey(self) -> None:
        """From a stranger's form to the answer of a mail: the guide's first chapter."""
        self.go("/forms/")
        at = self.link("tbody td.name a")
        self.go(at)
        self.take("form")
        self.go(f"{at}build")
        self.take("form-parts")
        self.go(at)
        shown = self.page.locator("main a[target=_blank]").first.get_attribute("href") or ""
        self.go("/page/" + shown.partition("/page/")[2])
        self.take("form-page")
        self.go("/notifications/choice")
        self.take("notices")
        self.go("/quotes/?where=" + quote('{"field":"state","op":"is","value":"awaiting"}'))
        self.go(self.link("tbody td.name a") + "approval")
        self.take("approval")
        self.go("/persons/?where=" + quote('{"field":"last_name","op":"is","value":"Reuter"}'))
        her = self.link("tbody td.name a")
        self.go(her)
        self.take("journey")
        self.go(self.link(".tl a:has-text('AW: Unser Angebot')") + "conversation")
        self.take("conversation")
        self.go(her)
        self.page.locator(".tl-filter").scroll_into_view_if_needed()
        self.page.evaluate("document.querySelector('.tl-filter').scrollIntoView()")
        self.take("journey-told")

    def by_itself(self) -> None:
        """Workflows: usual cases, one being built, its runs and why one did what it did; mail and consents."""
        self.go("/workflows/presets")
        self.take("presets")
        self.go("/workflows/?where=" + quote('{"field":"state","op":"is","value":"active"}'))
        self.go(self.link("tbody td.name a") + "flow")
        self.take("workflow")
        self.go("/workflows/runs")
        self.go(self.link("main td a[href^='/workflows/runs/']"))
        self.take("run")
        self.go("/inbox")
        self.take("inbox")
        self.go("/outbox")
        self.take("outbox")
        self.go("/persons/reach")
        self.page.select_option("main select[name=purpose]", label="Newsletter Lagertechnik")
        self.page.locator("main button.primary").first.click()
        self.page.wait_for_load_state("networkidle")
        self.take("reach")


#: the parts of the tour that need no other before them
PARTS = ("truth", "keep", "sell", "journey", "by_itself")


def speak(page: Any, address: str, language: str) -> None:
    """Katrin's pages in this language."""
    page.goto(f"{address}/account/profile")
    page.select_option("select[name=language]", language)
    page.locator("main form button.primary").click()
    page.wait_for_load_state("networkidle")


def pictures(address: str, logins: list[dict[str, str]], folder: Path, only: str | None) -> int:
    """The whole tour in both languages, then some pages in the dark and on a phone; how many pictures were taken.

    ``only`` names one part of it.
    """
    from playwright.sync_api import sync_playwright

    program = next(p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n)))
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    taken = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*flags, "--disable-dev-shm-usage"])
        for language, locale in (("en", "en-GB"), ("de", "de-DE")):
            at = folder / language
            at.mkdir(parents=True, exist_ok=True)
            tour = Tour(browser.new_context(locale=locale, viewport=SIZE).new_page(), address, at)
            sign_in(tour.page, address, logins[0])
            speak(tour.page, address, language)
            whole = [tour.everyday, tour.past, tour.twins, tour.bring_in, tour.shape]
            whole += [getattr(tour, p) for p in PARTS]
            for part in whole if only is None else (getattr(tour, only),):
                part()
            taken += tour.taken
            if only:
                continue
            for look, options in (("dark", {"color_scheme": "dark", "viewport": SIZE}), ("phone", PHONE)):
                other = Tour(browser.new_context(locale=locale, **options).new_page(), address, at)
                sign_in(other.page, address, logins[0])
                other.go(tour.person)
                other.take(f"person-{look}")
                taken += other.taken
        browser.close()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "docs" / "screenshots")
    parser.add_argument("--home", type=Path, help="home folder of the demo (default: a fresh one)")
    parser.add_argument("--only", choices=PARTS, help="one part of the tour")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    (ROOT / "var").mkdir(exist_ok=True)
    fresh = None if given.home else tempfile.mkdtemp(prefix="pictures-", dir=ROOT / "var")
    if fresh:
        os.chmod(fresh, 0o755)  # the database's account must reach its folder
    try:
        with demo(given.home or Path(str(fresh))) as (address, logins):
            taken = pictures(address, logins, given.folder, given.only)
    finally:
        if fresh:
            shutil.rmtree(fresh, ignore_errors=True)
    print(f"{taken} pictures in {given.folder}")


if __name__ == "__main__":
    main()
