"""``klientel migrate``: bring the database up to date; two at once are safe, the second one waits."""

from __future__ import annotations

import click
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from klientel.site import roles
from klientel.site.cli.database import serving

LOCK = 7_200_002


@click.command()
@click.option("--quiet", is_flag=True, help="Say nothing when all goes well.")
def command(quiet: bool) -> None:
    """Migrate the database to this version, as role klientel_owner."""
    with serving():
        migrate(quiet=quiet)


def migrate(*, quiet: bool = False) -> None:
    """Schema, policies, rights and leakproof marks. Expects a database that answers."""
    owner = connections["owner"]
    with psycopg.connect(**_conninfo(), autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", [LOCK])
        if settings.SERVER is None:
            roles.prepare_database(guard)
        call_command("migrate", database="owner", interactive=False, verbosity=0 if quiet else 1)
        call_command("createcachetable", database="owner", verbosity=0)
        reconcile(owner)
        for statement in roles.GRANTS_ON_WHAT_IS_THERE:
            guard.execute(statement)
    owner.close()


def _conninfo() -> dict[str, object]:
    given = connections["owner"].get_connection_params()
    return {
        key: value for key, value in given.items() if key in {"host", "port", "dbname", "user", "password", "sslmode"}
    }


def reconcile(owner: object) -> None:
    """Policies, composite keys and uniques from the declarations."""
    from klientel.kernel import tenancy

    if hasattr(tenancy, "reconcile"):
        tenancy.reconcile(owner)
