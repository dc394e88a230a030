"""The tests' database, as a pytest plugin: a private server, a template migrated once, a clone for every worker.

The server lives in ``var/test`` between runs, without safety against power cuts. The template is kept under a hash of
everything that shapes the schema, so it is made anew only when that changes. Tests connect as klientel_app, as the
processes do; truncating after a transactional test is done by the owner.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg import sql

from klientel.site import roles, schema
from klientel.site.postgres import Embedded
from klientel.site.setup import ROOT

HOME = ROOT / "var" / "test"
KEPT = (
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "procrastinate_version",
    "kernel_installation",
)
GIVEN = [key for key in os.environ if key.startswith("KLIENTEL_")]
for _key in GIVEN:
    del os.environ[_key]  # a developer's own settings have no say in the tests
os.environ |= {"KLIENTEL_HOME": str(HOME), "KLIENTEL_DATABASE_POOL": "0", "KLIENTEL_LOG_LEVEL": "error"}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klientel.site.settings")
# Playwright's synchronous face runs a loop in the test's thread, which Django would take for asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

_server = Embedded(HOME, throw_away=True)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Every process of the run holds a share in the server, so the last one to end stops it."""
    _server.start()
    if not hasattr(session.config, "workerinput"):
        _drop_left_overs()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Give the share back."""
    del session
    _server.release()


def pytest_configure(config: pytest.Config) -> None:
    """Static files straight from the folders, cheap password hashes; everything else is as it runs for real."""
    del config
    from django.conf import settings

    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.WHITENOISE_USE_FINDERS = True
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


def _drop_left_overs() -> None:
    """Databases of runs that were killed."""
    with _server.connect(name="postgres") as connection:
        names = connection.execute("select datname from pg_database where datname like 'run\\_%%'").fetchall()
        for (name,) in names:
            if not Path(f"/proc/{str(name).split('_')[1]}").exists():
                connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(str(name))))


def template() -> str:
    """Name of the template database, made now unless it is there."""
    name = f"template_{schema.key()}"
    with _server.connect(name="postgres") as connection:
        connection.execute("select pg_advisory_lock(%s)", [roles.LOCK + 10])
        if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            return name
        old = connection.execute(
            "select datname from pg_database where datname ~ '^template_[0-9a-f]{12}(_new)?$'"
            " order by oid desc offset 3"
        ).fetchall()
        for (other,) in [*old, (f"{name}_new",)]:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(str(other))))
        roles.prepare(_server, f"{name}_new")
        _migrate(f"{name}_new")
        rename = sql.SQL("alter database {} rename to {}")
        connection.execute(rename.format(sql.Identifier(f"{name}_new"), sql.Identifier(name)))
    return name


def _url(role: str, name: str) -> str:
    place = _server.database(role, name)
    return f"postgresql://{place.user}:{place.password}@/{place.name}?host={place.host}"


def environment(name: str) -> dict[str, str]:
    """Variables for another process that shall work on the database ``name`` of this run."""
    return dict(os.environ) | {
        "KLIENTEL_DATABASE_URL": _url("klientel_app", name),
        "KLIENTEL_DATABASE_OWNER_URL": _url("klientel_owner", name),
        "KLIENTEL_DATABASE_BACKUP_URL": _url("klientel_backup", name),
    }


def _migrate(name: str) -> None:
    command = [sys.executable, "-m", "klientel.site.cli", "migrate", "--quiet"]
    done = subprocess.run(command, env=environment(name), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"The test database could not be migrated:\n{done.stdout}{done.stderr}", pytrace=False)


@contextmanager
def clone_of_template(purpose: str = "tests") -> Iterator[str]:
    """A database of one's own that begins as the template; dropped afterwards."""
    name = f"run_{os.getpid()}_{purpose}"
    source = template()
    with _server.connect(name="postgres") as connection:
        connection.execute("select pg_advisory_lock(%s)", [roles.LOCK + 11])  # two clones at once disturb each other
        clone = sql.SQL("create database {} template {} owner klientel_owner")
        connection.execute(clone.format(sql.Identifier(name), sql.Identifier(source)))
    try:
        yield name
    finally:
        with _server.connect(name="postgres") as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def test_database() -> Iterator[str]:
    """Name of this worker's own clone of the template."""
    with clone_of_template() as name:
        yield name


@pytest.fixture(scope="session")
def django_db_setup(test_database: str) -> Iterator[None]:
    """Instead of pytest-django's: both connections lead to the clone."""
    from django.db import connections
    from django.test import TransactionTestCase

    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = test_database
    TransactionTestCase._fixture_teardown = lambda _: _empty(test_database)  # type: ignore[attr-defined]
    yield
    connections.close_all()


def _empty(name: str) -> None:
    """Empty every table that is not, in one statement (the app's role may not truncate)."""
    with _server.connect("klientel_owner", name) as connection:
        filled = connection.execute(
            "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = 'public' and c.relkind = 'r' and pg_relation_size(c.oid) > 0 and c.relname <> all(%s)",
            [list(KEPT)],
        ).fetchall()
        if filled:
            connection.execute(f"truncate {', '.join(str(table) for (table,) in filled)} restart identity cascade")


@pytest.fixture
def process_environment(test_database: str) -> dict[str, str]:
    """Environment for a subprocess (``klientel …``) that works on this worker's database; use with transactional_db."""
    return environment(test_database)
