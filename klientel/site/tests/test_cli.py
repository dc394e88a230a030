"""Commands that belong to no domain: migrate, check, database-sql; and how any command fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from klientel.kernel.identity import tokens
from klientel.kernel.identity.models import User
from klientel.kernel.tenancy.models import Tenant
from klientel.site import roles
from klientel.site.cli import COMMANDS
from klientel.site.cli.database_sql import HEAD, text
from klientel.site.postgres import Embedded
from klientel.site.setup import ROOT

KLIENTEL = [sys.executable, "-m", "klientel.site.cli"]


def plain(**more: str) -> dict[str, str]:
    """An environment without the tests' own settings."""
    return {key: value for key, value in os.environ.items() if not key.startswith("KLIENTEL_")} | more


def run(*words: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*KLIENTEL, *words], env=environ, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def fresh() -> Iterator[dict[str, str]]:
    """A home folder that nobody has used, with its own embedded server."""
    with tempfile.TemporaryDirectory(prefix="klientel-") as name:
        Path(name).chmod(0o755)
        yield plain(KLIENTEL_HOME=name)
        Embedded(Path(name)).stop()


def test_two_that_migrate_at_once_are_safe_and_a_third_has_nothing_to_do(fresh: dict[str, str]) -> None:
    both = [
        subprocess.Popen([*KLIENTEL, "migrate", "--quiet"], env=fresh, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [one.communicate(timeout=120)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    third = run("migrate", environ=fresh)
    assert (third.returncode, third.stdout) == (0, "The database was up to date already.\n")


def test_a_database_of_another_version_is_refused_until_it_is_migrated(fresh: dict[str, str]) -> None:
    run("migrate", "--quiet", environ=fresh)
    with Embedded(Path(fresh["KLIENTEL_HOME"])).serving() as server:
        with server.connect("klientel_owner", "klientel") as owner:
            owner.execute("comment on table django_migrations is 'older'")
        for words in (["tenant", "list"], ["up", "--no-migrate"]):
            done = run(*words, environ=fresh)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr == "klientel: The database is of another version; run `klientel migrate`.\n"
        assert run("migrate", environ=fresh).stdout.endswith("The database is up to date.\n")
        assert run("tenant", "list", environ=fresh).returncode == 0
        with server.connect("klientel_owner", "klientel") as owner:
            done = run("backup", "/dev/null", "--force", environ=fresh)
            assert (done.returncode, done.stderr) == (1, "klientel: /dev/null is no file.\n")
            owner.execute("comment on table django_migrations is 'newer'")
            owner.execute("insert into django_migrations (app, name, applied) values ('kernel', '9999_x', now())")
        done = run("migrate", environ=fresh)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "of a newer version (it has kernel.9999_x)" in done.stderr
        with server.connect("klientel_owner", "klientel") as owner:  # the next tests use it, too
            owner.execute("delete from django_migrations where name = '9999_x'")
        assert run("migrate", environ=fresh).returncode == 0


def test_check_says_that_a_database_is_empty() -> None:
    with tempfile.TemporaryDirectory(prefix="klientel-") as name:
        Path(name).chmod(0o755)
        empty = run("check", environ=plain(KLIENTEL_HOME=name))
        Embedded(Path(name)).stop()
    assert (empty.returncode, empty.stderr.count("\n")) == (1, 1)
    assert "holds nothing yet; `klientel migrate` prepares it" in empty.stderr


def test_check_tells_what_is_wrong(fresh: dict[str, str]) -> None:
    run("migrate", "--quiet", environ=fresh)
    with Embedded(Path(fresh["KLIENTEL_HOME"])).serving() as server:
        with server.connect(name="klientel") as connection:
            connection.execute("grant truncate on django_session to klientel_app")
            connection.execute("alter function texticlike(text, text) not leakproof")
        done = run("check", "--json", environ=fresh)
        assert done.stdout, done.stderr
        told = json.loads(done.stdout)
        with server.connect(name="klientel") as connection:
            connection.execute("revoke truncate on django_session from klientel_app")
            roles.mark_leakproof(connection)
        again = json.loads(run("check", "--json", environ=fresh).stdout)["checks"]
    assert done.returncode == 1
    assert told["ok"] is False
    assert told["checks"]["rights"] == ["The application's role may empty or change django_session."]
    assert "texticlike" in told["checks"]["indexes"][0]
    assert (again["rights"], again["indexes"], again["database version"]) == ([], [], [])


def test_database_sql_prepares_a_server_of_ones_own(fresh: dict[str, str]) -> None:
    del fresh
    with tempfile.TemporaryDirectory(prefix="klientel-") as name:
        Path(name).chmod(0o755)
        with Embedded(Path(name), throw_away=True).serving() as server:
            with server.connect(name="postgres") as connection:
                for statement in HEAD.replace("\\connect klientel", "").split(";\n"):
                    if any(not line.startswith("--") and line.strip() for line in statement.splitlines()):
                        connection.execute(statement)
            with server.connect(name="klientel") as connection:
                for _ in range(2):  # it may be run again
                    connection.execute(text()[len(HEAD) :])
                assert roles.not_leakproof(connection) == []
                owner = connection.execute(
                    "select pg_get_userbyid(datdba) from pg_database where datname = 'klientel'"
                ).fetchone()
            assert owner == ("klientel_owner",)


@pytest.mark.django_db(transaction=True)
def test_a_tenant_its_user_and_a_token(process_environment: dict[str, str]) -> None:
    made = json.loads(run("tenant", "create", "Müller & Söhne", "--json", environ=process_environment).stdout)
    assert made["slug"] == "muller-sohne"
    person = json.loads(run("user", "create", "Anna@Example.org", "--json", environ=process_environment).stdout)
    assert (person["email"], person["tenant"]) == ("anna@example.org", "muller-sohne")
    assert len(person["password"]) >= 12
    token = json.loads(run("token", "create", "anna@example.org", "--json", environ=process_environment).stdout)
    facts = tokens.check(token["token"])
    assert facts is not None
    assert (str(facts.tenant_id), str(facts.member_id), facts.scopes) == (made["id"], person["member"], ("write",))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["tenant", "create", "Werk", "--slug", "Ä"], "small letters, digits and hyphens"),
        (["tenant", "create", "Werk", "--time-zone", "Mars", "--currency", "€"], "no such time zone. A currency has"),
        (["tenant", "create", "Werk", "--slug", "werk"], "already a tenant"),
        (["user", "create", "nobody"], "not an e-mail address"),
        (["user", "create", "a@example.org", "--role", "queen"], "no role with this name"),
        (["user", "create", "a@example.org", "--tenant", "x"], "no tenant with this short name"),
        (["token", "create", "b@example.org"], "b@example.org is not a member of Werk"),
    ],
)
def test_a_refusal_is_one_line_and_nothing_is_written(
    process_environment: dict[str, str], words: list[str], says: str
) -> None:
    run("tenant", "create", "Werk", environ=process_environment)
    done = run(*words, environ=process_environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert (Tenant.objects.count(), User.objects.count()) == (1, 0)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_what_it_is_for(name: str) -> None:
    done = run(name, "--help", environ=plain())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: klientel {name}")


def test_a_database_that_does_not_answer_is_one_line() -> None:
    done = run(
        "migrate", environ=plain(KLIENTEL_DATABASE_URL="postgresql://a:b@127.0.0.1:1/x", KLIENTEL_DATABASE_POOL="0")
    )
    assert done.returncode == 1
    assert done.stderr.startswith("klientel: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["sell"], 2, "klientel: No such command 'sell'. See `klientel --help`."),
        (
            ["import", "nowhere.csv", "--type", "person"],
            2,
            "'nowhere.csv' does not exist. See `klientel import --help`.",
        ),
        (["import", "README.md", "--type", "person", "--report", "x"], 2, "--report is for --dry-run."),
        (["import", "README.md", "--type", "person", "--errors", "/no/x.csv"], 1, "there is no folder /no."),
        (["export", "/no/x.csv", "--type", "person"], 1, "there is no folder /no."),
        (["export", "persons.pdf", "--type", "person"], 2, ".pdf is no format; there are .csv .xlsx"),
    ],
)
def test_a_wrong_call_is_one_line(tmp_path: Path, words: list[str], status: int, says: str) -> None:
    done = run(*words, environ=plain(KLIENTEL_HOME=str(tmp_path)))
    assert (done.returncode, done.stderr.count("\n")) == (status, 1)
    assert says in done.stderr


def test_passwords_never_stand_in_an_error() -> None:
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect("postgresql://a:secretword@127.0.0.1:1/x", connect_timeout=2)
    assert "secretword" not in str(caught.value)
