"""``klientel migrate``: bring the database up to date; two at once are safe, the second one waits."""

from __future__ import annotations

import time
from contextlib import suppress
from importlib import import_module
from typing import Any

import click
import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from klientel.site import fitness, roles, schema
from klientel.site.cli.database import place, serving
from klientel.site.cli.failure import Failure

LOCK = 7_200_002


@click.command()
@click.option("--quiet", is_flag=True, help="Say nothing when all goes well.")
@click.option("--again", is_flag=True, help="Also when the database fits already.")
def command(quiet: bool, again: bool) -> None:
    """Migrate the database to this version, as role klientel_owner."""
    with serving(any_version=True):
        done = migrate(quiet=quiet, again=again)
    if not quiet:
        click.echo("The database is up to date." if done else "The database was up to date already.")


def migrate(*, quiet: bool = False, again: bool = False) -> bool:
    """Schema, policies, rights and leakproof marks; True when something was done. Expects a database that answers."""
    owner = connections["owner"]
    with psycopg.connect(**place().conninfo(), autocommit=True) as guard:
        if settings.SERVER is None:
            fitness.check_owner(guard)
        _alone(guard)
        if schema.is_current(guard) and not again:
            return False
        _refuse_newer(guard)
        if settings.SERVER is None:
            roles.prepare_database(guard)
        call_command("migrate", database="owner", interactive=False, verbosity=0 if quiet else 1)
        call_command("createcachetable", database="owner", verbosity=0)
        _reconcile(owner)
        for statement in roles.GRANTS_ON_WHAT_IS_THERE:
            guard.execute(statement)
        schema.leave_mark(guard)
    owner.close()
    return True


def _alone(guard: psycopg.Connection[Any]) -> None:
    """Wait until nobody else migrates: by asking again, because a statement that waits holds a snapshot, and an index
    that the other one builds concurrently would wait for it.
    """
    while not (found := guard.execute("select pg_try_advisory_lock(%s)", [LOCK]).fetchone()) or not found[0]:
        time.sleep(0.2)


def _refuse_newer(guard: psycopg.Connection[Any]) -> None:
    """An older program must not call a newer database its own; raises ``Failure``."""
    if not schema.known(guard):
        return
    ours = {app.label for app in apps.get_app_configs() if app.name.startswith("klientel.")}
    done = guard.execute("select app, name from django_migrations where app = any(%s)", [sorted(ours)]).fetchall()
    strange = sorted(set(done) - set(MigrationLoader(None).disk_migrations))
    if strange:
        app, name = strange[-1]
        raise Failure(
            f"The database is of a newer version (it has {app}.{name}); update Klientel, or restore a backup."
        )


def _reconcile(owner: Any) -> None:
    """Policies, composite keys and uniques from the declarations."""
    with suppress(ModuleNotFoundError):
        import_module("klientel.kernel.tenancy.reconcile").reconcile(owner)
