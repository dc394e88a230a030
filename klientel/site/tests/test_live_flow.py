"""Live pages in a real browser, on real processes: what a colleague does is there without reloading."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest

from klientel.site.browser import System

pytestmark = pytest.mark.flow


class Office:
    """A tenant with two people, one of whom works through the API."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.run("tenant", "create", "Live GmbH", "--slug", "live", "--language", "en")
        self.passwords = {}
        for email, name in (("anna@live.example", "Anna Alster"), ("jan@live.example", "Jan Köster")):
            words = ["user", "create", email, "--tenant", "live", "--name", name, "--role", "administration"]
            self.passwords[email] = json.loads(self.run(*words, "--language", "en", "--json"))["password"]
        made = self.run("token", "create", "anna@live.example", "--tenant", "live", "--json")
        self.token = json.loads(made)["token"]

    def run(self, *words: str) -> str:
        """``klientel …``, with what it said where it failed."""
        done = self.system.run(*words, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def call(self, method: str, path: str, **values: Any) -> Any:
        """Ask the API as Anna."""
        request = Request(
            f"{self.system.url}/api/v1/{path}",
            method=method,
            data=json.dumps(values).encode() if values else None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())


@pytest.fixture(scope="module")
def office(system: System) -> Office:
    return Office(system)


def sign_in(page: Any, email: str, password: str) -> None:
    page.goto("/account/login")
    page.fill("#id_login", email)
    page.fill("#id_password", password)
    page.click("main .primary")
    page.wait_for_url("**/")


def test_what_a_colleague_does_arrives_without_reloading(office: Office, new_page: Callable[..., Any]) -> None:
    page = new_page(office.system.url, locale="en-GB")
    with page.expect_response(lambda got: got.url.endswith("/live")) as stream:
        sign_in(page, "jan@live.example", office.passwords["jan@live.example"])
    assert stream.value.status == 200
    members = office.call("GET", "members")
    jan = next(m["id"] for m in members["items"] if m["name"] == "Jan Köster")

    task = office.call("POST", "tasks", subject="Angebot nachfassen", owner=jan)["record"]
    page.locator("#bell .dot", has_text="1").wait_for()
    page.locator(".toasts", has_text="Anna Alster assigned Angebot nachfassen to you").wait_for()

    with page.expect_response(lambda got: got.url.endswith("/live")):
        page.goto(f"/tasks/{task['id']}")
    page.get_by_role("heading", name="Angebot nachfassen").first.wait_for()
    office.call("PATCH", f"tasks/{task['id']}", subject="Angebot zurückziehen")
    page.locator("#newer").wait_for()
