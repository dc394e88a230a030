"""The demo's tenant for flows, filled once for the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from klientel.site.browser import System
from klientel.site.tests.looking import Demo


@pytest.fixture(scope="session")
def demo_data(system: System) -> dict[str, Any]:
    """The demo's people as they sign in, by first name."""
    made = system.run("demo", "--data-only", "--json")
    logins = json.loads(made.stdout.strip().splitlines()[-1])
    english = system.run("user", "create", "emma@hansewerk.example", "--tenant", "hansewerk", "--name", "Emma English",
                         "--role", "administration", "--language", "en", "--json")  # fmt: skip
    logins.append(json.loads(english.stdout))
    return {"logins": {one["email"].split("@")[0].split(".")[0]: one for one in logins}, "states": {}}


@pytest.fixture
def demo(system: System, demo_data: dict[str, Any], new_page: Callable[..., Any]) -> Demo:
    """The demo's tenant and browsers of its people."""
    return Demo(system, new_page, demo_data["states"], demo_data["logins"])
