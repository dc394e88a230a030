"""Settings are read once, typed; whatever cannot be used stops the start with one sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from klientel.site.setup import ROOT, VARIABLES, SetupError, database, read


def test_nothing_given_means_this_machine_alone() -> None:
    setup = read({})
    assert (setup.host, setup.port, setup.live_port, setup.embedded, setup.loopback) == (
        "127.0.0.1",
        8700,
        8701,
        True,
        True,
    )
    assert setup.home == ROOT / "var"


def test_values_are_typed(tmp_path: Path) -> None:
    setup = read({"KLIENTEL_HOME": str(tmp_path), "KLIENTEL_PORT": "9000", "KLIENTEL_URL": "https://crm.example.org/"})
    assert (setup.home, setup.port, setup.live_port) == (tmp_path, 9000, 9001)
    assert (setup.url, setup.secure, setup.proxies, setup.loopback) == ("https://crm.example.org", True, 1, False)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"KLIENTEL_PROT": "1"}, "Unknown setting KLIENTEL_PROT"),
        ({"KLIENTEL_PORT": "http"}, "whole number from 1 to 65535"),
        ({"KLIENTEL_PORT": "70000"}, "whole number from 1 to 65535"),
        ({"KLIENTEL_PORT": "²"}, "whole number"),
        ({"KLIENTEL_HOST": "0.0.0.0"}, "KLIENTEL_URL must say"),
        ({"KLIENTEL_URL": "crm.example.org"}, "https://crm.example.org"),
        ({"KLIENTEL_LOG_LEVEL": "loud"}, "one of info, debug"),
        ({"KLIENTEL_DATABASE_URL": "mysql://x/y"}, "postgresql://user:password@host/name"),
        ({"KLIENTEL_DATABASE_OWNER_URL": "postgresql://x/y"}, "without KLIENTEL_DATABASE_URL"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(given: dict[str, str], says: str) -> None:
    with pytest.raises(SetupError) as caught:
        read(given)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_empty_means_not_given() -> None:
    assert read({"KLIENTEL_PORT": ""}).port == 8700


def test_a_database_address_is_taken_apart() -> None:
    place = database("postgresql://klientel_app:p%40ss@db.example.org:6432/crm?sslmode=require")
    assert place.conninfo() == {
        "host": "db.example.org",
        "port": "6432",
        "dbname": "crm",
        "user": "klientel_app",
        "password": "p@ss",
        "sslmode": "require",
    }
    assert place.environ()["PGPASSWORD"] == "p@ss"
    assert place.environ()["PGSSLMODE"] == "require"


def test_a_socket_folder_is_a_host() -> None:
    assert database("postgresql://u:p@/crm?host=/run/pg").host == "/run/pg"


def test_every_setting_says_what_it_is_for() -> None:
    assert all(name.startswith("KLIENTEL_") and about for name, about in VARIABLES.items())


def test_whatever_a_module_declares_is_known_to_every_process() -> None:
    """Workers and consumers open no pages: what only a page's module imports would never run there."""
    told = re.compile(r"^@(job|on_wake|sweep|consumer|timer|action|basic)\(", re.MULTILINE)
    declaring = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "klientel").rglob("*.py")
        if "tests" not in path.parts and "testing" not in path.parts and told.search(path.read_text(encoding="utf-8"))
    }
    script = "import django, sys; django.setup(); print('\\n'.join(sys.modules))"
    environ = dict(os.environ) | {"DJANGO_SETTINGS_MODULE": "klientel.site.settings", "KLIENTEL_DATABASE_POOL": "0"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert declaring - set(done.stdout.split()) == set()
