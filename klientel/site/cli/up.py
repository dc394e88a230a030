"""``klientel up``: the processes of this machine, and the embedded PostgreSQL when there is no other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import click
import psycopg
from django.conf import settings

from klientel.site import fitness, processes, roles, schema
from klientel.site.cli.failure import Failure
from klientel.site.setup import Database

NAMES = list(processes.ROLES)


@click.command()
@click.option("--only", type=click.Choice(NAMES), multiple=True, help="Only this process; may be given several times.")
@click.option("--no-migrate", is_flag=True, help="Refuse to start instead of migrating a database of another version.")
def command(only: tuple[str, ...], no_migrate: bool) -> None:
    """Start Klientel and keep it running until Ctrl+C or SIGTERM."""
    up(list(only) or processes.roles(), migrate=not no_migrate)


def up(names: list[str], *, migrate: bool = True, prepare: Callable[[], list[str]] = list) -> None:
    """Run these processes; ``prepare`` is called before, with a database that fits, and returns lines to print."""
    setup, server = settings.SETUP, settings.SERVER
    processes.refuse_taken_ports(setup, names)
    if server is None:
        _bring_up_to_date(may_migrate=migrate)
        _warn(setup.database)
        _run(names, prepare())
        return
    with server.serving():
        if server.process is not None:
            roles.prepare(server)
        _bring_up_to_date(may_migrate=migrate)
        _run(names, prepare())


def _bring_up_to_date(*, may_migrate: bool) -> None:
    """Migrate where the database is of another version; in a process of its own, so that ours stays small."""
    from klientel.site.cli.database import journal, place

    if journal().exists():  # a restore was cut off: any command finishes or gives it up first
        call("migrate", "--quiet")
    with psycopg.connect(**place().conninfo(), autocommit=True) as owner:
        if schema.is_current(owner):
            return
    if not may_migrate:
        raise Failure("The database is of another version; run `klientel migrate`.")
    call("migrate", "--quiet")


def _warn(own: Database | None) -> None:
    """Of what is slow on a server of one's own: only its superuser can mend it."""
    if own is not None and (said := fitness.slow(own)):
        click.secho(said, err=True, fg="yellow", bold=True)


def call(*words: str) -> None:
    """Run another command of this program and stop where it fails; it has said why."""
    done = subprocess.run([sys.executable, "-m", "klientel.site.cli", *words], stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def _run(names: list[str], lines: list[str]) -> None:
    setup = settings.SETUP
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klientel.site.settings")
    if "web" in names:
        _collect_static()
    address = setup.url or f"http://{'127.0.0.1' if setup.loopback else setup.host}:{setup.port}"

    def announce() -> None:
        for line in [f"Klientel is running: {address}", *lines, "Ctrl+C stops it."]:
            click.echo(line)
        sys.stdout.flush()

    processes.Family(setup, names, settings.SERVER).run(announce)


def _collect_static() -> None:
    import django

    from klientel.site import static

    django.setup()
    static.collect()
