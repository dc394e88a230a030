"""Whether a PostgreSQL server of one's own is as `klientel database-sql` makes it: asked before anything is written.

The embedded server is made ready by the program itself; here an administrator did it, so what is missing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from klientel.site import roles
from klientel.site.cli.failure import Failure
from klientel.site.programs import OLDEST
from klientel.site.setup import Database

HOW = "`klientel database-sql` prints what its superuser runs."

_APP = """
select current_user::text, current_database()::text, current_setting('server_version_num')::int / 10000,
  current_setting('server_version'), current_setting('server_encoding'),
  (select rolsuper or rolbypassrls from pg_roles where rolname = current_user),
  array(select name from unnest(array['klientel_owner', 'klientel_app', 'klientel_backup']) name
    where to_regrole(name) is null)
"""
_OWNER = """
select has_schema_privilege('public', 'create') and pg_has_role(current_user, 'klientel_owner', 'member')
  and (current_user = 'klientel_owner' or not pg_has_role('klientel_app', current_user, 'member'))
"""


def check_app(app: Database) -> None:
    """Raise :class:`Failure` with a sentence about the first thing that does not fit the role of the processes."""
    with psycopg.connect(**app.conninfo(), autocommit=True, connect_timeout=10) as connection:
        for wrong in _wrong_with_app(connection):
            raise Failure(wrong)


def check_owner(connection: psycopg.Connection[Any]) -> None:
    """Raise :class:`Failure` unless this is a role that may change the schema."""
    if not _first(connection, _OWNER):
        facts = connection.info
        raise Failure(
            f'"{facts.user}" may not make the tables of the database "{facts.dbname}": KLIENTEL_DATABASE_OWNER_URL must'
            f" sign in as klientel_owner, which may create in the schema public. {HOW}"
        )


def slow(app: Database) -> str:
    """One sentence where row-level security keeps the planner from the search indexes; empty is healthy."""
    with psycopg.connect(**app.conninfo(), autocommit=True, connect_timeout=10) as connection:
        lacking = roles.not_leakproof(connection)
    if not lacking:
        return ""
    return (
        f'WARNING: searches and lists will be slow: in the database "{app.name}" {_some(lacking)} not marked leakproof,'
        f" so row-level security leaves indexes unused. {HOW}"
    )


def _some(names: list[str]) -> str:
    return f"{names[0]} is" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more functions are"


def _wrong_with_app(connection: psycopg.Connection[Any]) -> Iterator[str]:
    [facts] = connection.execute(_APP).fetchall()
    user, name, version, told, encoding, free, roles = facts
    if version < OLDEST:
        yield f"This server is PostgreSQL {told}; Klientel needs {OLDEST} or newer."
    if encoding != "UTF8":
        yield f'The database "{name}" is encoded as {encoding}; it must be made with encoding UTF8. {HOW}'
    if free:
        yield (
            f'KLIENTEL_DATABASE_URL signs in as "{user}", which row-level security does not bind; it must be'
            f" klientel_app. {HOW}"
        )
    if roles:
        yield f"The server has no role {', '.join(roles)}. {HOW}"
    if not _first(connection, "select pg_has_role(current_user, 'klientel_app', 'member')"):
        yield f'KLIENTEL_DATABASE_URL signs in as "{user}"; it must be klientel_app. {HOW}'


def _first(connection: psycopg.Connection[Any], query: str) -> Any:
    found = connection.execute(query.encode()).fetchone()
    return found[0] if found else None
