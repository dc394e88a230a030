"""``klientel check``: is this installation sound? Settings, declarations, database, rights, indexes."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import click
import psycopg
from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.db import connection, connections

from klientel.kernel.files import keeping
from klientel.site import roles, schema
from klientel.site.cli.database import serving
from klientel.site.cli.failure import Failure

Check = Callable[[], list[str]]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, with the heads of the audit's seal.")
@click.option("--seal", "kept", metavar="HEAD", multiple=True, help="Is this head, kept elsewhere, still in the chain?")
def command(as_json: bool, kept: tuple[str, ...]) -> None:
    """Check settings, declarations and the database; exit 1 where something is wrong."""
    wanted = [_read_head(head) for head in kept]
    with serving(any_version=True):
        with _raw() as raw:
            if not schema.known(raw):
                raise Failure("The database holds nothing yet; `klientel migrate` prepares it.")
        found = {name: check() for name, check in CHECKS.items()}
        if wanted:
            found["kept heads"] = _missing_heads(wanted)
        heads = _heads() if as_json else {}
    if as_json:
        facts = {"ok": not any(found.values()), "checks": found, "heads": heads}
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        for name, faults in found.items():
            click.echo(f"{'ok   ' if not faults else 'WRONG'} {name}")
            for fault in faults:
                click.echo(f"      {fault}")
    sys.exit(any(found.values()))


def declarations() -> list[str]:
    """Django's checks and our own (klientel.E…)."""
    return [f"{one.id}: {one.msg}" for one in run_checks() if one.level >= ERROR]


def version() -> list[str]:
    """The database was migrated by this version."""
    with _raw() as raw:
        return [] if schema.is_current(raw) else ["The database is of another version; run `klientel migrate`."]


def rights() -> list[str]:
    """The application's role can neither pass row-level security nor empty or change tables."""
    with connection.cursor() as cursor:
        cursor.execute("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")
        powers = cursor.fetchone()
        cursor.execute(
            "select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = 'public' and relkind in ('r', 'p')"
            " and (pg_has_role(current_user, relowner, 'member') or has_table_privilege(c.oid, 'truncate'))"
            " order by 1 limit 3"
        )
        owned = [str(name) for (name,) in cursor.fetchall()]
    faults = (
        ["The application's role is a superuser or passes row-level security."] if not powers or any(powers) else []
    )
    return faults + [f"The application's role may empty or change {name}." for name in owned]


def indexes() -> list[str]:
    """Row-level security lets the planner use the search indexes."""
    with _raw() as raw:
        names = roles.not_leakproof(raw)
    return [f"{len(names)} functions are not leakproof ({names[0]} …); see `klientel database-sql`."] if names else []


@contextmanager
def _raw() -> Iterator[psycopg.Connection]:
    connection.ensure_connection()
    yield connection.connection
    connections.close_all()


def locks() -> list[str]:
    """Row-level security and composite references stand as declared, in the database's own catalogue."""
    from klientel.kernel.tenancy.reconcile import missing

    return missing(connection)


def partitions() -> list[str]:
    """The events of this month and the next have a partition of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select parent || '_' || to_char(now() at time zone 'utc' + make_interval(months => n), 'YYYY_MM') as part"
            " from unnest(array['kernel_event', 'kernel_event_private']) parent, generate_series(0, 1) n"
        )
        wanted = [str(name) for (name,) in cursor.fetchall()]
        cursor.execute("select name from unnest(%s::text[]) name where to_regclass(name) is null", [wanted])
        return [f"The partition {name} is missing." for (name,) in cursor.fetchall()]


def files() -> list[str]:
    """Every file that a record names is there, and nothing lies about that no record names."""
    from klientel.kernel.files.sweeping import orphans
    from klientel.kernel.tenancy.models import Tenant

    faults = []
    for tenant in Tenant.objects.order_by("slug"):
        found = orphans(tenant.pk)
        if found.rows:
            faults.append(
                f"{tenant.slug}: {len(found.rows)} files are missing, the first is of record {found.rows[0]}."
            )
        if found.places:
            faults.append(f"{tenant.slug}: {len(found.places)} files belong to no record.")
    return faults


def erasures() -> list[str]:
    """No erasure was interrupted, and the ledger is whole."""
    from klientel.kernel.tenancy import inside, reading
    from klientel.kernel.tenancy.models import Tenant
    from klientel.privacy import erasing, ledger

    faults = [f"The ledger of erasures is broken: {one}." for one in ledger.broken(ledger.lines())]
    for tenant in Tenant.objects.order_by("slug"):
        with inside(tenant.pk), reading():
            if waiting := len(erasing.unfinished()):
                faults.append(f"{tenant.slug}: {waiting} erasures were interrupted.")
    return faults


def seal() -> list[str]:
    """No event of any tenant was changed, taken away, or put in behind the audit's seal."""
    from klientel.kernel.events import sealing
    from klientel.kernel.tenancy import inside, reading
    from klientel.kernel.tenancy.models import Tenant
    from klientel.privacy.seal import accounted

    faults = []
    for tenant in Tenant.objects.order_by("slug"):
        with inside(tenant.pk), reading():
            faults += [f"{tenant.slug}: {one}." for one in sealing.verify(accounted()).faults]
    return faults


def _heads() -> dict[str, str]:
    """The end of every tenant's sealed chain, by slug; a tenant without a sealed event has none yet."""
    from klientel.kernel.events import sealing
    from klientel.kernel.tenancy import inside, reading
    from klientel.kernel.tenancy.models import Tenant

    heads = {}
    for tenant in Tenant.objects.order_by("slug"):
        with inside(tenant.pk), reading():
            if (state := sealing.state()).blocks:
                heads[tenant.slug] = state.head
    return heads


def _read_head(text: str) -> tuple[UUID, int, str]:
    """Tenant, number and hash of a head as ``check --json`` told it."""
    found = re.fullmatch(r"([0-9a-f-]{36}):([1-9][0-9]{0,17}):([0-9a-f]{64})", text.strip())
    try:
        if found:
            return UUID(found[1]), int(found[2]), found[3]
    except ValueError:
        pass
    raise click.BadParameter(f"{text!r} is no head; `klientel check --json` tells them.", param_hint="--seal")


def _missing_heads(wanted: list[tuple[UUID, int, str]]) -> list[str]:
    """Heads that were kept elsewhere and are no longer part of their tenant's chain."""
    from klientel.kernel.events import sealing
    from klientel.kernel.tenancy import inside, reading
    from klientel.kernel.tenancy.models import Tenant

    faults, slugs = [], dict(Tenant.objects.values_list("pk", "slug"))
    for tenant, number, kept in wanted:
        if tenant not in slugs:
            faults.append(f"The tenant {tenant} of a kept head is not here.")
            continue
        with inside(tenant), reading():
            state, there = sealing.state(), sealing.holds(number, kept)
        if not there:
            how = f"the chain ends at block {state.blocks}" if state.blocks < number else "another block stands there"
            faults.append(f"{slugs[tenant]}: block {number} of the kept head is not in the chain: {how}.")
    return faults


def disk() -> list[str]:
    """There is room for the database, files and logs to grow."""
    free = shutil.disk_usage(settings.KLIENTEL_HOME).free
    tight = keeping.spare(settings.KLIENTEL_HOME) < 0
    return [f"Only {free // 2**20} MB are free where {settings.KLIENTEL_HOME} lies."] if tight else []


CHECKS: dict[str, Check] = {
    "declarations": declarations,
    "database version": version,
    "rights": rights,
    "locks": locks,
    "partitions": partitions,
    "files": files,
    "erasures": erasures,
    "seal": seal,
    "disk": disk,
    "indexes": indexes,
}
