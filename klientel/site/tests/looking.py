"""What flows share: signed-in browsers of the demo's people, axe, the weight of a page."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from klientel.site.browser import System
from klientel.site.setup import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
ID = r"[0-9a-f]{8}-[0-9a-f-]{27}"
AT_REST = """() => Promise.allSettled(document.getAnimations().filter(
  one => one.effect.getComputedTiming().endTime < Infinity).map(one => one.finished))"""
BEGIN = """options => axe.run(document, options).then(found => found.violations.map(
  one => [one.id, one.nodes.length, one.nodes[0].html.slice(0, 200), one.nodes[0].failureSummary.slice(0, 300)]))"""


@dataclass
class Demo:
    """The demo's tenant in the running system; signing in happens once for each person."""

    system: System
    new_page: Callable[..., Any]
    states: dict[str, Any]
    logins: dict[str, dict[str, str]]
    own: list[Any] = field(default_factory=list)

    def page(self, who: str, **options: Any) -> Any:
        """A browser in which ``who`` is signed in."""
        if who not in self.states:
            page = self.new_page(self.system.url)
            sign_in(page, self.logins[who])
            self.states[who] = page.context.storage_state()
            page.close()
        return self.new_page(self.system.url, storage_state=self.states[who], **options)

    def token(self, who: str) -> str:
        """A token of the API that acts as ``who``."""
        email = self.logins[who]["email"]
        slug = email.partition("@")[2].partition(".")[0]
        made = self.system.run("token", "create", email, "--tenant", slug, "--json")
        return str(json.loads(made.stdout)["token"])


def sign_in(page: Any, login: dict[str, str]) -> None:
    """Through the page of everybody."""
    page.goto("/account/login")
    page.fill("#id_login", login["email"])
    page.fill("#id_password", login["password"])
    page.click("main .primary")
    page.wait_for_url("**/")


def violations(page: Any, **options: Any) -> list[Any]:
    """What axe finds wrong with the page once nothing moves any more: half faded in, every text is too pale."""
    page.evaluate(AT_REST)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    rules = {"runOnly": RULES, "resultTypes": ["violations"]} | options
    return list(page.evaluate(BEGIN, rules))


def scrolls_sideways(page: Any) -> bool:
    """Whether the whole page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def first_of(page: Any, slug: str) -> str:
    """The address of the first record of a list."""
    found = re.search(rf"/{slug}/{ID}/", page.request.get(f"/{slug}/").text())
    assert found, f"no {slug}"
    return found[0]


def packed(body: bytes) -> float:
    """How many KB a body has when it is compressed for the way."""
    return len(gzip.compress(body, 9, mtime=0)) / 1024


def create_person(page: Any, **values: str) -> str:
    """A person through the form, in German; its address."""
    page.goto("/persons/new")
    for name, value in values.items():
        page.fill(f"[name='{name}']", value)
    page.click(".form-foot .primary")
    page.wait_for_url(re.compile(rf"/persons/{ID}/$"))
    return str(page.url)


def until(page: Any, script: str) -> None:
    """Wait for a script to say yes; Playwright's own waiting needs ``eval``, which the pages forbid."""
    for _ in range(600):
        if page.evaluate(script):
            return
        page.wait_for_timeout(50)
    raise AssertionError(script)
