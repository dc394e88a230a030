"""``klientel database-sql``: what an administrator runs once on a PostgreSQL server of one's own."""

from __future__ import annotations

import click

from klientel.site import roles
from klientel.site.programs import EXTENSIONS

HEAD = """\
-- Run as superuser, once for the server (roles, database) and once inside the database (the rest), e.g. with psql.
-- Put real passwords in. A restore makes its database beside the old one, hence createdb.
create role klientel_owner login nosuperuser nobypassrls createdb password 'PUT-ONE-HERE';
create role klientel_app login nosuperuser nobypassrls nocreatedb nocreaterole password 'PUT-ONE-HERE';
create role klientel_backup login nosuperuser bypassrls password 'PUT-ONE-HERE';
alter role klientel_backup set default_transaction_read_only = on;
create database klientel owner klientel_owner encoding 'UTF8' template template0;
\\connect klientel
"""


@click.command()
def command() -> None:
    """Print the SQL that prepares a PostgreSQL server of one's own."""
    click.echo(text())


def text() -> str:
    """Roles, database, extensions, rights and leakproof marks."""
    families = ", ".join(f"'{name}'" for name in roles.FAMILIES)
    functions = ", ".join(f"'{name}'" for name in roles.FUNCTIONS)
    query = roles.OPERATOR_FUNCTIONS.replace("%(families)s", f"array[{families}]")
    query = query.replace("%(functions)s", f"array[{functions}]")
    marks = (
        "do $$ declare wrong record; begin\n"
        f"for wrong in select name from ({query}) wanted where not proleakproof loop\n"
        "execute format('alter function %s leakproof', wrong.name); end loop; end $$"
    )
    lines = [f"create extension if not exists {name}" for name in EXTENSIONS]
    return HEAD + "".join(f"{line};\n" for line in [*lines, *roles.GRANTS, marks])
